using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Orchestrator.Migration;
using Orchestrator.Observability;

namespace Orchestrator.Cli.Tests.Telemetry;

[NonParallelizable]
public sealed class OtlpExportTests
{
    private readonly List<string> _notes = [];

    [SetUp]
    public void NoNotes() => _notes.Clear();

    [Test]
    public async Task A_collector_gets_spans_and_metrics_as_protobuf()
    {
        await using var collector = new OtlpReceiver();
        await ExportAsync(collector.Url, TimeSpan.FromMinutes(1));

        Assert.That(_notes, Is.Empty);
        Assert.That(collector.Requests.Select(request => request.Type), Is.Not.Empty.And.All.EqualTo("application/x-protobuf"));
        Assert.That(collector.Received("/v1/traces", "rehearsal"), "the span");
        Assert.That(collector.Received("/v1/traces", "service.name") && collector.Received("/v1/traces", "orchestrator"), "the resource");
        Assert.That(collector.Received("/v1/metrics", "orchestrator.migrations"), "the counter");
    }

    [Test]
    public async Task A_path_of_the_url_comes_before_the_signals()
    {
        await using var collector = new OtlpReceiver();
        await ExportAsync($"{collector.Url}/otlp/", TimeSpan.FromMinutes(1));

        Assert.That(collector.Requests.Select(request => request.Path).Order(), Is.EqualTo(new[] { "/otlp/v1/metrics", "/otlp/v1/traces" }));
    }

    [Test]
    public async Task A_collector_that_is_not_there_is_told_of()
    {
        string url = $"http://someone:secret@127.0.0.1:{OtlpReceiver.FreePort()}";
        await ExportAsync(url);

        Assert.That(_notes, Has.Count.EqualTo(1));
        Assert.That(_notes[0], Does.Contain("could not all be sent to http://someone:***@127.0.0.1"));
    }

    [Test]
    public async Task A_collector_that_never_answers_is_not_waited_for()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await ExportAsync($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}").WaitAsync(TimeSpan.FromSeconds(60));

        Assert.That(_notes, Has.Count.EqualTo(1));
    }

    private async Task ExportAsync(string url, TimeSpan? patience = null)
    {
        var export = OtlpExport.Start(url, _notes.Add, patience);
        using (Activity? span = OrchestratorTelemetry.Source.StartActivity("rehearsal"))
        {
            Assert.That(span, Is.Not.Null, "somebody listens");
            MigrationMeasures.RecordEnd(MigrationOutcome.Completed, MigrationMode.P2P, TimeSpan.FromSeconds(3));
        }

        await export.EndAsync();
    }
}
