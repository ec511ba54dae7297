using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress gc --keep N | --older-than 90d</c>.</summary>
internal static class RegressGcCommand
{
    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        var keep = new Option<int?>("--keep")
        {
            Description = "Keep so many runs of each plan, the latest; remove those before.",
            CustomParser = Numbers.OptionalWithin(0, int.MaxValue, "--keep wants a whole number."),
        };
        var age = new Option<int?>("--older-than") { Description = "Remove runs that began longer ago, in days: 90d. With --keep: only those that both would remove.", CustomParser = Days };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be removed; change nothing." };
        var command = new Command("gc", "Removes runs with their folders. Never one that is or was a baseline, nor one that has not ended.") { keep, age, dryRun };
        command.Validators.Add(result =>
        {
            if (result.GetResult(keep) is null && result.GetResult(age) is null)
            {
                result.AddError("Name what is kept: --keep N, or --older-than DAYS.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            TimeSpan? olderThan = parsed.GetValue(age) is { } days ? TimeSpan.FromDays(days) : null;
            bool dry = parsed.GetValue(dryRun);
            var removed = new List<RunEntry>();
            var kept = new List<string>();
            foreach (RunEntry run in await store.ListRemovableAsync(parsed.GetValue(keep), olderThan, cancellationToken).ConfigureAwait(false))
            {
                // The row first: a folder that stays costs space, a row without its folder would promise what is gone.
                if (!dry && !await store.RemoveAsync(run.Id, cancellationToken).ConfigureAwait(false))
                {
                    continue; // a baseline by now, or gone
                }

                removed.Add(run);
                if (!dry && RemoveFolder(option.Folder(parsed), run) is { } problem)
                {
                    kept.Add(problem);
                }
            }

            Show(console, removed, kept, dry);
            return kept.Count > 0 ? ExitCode.Degraded : ExitCode.Done;
        });
        return command;
    }

    private static string? RemoveFolder(string stateFolder, RunEntry run)
    {
        try
        {
            RunFolder.Remove(stateFolder, run.Plan, run.Id);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{RunFolder.Of(stateFolder, run.Plan, run.Id)} could not be removed: {e.Message}";
        }
    }

    private static void Show(CliConsole console, List<RunEntry> removed, List<string> kept, bool dryRun)
    {
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(
                new(dryRun, [.. removed.Select(run => new RemovedRun(run.Id, run.Plan, run.Started))], kept), RegressJson.Readable.RegressGcDocument));
            return;
        }

        foreach (RunEntry run in removed)
        {
            console.Out.WriteLine(CliConsole.Printable($"{(dryRun ? "would remove" : "removed")} {run.Id} of {run.Plan}"));
        }

        foreach (string problem in kept)
        {
            console.Error.WriteLine(CliConsole.Printable(problem));
        }

        console.Out.WriteLine(dryRun ? "Nothing was changed." : string.Create(CultureInfo.InvariantCulture, $"{removed.Count} removed."));
    }

    private static int? Days(ArgumentResult result)
    {
        if (result.Tokens is [{ Value: { Length: > 1 } text }] && text[^1] == 'd' && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int days) && days is > 0 and <= 36500)
        {
            return days;
        }

        result.AddError("--older-than wants a number of days, at least 1: 90d.");
        return null;
    }
}
