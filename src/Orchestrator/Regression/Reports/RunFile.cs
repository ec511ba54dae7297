using System.Text.Json;
using Orchestrator.Regression.Reports.Charts;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Regression.Reports;

/// <summary>Runs on the disk: each is <c>run.json</c> in a folder of its own, and lies beside the plan's other runs.</summary>
public static class RunFile
{
    /// <summary>Reads a run.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no run of a format that this version reads; the message says why.</exception>
    /// <exception cref="IOException">It could not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to read it.</exception>
    public static RegressionRun Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            RegressionRun run = JsonSerializer.Deserialize(File.ReadAllBytes(path), RunJson.Default.RegressionRun) ?? throw new InvalidDataException($"{path} holds no run");
            return run.FormatVersion == 1 ? run : throw new InvalidDataException($"{path} has format_version {ReportText.Count(run.FormatVersion)}; this version reads 1");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is no run of a plan: {e.Message}", e);
        }
    }

    /// <summary>Reads a run with what its report is seen against: the plan's runs before it and its baseline, as far as they lie beside it.</summary>
    /// <param name="path">The run's file.</param>
    /// <param name="unread">Told of each run beside it that could not be read, and why.</param>
    /// <exception cref="InvalidDataException">It is no run of a format that this version reads.</exception>
    /// <exception cref="IOException">It could not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to read it.</exception>
    public static ReportInput LoadWithHistory(string path, Action<string>? unread = null)
    {
        RegressionRun run = Load(path);
        string full = Path.GetFullPath(path);
        if (Path.GetFileName(full) != RunFolder.FileName || Path.GetDirectoryName(Path.GetDirectoryName(full)) is not { } plan)
        {
            return new(run);
        }

        // Names sort by time. The baseline may be older than what the trend shows.
        List<string> before = [.. Directory.EnumerateDirectories(plan).Select(folder => Path.GetFileName(folder)).Where(id => string.CompareOrdinal(id, run.Id) < 0).Order(StringComparer.Ordinal)];
        List<RegressionRun> history = [.. before.TakeLast(TrendChart.Runs - 1).Select(Read).OfType<RegressionRun>()];
        string? baseline = run.Baseline is { IsNew: false } reference && before.Contains(reference.RunId) ? reference.RunId : null;
        return new(run) { History = history, Baseline = baseline is null ? null : history.Find(other => other.Id == baseline) ?? Read(baseline) };

        RegressionRun? Read(string id)
        {
            string file = Path.Combine(plan, id, RunFolder.FileName);
            try
            {
                return File.Exists(file) ? Load(file) : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                unread?.Invoke(e.Message);
                return null;
            }
        }
    }

    /// <summary>The run's file that a path means: the file itself, or the one in the folder; <see langword="null"/> when there is neither.</summary>
    /// <param name="path">The path.</param>
    public static string? At(string path) => File.Exists(path) ? path : Path.Combine(path, RunFolder.FileName) is var file && File.Exists(file) ? file : null;
}
