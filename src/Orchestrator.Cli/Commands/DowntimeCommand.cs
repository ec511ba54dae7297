using System.CommandLine;
using System.Text.Json;
using Orchestrator.Downtime;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator downtime analyze --evidence FILE | --source-log FILE --destination-log FILE</c>.</summary>
internal static class DowntimeCommand
{
    internal static Command Create(CliConsole console)
    {
        var evidence = new Option<string?>("--evidence") { Description = "A file that migrate --evidence saved." };
        var source = new Option<string[]>("--source-log")
        {
            Description = "The domain's QEMU log from the host it left; given again for each rotated part that does not lie beside it as NAME.log.0, .1 …",
        };
        var destination = new Option<string[]>("--destination-log") { Description = "The domain's QEMU log from the host it went to; given again for each rotated part." };
        var domain = new Option<string?>("--domain") { Description = "The domain's name; the log's file name by default." };
        var migration = new Option<int?>("--migration") { Description = "Which of several migrations in the source's log, from 1; the last one by default." };
        var analyze = new Command("analyze", "Measures a migration that is over: from saved evidence by every method, or from two QEMU logs alone.") { evidence, source, destination, domain, migration };
        analyze.Validators.Add(result =>
        {
            bool fromLogs = result.GetResult(source) is not null || result.GetResult(destination) is not null;
            bool bothLogs = result.GetResult(source) is not null && result.GetResult(destination) is not null;
            bool fromEvidence = result.GetResult(evidence) is not null;
            if (fromEvidence == fromLogs || fromLogs != bothLogs)
            {
                result.AddError("Give either --evidence FILE, or both --source-log FILE and --destination-log FILE.");
            }
            else if (fromEvidence && (result.GetResult(domain) is not null || result.GetResult(migration) is not null))
            {
                result.AddError("--domain and --migration belong to logs; evidence is of one migration.");
            }
        });
        analyze.SetAction(parsed =>
        {
            DowntimeReport report = parsed.GetValue(evidence) is { } file
                ? DowntimeMeasurement.Measure(EvidenceFile.Load(file))
                : OfLogs(parsed.GetValue(source)!, parsed.GetValue(destination)!, parsed.GetValue(domain), parsed.GetValue(migration));
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(report, DowntimeJson.Default.DowntimeReport));
            }
            else
            {
                DowntimeText.Write(console, report);
            }

            return report.ValueMs is null ? ExitCode.Inconclusive : ExitCode.Done;
        });
        return new("downtime", "The downtime of migrations that are over.") { analyze };
    }

    private static DowntimeReport OfLogs(string[] source, string[] destination, string? domain, int? migration)
    {
        (LogEvidence there, LogEvidence here) = (QemuLog.ReadWhole(source), QemuLog.ReadWhole(destination));
        if ((there.Problem ?? here.Problem) is { } problem)
        {
            throw new IOException(problem);
        }

        try
        {
            return LogMeasurement.Measure(domain ?? Path.GetFileNameWithoutExtension(source[0]), there, here, migration);
        }
        catch (ArgumentOutOfRangeException e) when (e.ParamName == "migration")
        {
            throw new CliException(ExitCode.Usage, new("usage", $"--migration {migration}: {e.Message.Split(" (Parameter", 2)[0]}.", Operation: "downtime", Remedy: "Without --migration all of them are listed."));
        }
    }
}
