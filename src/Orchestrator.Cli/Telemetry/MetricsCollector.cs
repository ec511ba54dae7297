using System.Diagnostics.Metrics;
using Orchestrator.Observability;

namespace Orchestrator.Cli;

/// <summary>
/// Collects what the library measures, as Prometheus' series. What runs at this moment is left out: the file is written when nothing does any more.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly OrderedDictionary<string, MetricFamily> _families = [];
    private readonly Lock _lock = new();

    private MetricsCollector(string meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == meter && instrument is Counter<long> or Counter<double> or Histogram<double>)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Begins to collect.</summary>
    internal static MetricsCollector Start(string meter = OrchestratorTelemetry.MeterName) => new(meter);

    /// <summary>What was measured until now.</summary>
    internal IReadOnlyList<MetricFamily> Families
    {
        get
        {
            lock (_lock)
            {
                return [.. _families.Values];
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<KeyValuePair<string, string>>(tags.Length + 1);
        foreach ((string key, object? label) in tags)
        {
            labels.Add(new(key, Convert.ToString(label, System.Globalization.CultureInfo.InvariantCulture) ?? ""));
        }

        string name = PrometheusText.NameOf(instrument.Name, instrument.Unit, instrument is not Histogram<double>);
        lock (_lock)
        {
            if (!_families.TryGetValue(name, out MetricFamily? family))
            {
                _families[name] = family = new(name, instrument is Histogram<double> ? "histogram" : "counter", PrometheusText.HelpOf(instrument.Description ?? ""));
            }

            if (instrument is not Histogram<double> histogram)
            {
                family.Add(PrometheusText.SeriesOf(name, labels), value);
                return;
            }

            foreach (double bound in (histogram.Advice?.HistogramBucketBoundaries ?? []).Append(double.PositiveInfinity))
            {
                family.Add(PrometheusText.SeriesOf($"{name}_bucket", labels.Append(new("le", PrometheusText.ValueOf(bound)))), value <= bound ? 1 : 0);
            }

            family.Add(PrometheusText.SeriesOf($"{name}_sum", labels), value);
            family.Add(PrometheusText.SeriesOf($"{name}_count", labels), 1);
        }
    }
}
