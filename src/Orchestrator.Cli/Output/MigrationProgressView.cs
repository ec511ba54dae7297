using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Migration;
using Spectre.Console;

namespace Orchestrator.Cli;

/// <summary>Shows how far a migration is: a bar on a terminal, a line a second elsewhere, NDJSON for programs.</summary>
internal static class MigrationProgressView
{
    internal static Task<T> ShowAsync<T>(CliConsole console, string title, Func<IProgress<MigrationProgress>, Task<T>> work)
    {
        if (console.Json)
        {
            return work(new Reporter(progress => console.Error.WriteLine(JsonSerializer.Serialize(ProgressLine.From(progress), ProgressJson.Default.ProgressLine))));
        }

        if (!console.ShowsBars)
        {
            return work(console.Quiet ? new Reporter(_ => { }) : Lines(console, title));
        }

        return console.Bars().Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new SpinnerColumn())
            .StartAsync(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: 1.0);
                return work(new Reporter(progress =>
                {
                    task.Description = Markup.Escape($"{title}: {Describe(progress)}");
                    task.Value = progress.Stage == "verifying" ? 1.0 : progress.Fraction;
                }));
            });
    }

    /// <summary>Remaining memory, dirty rate, iteration and expected downtime in a line.</summary>
    internal static string Describe(MigrationProgress progress)
    {
        if (progress.Job is not { } job)
        {
            return progress.Stage;
        }

        string expected = job.ExpectedDowntimeMs is { } ms ? string.Create(CultureInfo.InvariantCulture, $", expected downtime {ms:0} ms") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{progress.Stage}, iteration {job.Iteration}, {MiB(job.MemoryRemaining):0.0} of {MiB(job.MemoryTotal):0} MiB left, {MiB(job.MemoryBytesPerSecond):0.0} MiB/s, dirty {MiB(progress.DirtyBytesPerSecond):0.0} MiB/s{expected}");
    }

    private static double MiB(long bytes) => bytes / 1048576.0;

    private static Reporter Lines(CliConsole console, string title)
    {
        string stage = "";
        long lastSecond = -1;
        return new(progress =>
        {
            if (progress.Note is { } note)
            {
                console.Note($"{title}: {note}");
            }

            long second = (long)((progress.Job?.ElapsedMs ?? 0) / 1000);
            if (progress.Stage != stage || second != lastSecond)
            {
                stage = progress.Stage;
                lastSecond = second;
                console.Note($"{title}: {Describe(progress)}");
            }
        });
    }

    // Not Progress<T>: its reports would arrive on other threads, in any order.
    private sealed class Reporter(Action<MigrationProgress> show) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value) => show(value);
    }
}

/// <summary>A line of progress for programs.</summary>
internal sealed record ProgressLine(
    string Stage, double Fraction, double? ElapsedMs, long? MemoryTotalBytes, long? MemoryRemainingBytes, long? BytesPerSecond, long? DirtyBytesPerSecond,
    long? Iteration, double? ExpectedDowntimeMs, string? Note)
{
    internal static ProgressLine From(MigrationProgress progress) => new(
        progress.Stage,
        progress.Fraction,
        progress.Job?.ElapsedMs,
        progress.Job?.MemoryTotal,
        progress.Job?.MemoryRemaining,
        progress.Job?.MemoryBytesPerSecond,
        progress.Job is null ? null : progress.DirtyBytesPerSecond,
        progress.Job?.Iteration,
        progress.Job?.ExpectedDowntimeMs,
        progress.Note);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProgressLine))]
internal sealed partial class ProgressJson : JsonSerializerContext;
