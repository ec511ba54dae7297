using System.CommandLine;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress …</c>.</summary>
internal static class RegressCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var store = new RegressStoreOption(globals);
        return new("regress", "Runs plans every night, and tells when a downtime grew.")
        {
            store.Option,
            RegressRunCommand.Create(globals, store, console),
            RegressCheckCommand.Create(console),
            RegressListCommand.Create(store, console),
            RegressShowCommand.Create(store, console),
            RegressCompareCommand.Create(store, console),
            RegressAcceptCommand.Create(store, console),
            RegressBaselinesCommand.Create(store, console),
            RegressRenderCommand.Create(store, console),
            RegressGcCommand.Create(store, console),
        };
    }
}
