using System.Text.Json;
using Orchestrator.Regression.Reports.Charts;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>Runs on the disk: each is <c>run.json</c> in a folder of its own, and lies beside the plan's other runs.</summary>
public static class RunFile
{
    /// <summary>The run's file in its folder.</summary>
    public const string Name = "run.json";

    /// <summary>The folder of all plans' runs in the state folder.</summary>
    public const string Folder = "regress";

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
        if (Path.GetFileName(full) != Name || Path.GetDirectoryName(Path.GetDirectoryName(full)) is not { } plan)
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
            string file = Path.Combine(plan, id, Name);
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

    /// <summary>The file of a run: a path to it or to its folder, else a run's id, the beginning of one, or <c>latest</c>.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="run">What the user calls the run.</param>
    /// <exception cref="FileNotFoundException">There is none, or several; the message says which.</exception>
    public static string Find(string stateFolder, string run)
    {
        ArgumentException.ThrowIfNullOrEmpty(stateFolder);
        ArgumentException.ThrowIfNullOrEmpty(run);
        if (File.Exists(run))
        {
            return run;
        }

        if (File.Exists(Path.Combine(run, Name)))
        {
            return Path.Combine(run, Name);
        }

        string folder = Path.Combine(stateFolder, Folder);
        if (run.Contains('/', StringComparison.Ordinal))
        {
            throw new FileNotFoundException($"{run} is neither a run's file nor its folder");
        }

        List<string> all = !Directory.Exists(folder) ? [] :
            [.. Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateDirectories).Where(id => File.Exists(Path.Combine(id, Name))).OrderBy(Path.GetFileName, StringComparer.Ordinal)];
        List<string> found = run == "latest" ? [.. all.TakeLast(1)] : [.. all.Where(id => Path.GetFileName(id) == run)];
        found = found.Count > 0 || run == "latest" ? found : [.. all.Where(id => Path.GetFileName(id).StartsWith(run, StringComparison.Ordinal))];
        return found.Count switch
        {
            1 => Path.Combine(found[0], Name),
            0 => throw new FileNotFoundException(all.Count == 0 ? $"there is no run {run}: no run lies in {folder}" : $"there is no run {run} in {folder}; the last is {Path.GetFileName(all[^1])}"),
            _ => throw new FileNotFoundException($"{run} may be any of {string.Join(", ", found.Select(Path.GetFileName))}"),
        };
    }
}
