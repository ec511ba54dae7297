using Orchestrator.Downtime;
using Orchestrator.Lifecycle;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>Event orders that QEMU 10 and libvirt 11.3 really produced.</summary>
public sealed class RebootSignsTests
{
    [TestCase("POWERDOWN SHUTDOWN STOP RESET RESUME", true, TestName = "A reboot by the power button")]
    [TestCase("RESET reboot POWERDOWN POWERDOWN SHUTDOWN STOP RESET reboot RESUME RESET", true, TestName = "The button is heard the second time, after a late reset")]
    [TestCase("RESET reboot", false, TestName = "The late event of an earlier reset")]
    [TestCase("RESET reboot RESET reboot POWERDOWN", false, TestName = "A reset, the firmware's own one, and a button that nobody heard yet")]
    [TestCase("SHUTDOWN STOP RESET RESUME POWERDOWN", false, TestName = "The end of an earlier reboot")]
    [TestCase("POWERDOWN SHUTDOWN STOP", false, TestName = "It has gone down and is not reset yet")]
    [TestCase("POWERDOWN RESET", false, TestName = "It was reset instead")]
    [TestCase("", false, TestName = "Nothing")]
    [TestCase("reboot", true, TestName = "Only libvirt's event, for a client without QEMU's own")]
    public void Is_a_reboot(string events, bool expected) => Assert.That(RebootSigns.HasRebooted(Events(events), hasAgent: false), Is.EqualTo(expected));

    [TestCase("RESET:guest reboot", true)]
    [TestCase("RESET reboot", false, TestName = "The late event of an earlier reset is none of the agent's doing")]
    [TestCase("POWERDOWN RESET:guest", false)]
    [TestCase("POWERDOWN SHUTDOWN STOP RESET RESUME", true)]
    public void A_guest_with_an_agent_may_reboot_without_its_button(string events, bool expected) =>
        Assert.That(RebootSigns.HasRebooted(Events(events), hasAgent: true), Is.EqualTo(expected));

    [TestCase("RESET reboot", true, TestName = "The host's reset")]
    [TestCase("RESET:guest reboot", false, TestName = "The firmware's own reset")]
    [TestCase("RESET:guest reboot RESET reboot", true, TestName = "The host's reset after the firmware's own")]
    [TestCase("POWERDOWN", false, TestName = "Another event")]
    [TestCase("reboot", true, TestName = "Only libvirt's event of a reset, for a client without QEMU's own")]
    [TestCase("", false, TestName = "No reset")]
    public void Is_a_reset_from_outside(string events, bool expected) => Assert.That(RebootSigns.WasResetFromOutside(Events(events)), Is.EqualTo(expected));

    private static IReadOnlyList<ObservedEvent> Events(string names) =>
    [
        .. names.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(name => new ObservedEvent
            {
                Channel = name == "reboot" ? "reboot" : "qmp",
                Name = name.Split(':')[0],
                Data = name.StartsWith("RESET", StringComparison.Ordinal) ? $"{{\"guest\":{(name == "RESET:guest" ? "true" : "false")},\"reason\":\"x\"}}" : null,
                Arrived = DateTimeOffset.UnixEpoch,
            }),
    ];
}
