using Orchestrator.Downtime;
using Orchestrator.Migration;
using Orchestrator.Observability;
using Orchestrator.Tests.Downtime;
using Evidence = Orchestrator.Tests.Downtime.Samples;
using Plans = Orchestrator.Tests.Migration.Samples;

namespace Orchestrator.Tests.Observability;

public sealed class MigrationSpansTests
{
    private static readonly DateTimeOffset Asked = Evidence.At(500_000);
    private static readonly DateTimeOffset Answered = Evidence.At(3_000_000);

    [Test]
    public void A_measured_migration_has_its_blackout_where_it_was_measured()
    {
        IReadOnlyList<MigrationSpan> spans = MigrationSpans.Of(Moved(Evidence.Migration()), Asked, Answered);

        Assert.That(spans.Select(span => span.Name), Is.EqualTo(new[] { "plan", "precopy", "blackout", "finish" }));
        MigrationSpan blackout = spans[2];
        Assert.That(blackout.Start, Is.EqualTo(Evidence.At(863_026)).Within(TimeSpan.FromMilliseconds(1)), "all_vcpus_paused's counterpart in the source's log");
        Assert.That((blackout.End - blackout.Start).TotalMilliseconds, Is.EqualTo(12.198).Within(0.5));
        Assert.That(spans[0], Is.EqualTo(new MigrationSpan("plan", Asked, Evidence.At(840_000))), "until the call");
        Assert.That(spans[3].End, Is.EqualTo(Answered));
        AssertNoGaps(spans);
    }

    [Test]
    public void A_destination_whose_clock_is_wrong_moves_no_span()
    {
        IReadOnlyList<MigrationSpan> right = MigrationSpans.Of(Moved(Evidence.Migration()), Asked, Answered);
        IReadOnlyList<MigrationSpan> wrong = MigrationSpans.Of(Moved(Evidence.Migration().WithDestinationAhead(TimeSpan.FromSeconds(40))), Asked, Answered);

        Assert.That(wrong[2].End, Is.EqualTo(right[2].End).Within(TimeSpan.FromMilliseconds(1)));
    }

    [Test]
    public void A_migration_that_nobody_measured_has_no_blackout()
    {
        MigrationEvidence silent = Evidence.Migration().WithSource(Evidence.WithoutEvents).WithSource(Evidence.WithoutLog).WithDestination(Evidence.WithoutEvents).WithDestination(Evidence.WithoutLog);

        IReadOnlyList<MigrationSpan> spans = MigrationSpans.Of(Moved(silent), Asked, Answered);

        Assert.That(spans.Select(span => span.Name), Is.EqualTo(new[] { "plan", "precopy", "finish" }));
        Assert.That(spans[1].End, Is.EqualTo(silent.Call.Ended));
        AssertNoGaps(spans);
    }

    [Test]
    public void What_follows_the_blackout_of_a_post_copy_is_the_post_copy()
    {
        MigrationEvidence postCopy = Evidence.Migration().WithSource(host => host with { Events = [.. host.Events, Evidence.Qmp("MIGRATION", """{"status":"postcopy-active"}""", 870_000, 870_100)] });

        IReadOnlyList<MigrationSpan> spans = MigrationSpans.Of(Moved(postCopy), Asked, Answered);

        Assert.That(spans.Select(span => span.Name), Is.EqualTo(new[] { "plan", "precopy", "blackout", "postcopy", "finish" }));
        Assert.That(spans[3].End, Is.EqualTo(postCopy.Call.Ended));
    }

    [Test]
    public void A_refused_migration_was_only_planned() =>
        Assert.That(
            MigrationSpans.Of(new() { Plan = Plans.Plan(), Verdict = new(MigrationOutcome.Refused, "no") }, Asked, Answered),
            Is.EqualTo(new[] { new MigrationSpan("plan", Asked, Answered) }));

    [Test]
    public void No_span_leaves_the_whole_whatever_the_clocks_say()
    {
        DateTimeOffset early = Evidence.At(870_000);

        IReadOnlyList<MigrationSpan> spans = MigrationSpans.Of(Moved(Evidence.Migration()), Evidence.At(850_000), early);

        Assert.That(spans.Select(span => span.End), Has.All.LessThanOrEqualTo(early));
        AssertNoGaps(spans);
    }

    private static MigrationResult Moved(MigrationEvidence evidence) => new()
    {
        Plan = Plans.Plan(),
        Verdict = new(MigrationOutcome.Completed, "moved"),
        Evidence = evidence,
        Downtime = DowntimeMeasurement.Measure(evidence),
    };

    private static void AssertNoGaps(IReadOnlyList<MigrationSpan> spans)
    {
        Assert.That(spans.Skip(1).Select(span => span.Start), Is.EqualTo(spans.SkipLast(1).Select(span => span.End)));
        Assert.That(spans.Select(span => span.End - span.Start), Has.All.GreaterThanOrEqualTo(TimeSpan.Zero));
    }
}
