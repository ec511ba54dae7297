using System.Text.Encodings.Web;
using System.Text.Json;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>Writes a run down for its readers: see <c>docs/regression-reports.md</c>. Pure: the same run is the same text.</summary>
public static class RunReports
{
    /// <summary>The JSON of runs without escapes that only HTML needs: names and arrows stay readable.</summary>
    internal static RunJson Readable => field ??= new(new JsonSerializerOptions(RunJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>A report in any of the formats; ends with a line break.</summary>
    /// <param name="format">The format.</param>
    /// <param name="input">The run, and what it is seen against.</param>
    public static string Write(ReportFormat format, ReportInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return format switch
        {
            ReportFormat.Html => new HtmlReport(input).Write(),
            ReportFormat.Junit => JunitReport.Write(input.Run),
            ReportFormat.Markdown => MarkdownReport.Write(input.Run),
            ReportFormat.Json => JsonSerializer.Serialize(input.Run, Readable.RegressionRun) + "\n",
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such format"),
        };
    }

    /// <summary>Writes a report to a file, whole or not at all.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="format">The format.</param>
    /// <param name="input">The run, and what it is seen against.</param>
    /// <exception cref="IOException">The file could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to write it.</exception>
    public static void Save(string path, ReportFormat format, ReportInput input)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SaveText(path, Write(format, input));
    }

    /// <summary>Writes a text to a file, whole or not at all.</summary>
    internal static void SaveText(string path, string text)
    {
        string target = Path.GetFullPath(path);

        // A terminal or a pipe has no other file that could take its place.
        if (target.StartsWith("/dev/", StringComparison.Ordinal) || target.StartsWith("/proc/", StringComparison.Ordinal))
        {
            File.WriteAllText(target, text);
            return;
        }

        string temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllText(temporary, text);
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
