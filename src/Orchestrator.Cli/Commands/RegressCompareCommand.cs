using System.CommandLine;
using Orchestrator.Regression.Judging;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress compare RUN [OTHER | --baseline NAME]</c>: judges a stored run again. Nothing is measured, nothing is changed.</summary>
internal static class RegressCompareCommand
{
    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        Argument<string> name = RegressShowCommand.Run();
        var other = new Argument<string?>("OTHER") { Description = "The run that it is compared with, in the same words.", Arity = ArgumentArity.ZeroOrOne };
        var baseline = new Option<string?>("--baseline") { Description = "The baseline that it is compared with. Without OTHER and without this: the one that it was compared with when it was made." };
        var command = new Command("compare", "Judges a run again, by its own limits and rules, against another run or a baseline. The exit code is the verdict's.") { name, other, baseline };
        command.Validators.Add(result =>
        {
            if (result.GetValue(other) is not null && result.GetValue(baseline) is not null)
            {
                result.AddError("Name another run or --baseline, not both.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            RegressionRun run = await RegressStoreOption.ReadAsync(store, parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false);
            if (run.Ended is null)
            {
                throw new StoreException(StoreProblem.WrongState, $"The run {run.Id} has not ended: there is nothing to judge yet.", "Wait for its end, or close it: orchestrator recover.");
            }

            (string label, string id) = parsed.GetValue(other) is { } second
                ? await RunAsync(store, second, cancellationToken).ConfigureAwait(false)
                : await BaselineAsync(store, run, parsed.GetValue(baseline) ?? run.Baseline?.Name, cancellationToken).ConfigureAwait(false);
            RegressionRun with = await RegressStoreOption.ReadAsync(store, id, cancellationToken).ConfigureAwait(false);
            RegressionRun judged = RunJudge.Judge(run with { Baseline = new(label, id, []) }, with);
            RegressText.Write(console, judged);
            if (judged.Scenarios.Any(scenario => scenario.Measures.Any(measure => measure.Change is not null)))
            {
                return judged.ExitCode;
            }

            console.Error.WriteLine(CliConsole.Printable($"orchestrator: nothing was compared: {run.Id} and {id} have no scenario with values in common"));
            return OutcomeCode.Worst([judged.ExitCode, ExitCode.Inconclusive]);
        });
        return command;
    }

    private static async Task<(string Label, string Id)> RunAsync(RegressionStore store, string name, CancellationToken cancellationToken)
    {
        RunEntry entry = await store.FindAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        return (entry.Id, entry.Id);
    }

    private static async Task<(string Label, string Id)> BaselineAsync(RegressionStore store, RegressionRun run, string? name, CancellationToken cancellationToken)
    {
        if (name is null)
        {
            throw new CliException(ExitCode.Usage, new("usage", $"The run {run.Id} was compared with nothing: name another run, or --baseline.", Operation: "compare"));
        }

        Baseline? found = await store.FindBaselineAsync(run.Plan, name, cancellationToken).ConfigureAwait(false);
        return found is not null ? (name, found.RunId) : throw new StoreException(
            StoreProblem.NotFound, $"{store.Place} has no baseline '{name}' of the plan '{run.Plan}'.", "See what is there: orchestrator regress baselines.");
    }
}
