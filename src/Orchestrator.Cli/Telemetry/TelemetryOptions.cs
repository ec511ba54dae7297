using System.CommandLine;
using System.Runtime.CompilerServices;

namespace Orchestrator.Cli;

/// <summary>Where a command sends its spans and measures, if anywhere: without these options nothing of it is loaded.</summary>
internal sealed class TelemetryOptions
{
    private readonly Option<string?> _otlp = new("--otlp")
    {
        Description = "Send spans and metrics to the OTLP collector at this URL, such as http://127.0.0.1:4318. Default: OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere.",
    };

    private readonly Option<string?> _metricsFile = new("--metrics-file")
    {
        Description = "Add what was measured to this file, in Prometheus' text format: FILE.prom in the folder of node_exporter's textfile collector.",
    };

    internal void AddTo(Command command)
    {
        _otlp.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var url }] && !(Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "http" or "https"))
            {
                result.AddError("--otlp wants a URL, such as http://127.0.0.1:4318.");
            }
        });
        command.Options.Add(_otlp);
        command.Options.Add(_metricsFile);
    }

    /// <summary>Runs a command, and afterwards hands over what was observed. A collector that takes nothing changes no exit code; a file that cannot be written does, as it was asked for.</summary>
    /// <exception cref="CliException">The file's folder does not exist: nothing was done.</exception>
    internal async Task<int> ObserveAsync(ParseResult parsed, CliConsole console, Func<Task<int>> command)
    {
        string? url = parsed.GetValue(_otlp);
        string? path = parsed.GetValue(_metricsFile);
        if (path is not null && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
        {
            throw new CliException(ExitCode.Usage, new("usage", $"--metrics-file {path}: there is no such folder.", Remedy: "Create the folder, or name another."));
        }

        using MetricsCollector? collector = path is null ? null : MetricsCollector.Start();
        OtlpExport? export = url is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EndpointVariable)) ? null : StartExport(url, console);
        int code;
        try
        {
            code = await command().ConfigureAwait(false);
        }
        catch
        {
            await HandOverAsync(collector, path, export, console).ConfigureAwait(false);
            throw;
        }

        bool saved = await HandOverAsync(collector, path, export, console).ConfigureAwait(false);
        return saved || code != ExitCode.Done ? code : ExitCode.Degraded;
    }

    internal const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static async Task<bool> HandOverAsync(MetricsCollector? collector, string? path, OtlpExport? export, CliConsole console)
    {
        if (export is not null)
        {
            await export.EndAsync().ConfigureAwait(false);
        }

        if (collector is null)
        {
            return true;
        }

        try
        {
            await MetricsFile.AddAsync(path!, collector.Families, TimeProvider.System).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            console.Error.WriteLine(CliConsole.Printable($"orchestrator: the metrics could not be added to {path}: {e.Message}"));
            return false;
        }
    }

    // Not inlined: what it names is loaded only when it is called.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static OtlpExport StartExport(string? url, CliConsole console) => OtlpExport.Start(url, console.Note);
}
