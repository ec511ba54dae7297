using Libvirt.Interop;
using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

public class HostEventsTests
{
    private readonly HostEvents _events = new("a", new(TimeProvider.System));

    // Its daemon stood still while it connected, and goes on when another link has taken its place.
    [Test]
    public async Task A_link_that_was_given_up_and_connects_late_takes_no_events_from_its_successor()
    {
        using HostLink late = Link();
        using HostLink present = Link();
        using LibvirtConnection first = LibvirtConnection.Open("test:///default");
        using LibvirtConnection second = LibvirtConnection.Open("test:///default");
        Assert.That(_events.Attach(present, second, () => true, _ => { }), Is.True);
        using HostSubscription subscription = _events.Subscribe(second, 10);

        Assert.That(_events.Attach(late, first, () => false, _ => { }), Is.False);
        _events.Lost(late, "timeout");

        using LibvirtDomain domain = second.LookupByName("test");
        domain.Suspend();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        HostEventBatch batch = await subscription.ReadAsync(deadline.Token);
        Assert.That((batch.Events[0].Kind, batch.Ended), Is.EqualTo((HostEventKind.Lifecycle, (string?)null)));

        _events.Lost(present, "timeout");
        Assert.That((await subscription.ReadAsync(deadline.Token)).Ended, Is.EqualTo("timeout"));
    }

    [Test]
    public async Task A_wait_that_is_over_leaves_nobody_behind()
    {
        using var recorder = new EventRecorder("web1", Guid.NewGuid());
        int asked = 0;

        Assert.That(await recorder.WaitAsync(Asked, TimeSpan.FromMilliseconds(1), TimeProvider.System), Is.False);
        recorder.Add(new() { Channel = "qmp", Name = "STOP", Arrived = default });

        Assert.That(asked, Is.Zero);

        bool Asked(ObservedEvent observed)
        {
            asked++;
            return false;
        }
    }

    private static HostLink Link() => new("a", _ => throw new InvalidOperationException(), (_, e) => e);
}
