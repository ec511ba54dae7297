using System.CommandLine;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress show RUN</c>.</summary>
internal static class RegressShowCommand
{
    internal static Argument<string> Run() => new("RUN") { Description = "The run: its id, the beginning of it, or latest." };

    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        Argument<string> name = Run();
        var command = new Command("show", "A run: its values and statistics, limits, the change against its baseline, and the reasons of its verdict.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            RegressionRun run = await RegressStoreOption.ReadAsync(store, parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false);
            RegressText.Write(console, run);
            return ExitCode.Done;
        });
        return command;
    }
}
