using System.CommandLine;
using System.Text.Json;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Store;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress render RUN --format FORMAT [--output FILE]</c>.</summary>
internal static class RegressRenderCommand
{
    private static readonly Dictionary<string, ReportFormat> Formats = new() { ["html"] = ReportFormat.Html, ["junit"] = ReportFormat.Junit, ["markdown"] = ReportFormat.Markdown, ["json"] = ReportFormat.Json };

    internal static Command Create(RegressStoreOption option, CliConsole console)
    {
        var run = new Argument<string>("RUN") { Description = "The run: its id, the beginning of it, latest, or the path of its run.json." };
        var format = new Option<string>("--format") { Description = "html, junit, markdown or json.", Required = true };
        format.AcceptOnlyFromAmong([.. Formats.Keys]);
        var output = new Option<string?>("--output") { Description = "Write to this file instead of standard output." };
        var command = new Command("render", "Writes the report of a run anew: a page, JUnit's XML, a summary, or the run itself.") { run, format, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string name = parsed.GetValue(format)!;
            ReportInput input = await ReadAsync(option, parsed, parsed.GetValue(run)!, console, cancellationToken).ConfigureAwait(false);
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

    private static async Task<ReportInput> ReadAsync(RegressStoreOption option, ParseResult parsed, string run, CliConsole console, CancellationToken cancellationToken)
    {
        if (RunFile.At(run) is { } file)
        {
            return RunFile.LoadWithHistory(file, problem => console.Error.WriteLine(CliConsole.Printable($"warning: left out of the trend: {problem}")));
        }

        await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
        return await ReportInput.OfAsync(store, await RegressStoreOption.ReadAsync(store, run, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }
}
