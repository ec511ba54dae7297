using System.Diagnostics;
using System.Diagnostics.Metrics;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;
using Orchestrator.Observability;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;
using Samples = Orchestrator.Tests.Migration.Samples;

namespace Orchestrator.Tests.Observability;

/// <summary>What a migration leaves for those who watch: spans, measures, log lines.</summary>
public sealed class ObservedMigrationTests
{
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private readonly List<Activity> _spans = [];
    private readonly List<(string Instrument, double Value, Dictionary<string, object?> Tags)> _measures = [];
    private ActivityListener _tracer = null!;
    private MeterListener _meter = null!;
    private FakeHost _source = null!;
    private FakeHost _destination = null!;

    [SetUp]
    public void Listen()
    {
        _spans.Clear();
        _measures.Clear();
        _source = new("lab-a", _clock);
        _destination = new("lab-b", _clock);
        _source.Domains[Samples.Uuid] = Samples.Domain();
        _tracer = new()
        {
            ShouldListenTo = source => source.Name is OrchestratorTelemetry.SourceName or "test",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => { lock (_spans) { _spans.Add(span); } },
        };
        ActivitySource.AddActivityListener(_tracer);
        _meter = new() { InstrumentPublished = (instrument, listener) => { if (instrument.Meter.Name == OrchestratorTelemetry.MeterName) { listener.EnableMeasurementEvents(instrument); } } };
        _meter.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meter.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meter.Start();
    }

    [TearDown]
    public void Leave()
    {
        _tracer.Dispose();
        _meter.Dispose();
    }

    [Test]
    public async Task A_completed_migration_is_one_tree_of_spans()
    {
        _source.OnMigrate = Move;
        MigrationResult result = await Migrator().MigrateAsync(Samples.Request);

        Activity root = _spans.Single(span => span.OperationName == "migrate");
        Assert.That(
            _spans.Where(span => span != root).Select(span => (span.OperationName, span.ParentSpanId)),
            Is.EqualTo(new[] { "plan", "precopy", "blackout", "finish" }.Select(name => (name, root.SpanId))));
        Assert.That(_spans.Single(span => span.OperationName == "blackout").Duration.TotalMilliseconds, Is.EqualTo(12).Within(0.5), "STOP and RESUME are 12 ms apart");
        Assert.That(root.Status, Is.EqualTo(ActivityStatusCode.Unset));
        Assert.That(root.GetTagItem("orchestrator.operation.id"), Is.EqualTo($"{result.OperationId}"));
        Assert.That(
            new[] { "domain.name", "domain.uuid", "source", "destination", "migration.mode", "migration.policy", "migration.outcome", "migration.downtime.method" }
                .Select(name => root.GetTagItem($"orchestrator.{name}")),
            Is.EqualTo(new object[] { "web1", $"{Samples.Uuid}", "lab-a", "lab-b", "p2p", "fixed", "completed", "qmp" }));
    }

    [Test]
    public async Task The_spans_of_a_caller_are_above_ours()
    {
        using var source = new ActivitySource("test");
        using Activity runbook = source.StartActivity("runbook")!;
        _source.OnMigrate = Move;
        await Migrator().MigrateAsync(Samples.Request);

        Assert.That(_spans.Single(span => span.OperationName == "migrate").ParentSpanId, Is.EqualTo(runbook.SpanId));
        Assert.That(Activity.Current, Is.SameAs(runbook));
    }

    [Test]
    public async Task A_completed_migration_is_counted_and_measured()
    {
        _source.OnMigrate = Move;
        await Migrator().MigrateAsync(Samples.Request);

        Assert.That(_measures.Where(m => m.Instrument == "orchestrator.migration.active").Select(m => m.Value), Is.EqualTo(new[] { 1.0, -1.0 }));
        var counted = _measures.Single(m => m.Instrument == "orchestrator.migrations");
        Assert.That((counted.Value, counted.Tags["orchestrator.migration.outcome"], counted.Tags["orchestrator.migration.mode"]), Is.EqualTo((1.0, "completed", "p2p")));
        var downtime = _measures.Single(m => m.Instrument == "orchestrator.migration.downtime");
        Assert.That(downtime.Value, Is.EqualTo(0.012).Within(0.0005), "seconds");
        Assert.That(downtime.Tags["orchestrator.migration.downtime.method"], Is.EqualTo("qmp"));
        Assert.That(_measures.Single(m => m.Instrument == "orchestrator.migration.duration").Value, Is.GreaterThanOrEqualTo(0.012));
    }

