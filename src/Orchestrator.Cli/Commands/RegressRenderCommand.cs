using System.CommandLine;
using System.Text.Json;
using Orchestrator.Regression.Reports;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress render RUN --format FORMAT [--output FILE]</c>.</summary>
internal static class RegressRenderCommand
{
    private static readonly Dictionary<string, ReportFormat> Formats = new() { ["html"] = ReportFormat.Html, ["junit"] = ReportFormat.Junit, ["markdown"] = ReportFormat.Markdown, ["json"] = ReportFormat.Json };

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var run = new Argument<string>("RUN") { Description = "A run's id, the beginning of one, latest, or the path of its run.json." };
        var format = new Option<string>("--format") { Description = "html, junit, markdown or json.", Required = true };
        format.AcceptOnlyFromAmong([.. Formats.Keys]);
        var output = new Option<string?>("--output") { Description = "Write to this file instead of standard output." };
        var command = new Command("render", "Writes the report of a run anew: a page, JUnit's XML, a summary, or the run itself.") { run, format, output };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(format)!;
            string file = RunFile.Find(globals.StateFolder(parsed), parsed.GetValue(run)!);
            ReportInput input = RunFile.LoadWithHistory(file, problem => console.Error.WriteLine(CliConsole.Printable($"warning: left out of the trend: {problem}")));
            string? target = parsed.GetValue(output);
            if (target is not null)
            {
                RunReports.Save(target, Formats[name], input);
                console.Note($"The report is in {target}.");
            }

            if (console.Json && (target is not null || name != "json"))
            {
                var document = new RenderDocument(input.Run.Id, input.Run.Plan, name, target, target is null ? RunReports.Write(Formats[name], input) : null);
                console.Out.WriteLine(JsonSerializer.Serialize(document, ReportJson.Readable.RenderDocument));
            }
            else if (target is null)
            {
                console.Out.Write(RunReports.Write(Formats[name], input));
            }

            return ExitCode.Done;
        });
        return command;
    }
}
