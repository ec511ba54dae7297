using System.Collections;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Configuration;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Store;
using Orchestrator.Support;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator support bundle</c>.</summary>
internal static class SupportCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var store = new RegressStoreOption(globals);
        var run = new Option<string?>("--run") { Description = "A run to put in, with all that lies in its folder: its id, the beginning of it, latest, or the path of its run.json." };
        var evidence = new Option<string[]>("--evidence") { Description = "A file to put in: evidence that migrate --evidence saved, or a log. May be given several times." };
        var output = new Option<string?>("--output") { Description = "The file to write. Default: orchestrator-support-TIME.tar.gz in the working folder." };
        var bundle = new Command("bundle", "Puts what is needed to find a fault into one file: versions, the configuration, open operations, a run. Secrets are masked.") { run, evidence, output, store.Option };
        bundle.SetAction(async (parsed, cancellationToken) =>
        {
            string state = globals.StateFolder(parsed);
            var sources = new SupportSources
            {
                Configuration = ConfigurationSources.Of(Environment.GetEnvironmentVariable),
                StateFolder = state,
                RunFile = parsed.GetValue(run) is { } name ? RunFile.At(name) ?? await FileAsync(store, parsed, name, cancellationToken).ConfigureAwait(false) : null,
                Files = parsed.GetValue(evidence) ?? [],
                Variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? ""),
            };
            string target = parsed.GetValue(output) ?? $"orchestrator-support-{TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}.tar.gz";
            SupportContents contents = await SupportBundle.WriteAsync(target, sources, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(contents, ReportJson.Readable.SupportContents));
            }
            else
            {
                Write(console, contents);
            }

            return ExitCode.Done;
        });
        return new("support", "Help for whoever helps you.") { bundle };
    }

    private static async Task<string> FileAsync(RegressStoreOption option, ParseResult parsed, string run, CancellationToken cancellationToken)
    {
        await using RegressionStore store = await option.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
        RunEntry entry = await store.FindAsync(run, cancellationToken: cancellationToken).ConfigureAwait(false);
        string folder = RunFolder.Of(option.Folder(parsed), entry.Plan, entry.Id);
        return RunFile.At(folder) ?? throw new CliException(ExitCode.Failed, new(
            "not_found", $"The folder of the run {entry.Id} is not here: there is no {folder}.", Operation: "bundle", Remedy: $"Make the bundle on the machine that measured it: {entry.Owner}."));
    }

    private static void Write(CliConsole console, SupportContents contents)
    {
        foreach (SupportEntry entry in contents.Entries)
        {
            console.Out.WriteLine(CliConsole.Printable(string.Create(CultureInfo.InvariantCulture, $"{entry.Bytes,10} {entry.Name}")));
        }

        foreach (string reason in contents.LeftOut)
        {
            console.Out.WriteLine(CliConsole.Printable($"left out: {reason}"));
        }

        console.Out.WriteLine(CliConsole.Printable($"{contents.File} is written. What sounds like a secret is masked (***); look through it all the same before you give it away."));
    }
}
