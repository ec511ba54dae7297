using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orchestrator.Hosts;
using Orchestrator.Observability;

namespace Orchestrator.Cli;

/// <summary>Sends spans and metrics to an OTLP collector. A collector that is not there costs a second and a half at the end, and a note.</summary>
internal sealed class OtlpExport
{
    internal const string PatienceVariable = "OTEL_EXPORTER_OTLP_TIMEOUT";

    private const int DefaultPatienceMs = 1500;
    private const int MetricsIntervalMs = 15_000;

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;
    private readonly Action<string> _note;
    private readonly int _patience;
    private readonly string _where;
    private volatile bool _failed;

    private OtlpExport(string? url, Action<string> note, int patience)
    {
        _note = note;
        _patience = patience;
        OtlpExporterOptions traces = OptionsFor(url, "v1/traces", patience);
        OtlpExporterOptions metrics = OptionsFor(url, "v1/metrics", patience);
        _where = HostAddress.Redact(url ?? Environment.GetEnvironmentVariable(TelemetryOptions.EndpointVariable) ?? traces.Endpoint.ToString());
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(Resource())
            .AddSource(OrchestratorTelemetry.SourceName)
            .AddProcessor(new BatchActivityExportProcessor(new TraceExporter(traces, this), exporterTimeoutMilliseconds: patience))
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(Resource())
            .AddMeter(OrchestratorTelemetry.MeterName)
            .AddReader(new PeriodicExportingMetricReader(new MetricExporter(metrics, this), MetricsIntervalMs, patience) { TemporalityPreference = Temporality })
            .Build();
    }

    /// <summary>Begins to collect.</summary>
    /// <param name="url">The collector; <see langword="null"/> for the one that the environment names.</param>
    /// <param name="note">Told, in a sentence, when the collector did not take it.</param>
    /// <param name="patience">How long to wait for it at the end; by default what the environment says, in milliseconds, else a second and a half.</param>
    internal static OtlpExport Start(string? url, Action<string> note, TimeSpan? patience = null) => new(
        url, note, (int?)patience?.TotalMilliseconds ?? (int.TryParse(Environment.GetEnvironmentVariable(PatienceVariable), out int told) && told > 0 ? told : DefaultPatienceMs));

    /// <summary>Sends what is left.</summary>
    internal async Task EndAsync()
    {
        // Each may use up the whole patience, waiting on a thread of its own.
        bool[] done = await Task.WhenAll(Task.Run(() => _traces.Shutdown(_patience)), Task.Run(() => _metrics.Shutdown(_patience))).ConfigureAwait(false);
        if (!done.All(whole => whole) || _failed)
        {
            // A thread may still be sending with what would be disposed of: it ends with the process.
            _note($"The spans and metrics could not all be sent to {_where}.");
            return;
        }

        _traces.Dispose();
        _metrics.Dispose();
    }

    /// <summary>The SDK reads the rest (headers, compression, certificates) from the environment. Its protocol would be gRPC; OpenTelemetry's recommended default is this.</summary>
    private static OtlpExporterOptions OptionsFor(string? url, string path, int patience)
    {
        var options = new OtlpExporterOptions { TimeoutMilliseconds = patience };
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_PROTOCOL")))
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
        }

        if (url is not null)
        {
            options.Endpoint = new(options.Protocol == OtlpExportProtocol.HttpProtobuf ? $"{url.TrimEnd('/')}/{path}" : url);
        }

        return options;
    }

    private static MetricReaderTemporalityPreference Temporality =>
        string.Equals(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"), "delta", StringComparison.OrdinalIgnoreCase)
            ? MetricReaderTemporalityPreference.Delta
            : MetricReaderTemporalityPreference.Cumulative;

    // The environment last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    private static ResourceBuilder Resource() => ResourceBuilder.CreateEmpty()
        .AddService("orchestrator", serviceVersion: typeof(OtlpExport).Assembly.GetName().Version?.ToString(3))
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    private ExportResult Noted(ExportResult result)
    {
        _failed |= result != ExportResult.Success;
        return result;
    }

    private sealed class TraceExporter(OtlpExporterOptions options, OtlpExport owner) : OtlpTraceExporter(options)
    {
        public override ExportResult Export(in Batch<Activity> activityBatch) => owner.Noted(base.Export(activityBatch));
    }

    private sealed class MetricExporter(OtlpExporterOptions options, OtlpExport owner) : OtlpMetricExporter(options)
    {
        public override ExportResult Export(in Batch<Metric> metrics) => owner.Noted(base.Export(metrics));
    }
}
