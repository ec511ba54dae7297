using System.CommandLine;
using System.Text.Json;
using Orchestrator.Downtime;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator downtime analyze --evidence FILE</c>.</summary>
internal static class DowntimeCommand
{
    internal static Command Create(CliConsole console)
    {
        var evidence = new Option<string>("--evidence") { Description = "A file that migrate --evidence saved.", Required = true };
        var analyze = new Command("analyze", "Judges saved evidence again: downtime by every method, timeline, phases.") { evidence };
        analyze.SetAction(parsed =>
        {
            DowntimeReport report = DowntimeMeasurement.Measure(EvidenceFile.Load(parsed.GetValue(evidence)!));
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
}
