using System.Diagnostics;

namespace Libvirt.Interop.Tests;

public class EventStreamTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Lifecycle_events_arrive_in_order_with_the_domain_they_are_about()
    {
        using var host = new TestHost();
        using LibvirtDomain domain = host.Connection.LookupByName(TestHost.RunningName);
        using EventStream<DomainLifecycleEvent> events = host.Connection.SubscribeLifecycle();
        long before = Stopwatch.GetTimestamp();

        domain.Suspend();
        domain.Resume();
        domain.Destroy();
        List<DomainLifecycleEvent> seen = await ReadAsync(events, 3);

        Assert.That(seen.Select(e => (e.Type, e.Detail)), Is.EqualTo(new[]
        {
            (DomainEventType.Suspended, (int)DomainEventSuspendedDetail.Paused),
            (DomainEventType.Resumed, (int)DomainEventResumedDetail.Unpaused),
            (DomainEventType.Stopped, (int)DomainEventStoppedDetail.Destroyed),
        }));
        Assert.That(seen.Select(e => e.ToString()), Is.EqualTo(new[] { "suspended/paused", "resumed/unpaused", "stopped/destroyed" }));
        Assert.That(seen.Select(e => (e.Origin.DomainName, e.Origin.DomainUuid)), Is.All.EqualTo((TestHost.RunningName, TestHost.RunningUuid)));
        Assert.That(seen.Select(e => e.Origin.Timestamp), Is.Ordered.And.All.InRange(before, Stopwatch.GetTimestamp()));
    }

    // libvirt tells callbacks apart by their function, and all streams of one kind share one.
    [Test]
    public void Second_stream_of_a_kind_on_one_connection_is_refused()
    {
        using var host = new TestHost();
        using EventStream<DomainLifecycleEvent> first = host.Connection.SubscribeLifecycle();

        Assert.That(host.Connection.SubscribeLifecycle, Throws.TypeOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.InvalidArg));
    }

    [Test]
    public async Task Disposed_stream_can_be_read_to_its_end_and_gets_nothing_more()
    {
        using var host = new TestHost();
        using LibvirtDomain domain = host.Connection.LookupByName(TestHost.RunningName);
        EventStream<DomainLifecycleEvent> ended = host.Connection.SubscribeLifecycle();
        using var deadline = new CancellationTokenSource(Deadline);
        domain.Suspend();
        Assert.That(await ended.Reader.WaitToReadAsync(deadline.Token), Is.True);

        ended.Dispose();
        using EventStream<DomainLifecycleEvent> next = host.Connection.SubscribeLifecycle();
        domain.Resume();
        List<DomainLifecycleEvent> seenByNext = await ReadAsync(next, 1);
        List<DomainLifecycleEvent> rest = await ended.Reader.ReadAllAsync().ToListAsync();

        Assert.That(seenByNext.Select(e => e.Type), Is.EqualTo(new[] { DomainEventType.Resumed }));
        Assert.That(rest.Select(e => e.Type), Is.EqualTo(new[] { DomainEventType.Suspended }));
    }

    [Test]
    public async Task Stream_ends_with_its_connection()
    {
        EventStream<DomainLifecycleEvent> events;
        using (var host = new TestHost())
        {
            events = host.Connection.SubscribeLifecycle();
        }

        using var deadline = new CancellationTokenSource(Deadline);
        Assert.That(await events.Reader.WaitToReadAsync(deadline.Token), Is.False);
        Assert.That(events.Dispose, Throws.Nothing);
    }

    [Test]
    public async Task All_kinds_arrive_in_one_stream_without_those_that_the_driver_does_not_have()
    {
        using var host = new TestHost();
        using LibvirtDomain domain = host.Connection.LookupByName(TestHost.RunningName);
        using EventStream<DomainEvent> events = host.Connection.SubscribeEvents();

        domain.Suspend();
        domain.AttachDevice("<disk type='file' device='disk'><source file='/none.img'/><target dev='vdb' bus='virtio'/><alias name='ua-added'/></disk>", DomainModificationImpact.Live);
        domain.Destroy();
        List<DomainEvent> seen = await ReadAsync(events, 3);

        Assert.That(seen.Select(e => $"{e.GetType().Name} {(e as DeviceAddedEvent)?.Alias}"), Is.EqualTo(new[] { "DomainLifecycleEvent ", "DeviceAddedEvent ua-added", "DomainLifecycleEvent " }));
        Assert.That(seen.Select(e => e.Origin.DomainUuid), Is.All.EqualTo(TestHost.RunningUuid));
    }

    [Test]
    public void A_stream_of_all_kinds_is_refused_when_one_of_them_has_its_own_stream_and_leaves_nothing_behind()
    {
        using var host = new TestHost();
        using (host.Connection.SubscribeJobCompleted())
        {
            Assert.That(host.Connection.SubscribeEvents, Throws.TypeOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.InvalidArg));
        }

        Assert.That(() => host.Connection.SubscribeLifecycle().Dispose(), Throws.Nothing);
        Assert.That(() => host.Connection.SubscribeEvents().Dispose(), Throws.Nothing);
    }

    // The native number of each kind, and the shape of its callback, is what the driver takes; the lab's tests see them arrive.
    [Test]
    public void Each_kind_has_a_stream_of_its_own()
    {
        using var host = new TestHost();

        IDisposable[] streams =
        [
            host.Connection.SubscribeLifecycle(), host.Connection.SubscribeReboot(), host.Connection.SubscribeDeviceAdded(), host.Connection.SubscribeDeviceRemoved(),
            host.Connection.SubscribeDeviceRemovalFailed(), host.Connection.SubscribeMigrationIteration(), host.Connection.SubscribeJobCompleted(),
        ];

        Assert.That(host.Connection.SubscribeReboot, Throws.TypeOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.InvalidArg));
        Assert.That(() => Array.ForEach(streams, stream => stream.Dispose()), Throws.Nothing);
        Assert.That(() => host.Connection.SubscribeReboot().Dispose(), Throws.Nothing);
    }

    [Test]
    public void Events_that_the_driver_does_not_have_are_refused()
    {
        using var host = new TestHost();

        Assert.That(host.Connection.SubscribeQemuMonitor, Throws.TypeOf<LibvirtException>());
    }

    private static async Task<List<T>> ReadAsync<T>(EventStream<T> events, int count)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var seen = new List<T>();
        while (seen.Count < count)
        {
            seen.Add(await events.Reader.ReadAsync(deadline.Token));
        }

        return seen;
    }
}
