using Faults;
using Orchestrator.Downtime;

namespace Chaos.Tests;

/// <summary>The phase of a migration by the events of both hosts: those of one real migration.</summary>
public sealed class PhaseClockTests
{
    private static readonly DateTimeOffset Zero = DateTimeOffset.UnixEpoch;

    private static readonly ObservedEvent[] Source =
    [
        Qmp(20, "MIGRATION", """{"status":"setup"}"""),
        Qmp(21, "MIGRATION_PASS", """{"pass":1}"""),
        Qmp(40, "MIGRATION_PASS", """{"pass":2}"""),
        Qmp(60, "STOP", null),
        Qmp(62, "MIGRATION_PASS", """{"pass":3}"""),
        Qmp(71, "MIGRATION", """{"status":"completed"}"""),
        new() { Channel = "lifecycle", Name = "stopped/migrated", Arrived = Zero.AddMilliseconds(1900) },
    ];

    private static readonly ObservedEvent[] Destination =
    [
        Qmp(5, "MIGRATION", """{"status":"setup"}"""),
        new() { Channel = "lifecycle", Name = "started/migrated", Arrived = Zero.AddMilliseconds(6) },
        Qmp(12, "MIGRATION", """{"status":"active"}"""),
        Qmp(70, "MIGRATION", """{"status":"completed"}"""),
        Qmp(80, "RESUME", null),
    ];

    [TestCase(4, ExpectedResult = "plan")]
    [TestCase(5, ExpectedResult = "prepare")]
    [TestCase(20, ExpectedResult = "prepare")]
    [TestCase(21, ExpectedResult = "first-iteration")]
    [TestCase(40, ExpectedResult = "later-iteration")]
    [TestCase(60, ExpectedResult = "switch-over")]
    [TestCase(63, ExpectedResult = "switch-over")]
    [TestCase(70, ExpectedResult = "finish")]
    [TestCase(80, ExpectedResult = "resumed")]
    [TestCase(1899, ExpectedResult = "resumed")]
    [TestCase(1900, ExpectedResult = "after")]
    [TestCase(5000, ExpectedResult = "after")]
    public string The_phase_at_an_instant(int at) => FaultCell.Word(PhaseClock.At(Source, Destination, Zero.AddMilliseconds(at)));

    [Test]
    public void An_event_that_came_late_counts_from_its_stamp()
    {
        ObservedEvent late = Qmp(60, "STOP", null) with { Arrived = Zero.AddMilliseconds(90) };
        Assert.That(PhaseClock.At([late], [], Zero.AddMilliseconds(61)), Is.EqualTo(FaultPhase.SwitchOver));
    }

    private static ObservedEvent Qmp(int at, string name, string? data) =>
        new() { Channel = "qmp", Name = name, Data = data, Stamp = Zero.AddMilliseconds(at), Arrived = Zero.AddMilliseconds(at + 1) };
}
