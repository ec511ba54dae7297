using System.CommandLine;
using System.Text.Json;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress list [PLAN]</c>.</summary>
internal static class RegressListCommand
{
    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        var plan = new Argument<string?>("PLAN") { Description = "Only runs of this plan.", Arity = ArgumentArity.ZeroOrOne };
        var limit = new Option<int>("--limit")
        {
            Description = "At most so many, the latest; 30 by default.",
            DefaultValueFactory = _ => 30,
            CustomParser = Numbers.Within(1, int.MaxValue, "--limit wants a whole number, at least 1."),
        };
        var command = new Command("list", "The runs that are kept, the latest first.") { plan, limit };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<RunEntry> runs = await store.ListAsync(parsed.GetValue(plan), parsed.GetValue(limit), cancellationToken).ConfigureAwait(false);
            IReadOnlyList<Baseline> baselines = await store.ListBaselinesAsync(parsed.GetValue(plan), cancellationToken).ConfigureAwait(false);
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(new(store.Place, [.. runs.Select(run => RunItem.From(run, baselines))]), RegressJson.Readable.RegressListDocument));
            }
            else
            {
                TextTable.Write(console, ["run", "plan", "began", "verdict", "exit", "baseline", "labels"], runs.Select(run => RegressText.Row(RunItem.From(run, baselines))));
                if (runs.FirstOrDefault(run => run.State == RunState.Abandoned) is { } abandoned)
                {
                    console.Note($"The process of {abandoned.Id} is gone: orchestrator recover puts its hosts in order and closes it.");
                }
            }

            return ExitCode.Done;
        });
        return command;
    }
}
