using System.CommandLine;
using System.Text.Json;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress baselines [PLAN]</c>.</summary>
internal static class RegressBaselinesCommand
{
    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        var plan = new Argument<string?>("PLAN") { Description = "Only baselines of this plan.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("baselines", "The baselines and what they were before, with reasons, the latest first.") { plan };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            var held = new HashSet<(string, string)>();
            BaselineItem[] items =
            [
                .. (await store.ListBaselinesAsync(parsed.GetValue(plan), cancellationToken).ConfigureAwait(false))
                    .Select(baseline => BaselineItem.From(baseline, holds: held.Add((baseline.Plan, baseline.Name)))),
            ];
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(new(store.Place, items), RegressJson.Readable.RegressBaselinesDocument));
            }
            else
            {
                TextTable.Write(
                    console, ["plan", "baseline", "holds", "run", "accepted", "by", "reason"],
                    items.Select(item => new[] { item.Plan, item.Name, item.Holds ? "yes" : "", item.Run, RegressText.Time(item.Accepted), item.By, item.Reason }));
            }

            return ExitCode.Done;
        });
        return command;
    }
}
