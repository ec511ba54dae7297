using System.CommandLine;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress …</c>.</summary>
internal static class RegressCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console) => new("regress", "Runs plans every night, and tells when a downtime grew.")
    {
        RegressRenderCommand.Create(globals, console),
    };
}
