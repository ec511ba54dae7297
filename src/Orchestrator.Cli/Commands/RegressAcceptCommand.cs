using System.CommandLine;
using System.Text.Json;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress accept RUN --baseline NAME --reason TEXT</c>.</summary>
internal static class RegressAcceptCommand
{
    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        Argument<string> name = RegressShowCommand.Run();
        var baseline = new Option<string>("--baseline") { Description = "The baseline's name.", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why later runs are held against this one. Kept with it.", Required = true };
        var command = new Command("accept", "Makes a run the baseline of its plan.") { name, baseline, reason };
        command.Validators.Add(result =>
        {
            foreach (Option<string> option in new[] { baseline, reason }.Where(option => result.GetResult(option) is not null && string.IsNullOrWhiteSpace(result.GetValue(option))))
            {
                result.AddError($"{option.Name} is empty.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            RunEntry run = await store.FindAsync(parsed.GetValue(name)!, cancellationToken: cancellationToken).ConfigureAwait(false);
            Baseline? before = await store.FindBaselineAsync(run.Plan, parsed.GetValue(baseline)!, cancellationToken).ConfigureAwait(false);
            Baseline accepted = await store.AcceptAsync(run.Id, parsed.GetValue(baseline)!, parsed.GetValue(reason)!, cancellationToken).ConfigureAwait(false);
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(new(BaselineItem.From(accepted, holds: true), before?.RunId), RegressJson.Readable.RegressAcceptDocument));
            }
            else
            {
                console.Out.WriteLine(CliConsole.Printable($"{accepted.Plan}: the baseline {accepted.Name} is {accepted.RunId} now{(before is null ? "" : $", was {before.RunId}")}."));
            }

            return ExitCode.Done;
        });
        return command;
    }
}
