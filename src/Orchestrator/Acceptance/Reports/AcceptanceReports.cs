using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Acceptance.Reports;

/// <summary>What a report of an acceptance is written as.</summary>
public enum AcceptanceFormat
{
    /// <summary>JUnit's XML, as CI servers read it.</summary>
    Junit,

    /// <summary>The run itself.</summary>
    Json,

    /// <summary>One page that needs nothing else.</summary>
    Html,

    /// <summary>openEuler's test report, Markdown in Chinese; what a person has to add is marked.</summary>
    OpenEulerChinese,
}

/// <summary>Writes an acceptance down for its readers. Pure: the same run is the same text.</summary>
public static class AcceptanceReports
{
    private static readonly Dictionary<string, AcceptanceFormat> Formats = new()
    {
        ["junit"] = AcceptanceFormat.Junit,
        ["json"] = AcceptanceFormat.Json,
        ["html"] = AcceptanceFormat.Html,
        ["openeuler-zh"] = AcceptanceFormat.OpenEulerChinese,
    };

    /// <summary>The words of the formats.</summary>
    public static IReadOnlyCollection<string> Words => Formats.Keys;

    /// <summary>A format by its word; <see langword="null"/> for none.</summary>
    /// <param name="word">The word.</param>
    public static AcceptanceFormat? Parse(string word) => Formats.TryGetValue(word, out AcceptanceFormat format) ? format : null;

    /// <summary>A report; ends with a line break.</summary>
    /// <param name="format">The format.</param>
    /// <param name="run">The run.</param>
    public static string Write(AcceptanceFormat format, AcceptanceRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return format switch
        {
            AcceptanceFormat.Junit => AcceptanceJunit.Write(run),
            AcceptanceFormat.Json => run.ToJson(),
            AcceptanceFormat.Html => AcceptanceHtml.Write(run),
            AcceptanceFormat.OpenEulerChinese => OpenEulerReport.Write(run),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such format"),
        };
    }

    /// <summary>Writes a report to a file, whole or not at all.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="format">The format.</param>
    /// <param name="run">The run.</param>
    /// <exception cref="IOException">The file could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to write it.</exception>
    public static void Save(string path, AcceptanceFormat format, AcceptanceRun run)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RunReports.SaveText(path, Write(format, run));
    }
}

/// <summary>Words that the reports share.</summary>
internal static class AcceptanceText
{
    internal static string Word(CaseVerdict verdict) => verdict switch { CaseVerdict.Pass => "pass", CaseVerdict.Fail => "fail", CaseVerdict.Inconclusive => "inconclusive", _ => "not applicable" };

    internal static string Word(CaseResult result) => result.NotRun ? "not run" : Word(result.Verdict);

    /// <summary>The nightly page's signs: ●▲■ mean something else in openEuler's reports, and mean that in the Chinese one alone.</summary>
    internal static string Sign(CaseVerdict verdict) => verdict switch
    {
        CaseVerdict.Pass => ReportText.Sign(Verdict.Passed),
        CaseVerdict.Fail => ReportText.Sign(Verdict.Regression),
        CaseVerdict.Inconclusive => ReportText.Sign(Verdict.Inconclusive),
        _ => "–",
    };

    internal static string Word(CheckResult result) => result switch { CheckResult.Pass => "holds", CheckResult.Fail => "does not hold", _ => "cannot be told" };

    internal static string Downtime(CaseDowntime run) => run.ValueMs is { } value ? ReportText.WithDoubt(value, run.UncertaintyMs) : run.Problem ?? "not measured";
}
