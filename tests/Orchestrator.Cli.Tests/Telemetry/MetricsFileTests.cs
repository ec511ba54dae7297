using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Orchestrator.Cli.Tests.Real;

namespace Orchestrator.Cli.Tests.Telemetry;

public sealed partial class MetricsFileTests
{
    private string _folder = "";

    private string Prom => Path.Combine(_folder, "orchestrator.prom");

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory("metrics-").FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void The_text_keeps_to_the_formats_grammar()
    {
        string text = PrometheusText.Write(Measured());

        Assert.That(text, Does.EndWith("\n"));
        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.All.Match(Line()));
        Assert.That(lines.Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            "# TYPE orchestrator_test_migrations_total counter", "# TYPE orchestrator_test_sent_bytes_total counter", "# TYPE orchestrator_test_downtime_seconds histogram",
        }));
        Assert.That(lines, Does.Contain("""orchestrator_test_migrations_total{orchestrator_migration_outcome="say \"no\" \\ \nor not"} 2"""));
        Assert.That(lines, Does.Contain("""# HELP orchestrator_test_migrations_total Migrations\\runs\nthat have ended."""));
        Assert.That(lines, Does.Contain("orchestrator_test_sent_bytes_total 1073741824"));
    }

    [Test]
    public void A_histogram_counts_up_to_each_bound()
    {
        string[] lines = PrometheusText.Write(Measured()).Split('\n');

        Assert.That(lines.Where(line => line.StartsWith("orchestrator_test_downtime_seconds_", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            """orchestrator_test_downtime_seconds_bucket{method="qmp",le="0.1"} 1""",
            """orchestrator_test_downtime_seconds_bucket{method="qmp",le="0.5"} 3""",
            """orchestrator_test_downtime_seconds_bucket{method="qmp",le="+Inf"} 4""",
            """orchestrator_test_downtime_seconds_sum{method="qmp"} 3.0625""",
            """orchestrator_test_downtime_seconds_count{method="qmp"} 4""",
        }));
    }

    [TestCase("orchestrator.migrations", "{migration}", true, "orchestrator_migrations_total")]
    [TestCase("orchestrator.migration.transferred", "By", true, "orchestrator_migration_transferred_bytes_total")]
    [TestCase("orchestrator.migration.downtime", "s", false, "orchestrator_migration_downtime_seconds")]
    [TestCase("wait_seconds", "s", false, "wait_seconds")]
    [TestCase("2nd-try", null, true, "_2nd_try_total")]
    public void Names_are_as_prometheus_wants_them(string instrument, string? unit, bool isCounter, string expected) =>
        Assert.That(PrometheusText.NameOf(instrument, unit, isCounter), Is.EqualTo(expected));

    [Test]
    public void What_was_written_is_read_back()
    {
        string text = PrometheusText.Write(Measured());
        Assert.That(PrometheusText.Write(PrometheusText.Read(text)), Is.EqualTo(text));
    }

    [Test]
    public async Task Processes_that_write_at_once_are_all_counted()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => MetricsFile.AddAsync(Prom, [Counter("a_total", """a_total{x="1"}""", 2)], TimeProvider.System))));
        await MetricsFile.AddAsync(Prom, [Counter("a_total", """a_total{x="2"}""", 1)], TimeProvider.System);

        string[] samples = [.. File.ReadAllLines(Prom).Where(line => line[0] != '#')];
        Assert.That(samples, Is.EqualTo(new[] { """a_total{x="1"} 16""", """a_total{x="2"} 1""" }));
        Assert.That(Directory.GetFiles(_folder, "*").Select(Path.GetFileName).Order(), Is.EqualTo(new[] { ".orchestrator.prom.lock", "orchestrator.prom" }), "nothing half written is left");
    }

    [Test]
    public async Task A_histogram_with_other_bounds_begins_anew()
    {
        await MetricsFile.AddAsync(Prom, [Histogram("0.1")], TimeProvider.System);
        await MetricsFile.AddAsync(Prom, [Histogram("0.2")], TimeProvider.System);
        await MetricsFile.AddAsync(Prom, [Histogram("0.2")], TimeProvider.System);

        string[] samples = [.. File.ReadAllLines(Prom).Where(line => line[0] != '#')];
        Assert.That(samples, Is.EqualTo(new[] { """h_bucket{le="0.2"} 2""", """h_bucket{le="+Inf"} 2""", "h_sum 0.1", "h_count 2" }));
    }

    [TestCase("my diary\n")]
    [TestCase("# TYPE a_total counter\nb_total 1\n")]
    [TestCase("# TYPE a_total counter\na_total many\n")]
    public async Task A_file_that_holds_something_else_is_left_as_it_is(string text)
    {
        await File.WriteAllTextAsync(Prom, text);
        Assert.That(async () => await MetricsFile.AddAsync(Prom, [Counter("a_total", "a_total", 1)], TimeProvider.System), Throws.TypeOf<FormatException>());
        Assert.That(await File.ReadAllTextAsync(Prom), Is.EqualTo(text));
    }

    [Test]
    public async Task A_folder_that_is_not_there_is_said_before_anything_is_done()
    {
        CliResult result = await Run("--json", "migrate", "web1", "--from", "test:///default", "--to", "test:///default", "--metrics-file", Path.Combine(_folder, "none", "x.prom"));
        Assert.That(result.ExitCode, Is.EqualTo(ExitCode.Usage), $"{result}");
        Assert.That(result.Error, Does.Contain("there is no such folder"));
        Assert.That((await Run("migrate", "web1", "--from", "test:///default", "--to", "test:///default", "--otlp", "collector")).ExitCode, Is.EqualTo(ExitCode.Usage));
    }

    private static async Task<CliResult> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var console = new CliConsole(output, error, isTerminal: false);
        return new(await CommandLine.RunAsync(arguments, console, CancellationToken.None), $"{output}", $"{output}{error}");
    }

    private static MetricFamily Counter(string name, string series, double value)
    {
        var family = new MetricFamily(name, "counter", "A.");
        family.Add(series, value);
        return family;
    }

    private static MetricFamily Histogram(string bound)
    {
        var family = new MetricFamily("h", "histogram", "H.");
        family.Add($$"""h_bucket{le="{{bound}}"}""", 1);
        family.Add("""h_bucket{le="+Inf"}""", 1);
        family.Add("h_sum", 0.05);
        family.Add("h_count", 1);
        return family;
    }

    private static IReadOnlyList<MetricFamily> Measured()
    {
        string name = $"test-{Guid.NewGuid()}";
        using var meter = new Meter(name);
        using var collector = MetricsCollector.Start(name);
        Counter<long> migrations = meter.CreateCounter<long>("orchestrator.test.migrations", "{migration}", "Migrations\\runs\nthat have ended.");
        migrations.Add(1, new KeyValuePair<string, object?>("orchestrator.migration.outcome", "say \"no\" \\ \nor not"));
        migrations.Add(1, new KeyValuePair<string, object?>("orchestrator.migration.outcome", "say \"no\" \\ \nor not"));
        meter.CreateCounter<long>("orchestrator.test.sent", "By", "Sent.").Add(1L << 30);
        meter.CreateUpDownCounter<long>("orchestrator.test.active").Add(1);
        Histogram<double> downtime = meter.CreateHistogram("orchestrator.test.downtime", "s", "Downtime.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.5] });
        foreach (double seconds in new[] { 0.0625, 0.25, 0.5, 2.25 })
        {
            downtime.Record(seconds, new KeyValuePair<string, object?>("method", "qmp"));
        }

        return collector.Families;
    }

    // https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    [GeneratedRegex("""
        ^(\#\ HELP\ [a-zA-Z_:][a-zA-Z0-9_:]*\ ([^\\\n]|\\\\|\\n)*
        |\#\ TYPE\ [a-zA-Z_:][a-zA-Z0-9_:]*\ (counter|gauge|histogram|summary|untyped)
        |[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\\\|\\"|\\n)*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\\\|\\"|\\n)*")*\})?\ ([+-]?[0-9.]+([eE][+-]?[0-9]+)?|\+Inf|-Inf|NaN))$
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Line();
}