    [Test]
    public async Task What_a_policy_does_is_counted_and_a_time_out_is_an_error()
    {
        await Migrator().MigrateAsync(Samples.Request with { Policy = MigrationPolicy.Fixed with { Completion = new(new(TimeSpan.FromMilliseconds(50))) } });

        var action = _measures.Single(m => m.Instrument == "orchestrator.policy.actions");
        Assert.That((action.Value, action.Tags["orchestrator.policy.action"]), Is.EqualTo((1.0, "give_up")));
        Activity root = _spans.Single(span => span.OperationName == "migrate");
        Assert.That(root.Status, Is.EqualTo(ActivityStatusCode.Error));
        Assert.That(root.GetTagItem("orchestrator.migration.outcome"), Is.EqualTo("timed_out"));
        Assert.That(_measures.Any(m => m.Instrument == "orchestrator.migration.downtime"), Is.False, "the guest did not move");
    }

    [Test]
    public void A_migration_that_could_not_begin_is_counted_and_traced_too()
    {
        _destination.IsLost = true;
        Assert.That(async () => await Migrator().MigrateAsync(Samples.Request), Throws.TypeOf<HostUnreachableException>());

        Activity root = _spans.Single(span => span.OperationName == "migrate");
        Assert.That((root.Status, root.GetTagItem("error.type")), Is.EqualTo((ActivityStatusCode.Error, typeof(HostUnreachableException).FullName)));
        Assert.That(_measures.Single(m => m.Instrument == "orchestrator.migrations").Tags["orchestrator.migration.outcome"], Is.EqualTo("unreachable"));
        Assert.That(_measures.Where(m => m.Instrument == "orchestrator.migration.active").Sum(m => m.Value), Is.Zero);
    }

    [Test]
    public async Task Every_line_of_the_log_tells_its_operation([Values] bool journalled)
    {
        string folder = Directory.CreateTempSubdirectory("observed-").FullName;
        try
        {
            using Journal? journal = journalled ? Journal.Open(folder) : null;
            var log = new OperationLog();
            _source.OnMigrate = Move;
            MigrationResult result = await Migrator(log, journal).MigrateAsync(Samples.Request);

            Assert.That(log.Lines.Select(line => line.Event), Does.Contain(200).And.Contain(201), "began and ended");
            Assert.That(log.Lines.Select(line => line.Operation), Has.All.EqualTo(result.OperationId));
            Assert.That(journal?.Get(result.OperationId!.Value)?.Intent.DomainName, Is.EqualTo(journalled ? "web1" : null), "the journal calls it the same");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task A_fallback_to_direct_mode_is_an_operation_of_its_own()
    {
        var log = new OperationLog();
        _source.OnMigrate = (host, call) => call.Flags.HasFlag(DomainMigrateFlags.Peer2Peer)
            ? throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: Failed to connect to remote libvirt URI")
            : Move(host, call);
        MigrationResult result = await Migrator(log).MigrateAsync(Samples.Request);

        Guid?[] begun = [.. log.Lines.Where(line => line.Event == 200).Select(line => line.Operation)];
        Assert.That(begun, Has.Length.EqualTo(2).And.Unique.And.None.Null);
        Assert.That(begun[1], Is.EqualTo(result.OperationId));
        Assert.That(_spans.Single(span => span.OperationName == "migrate").GetTagItem("orchestrator.operation.id"), Is.EqualTo($"{result.OperationId}"));
    }

    [Test]
    public async Task Progress_is_read_while_it_runs_and_ends_with_it()
    {
        _source.OnMigrate = Move;
        MigrationRun run = Migrator().Start(Samples.Request);
        var stages = new List<string>();
        await foreach (MigrationProgress progress in run.Progress)
        {
            stages.Add(progress.Stage);
        }

        Assert.That(stages[0], Is.EqualTo("checking"));
        Assert.That(stages[^1], Is.EqualTo("verifying"));
        Assert.That((await run.Result).Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed));
    }

    private Migrator Migrator(OperationLog? log = null, Journal? journal = null) =>
        new(_source, _destination, _clock, logger: log) { StopGrace = TimeSpan.FromSeconds(30), HostGrace = TimeSpan.FromSeconds(1), Journal = journal };

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_measures)
        {
            _measures.Add((instrument.Name, value, new(tags.ToArray())));
        }
    }

    private async Task Move(FakeHost host, MigrationCall call)
    {
        DateTimeOffset stop = _clock.Now;
        host.Emit("STOP", stop);
        while (_clock.Now < stop.AddMilliseconds(12))
        {
            await Task.Yield();
        }

        _destination.Emit("RESUME", stop.AddMilliseconds(12));
        host.Domains.Remove(call.DomainUuid);
        _destination.Domains[call.DomainUuid] = Samples.Domain(reason: (int)DomainRunningReason.Migrated);
    }
}
