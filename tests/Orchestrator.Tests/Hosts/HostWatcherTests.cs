using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

public class HostWatcherTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly WatchOptions Quick = new() { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(2) };
    private static readonly DomainSnapshot Guest = new() { Name = "web1", Uuid = Guid.Parse("11111111-2222-3333-4444-555555555555"), State = DomainState.Running, Xml = "<domain/>" };

    private readonly ObserverClock _clock = new(TimeProvider.System);

    [Test]
    public async Task Events_come_in_order_after_what_stood_on_the_host()
    {
        await using FakeHost host = Host("a");
        await using Watch watch = Watch.Of(Quick, WatchedHost.Of(host));
        HostEvent connected = await watch.NextAsync();

        host.Tell(HostEventKind.Lifecycle, "suspended/paused", Guest);
        host.Tell(HostEventKind.DeviceRemoved, "net1", Guest);
        host.Tell(HostEventKind.Lifecycle, "resumed/unpaused", Guest);

        Assert.That((connected.Kind, connected.Host, connected.Domains), Is.EqualTo((HostEventKind.Connected, "a", new[] { Guest })));
        Assert.That(await watch.TakeAsync(3), Is.EqualTo(new[] { "a Lifecycle suspended/paused", "a DeviceRemoved net1", "a Lifecycle resumed/unpaused" }));
    }

    // The domain is destroyed between the subscription and the list: the list shows it gone, and the event is not lost.
    [Test]
    public async Task What_happens_between_subscribing_and_listing_comes_after_the_list()
    {
        await using FakeHost host = Host("a");
        host.OnSubscribed = () =>
        {
            host.Domains.Remove(Guest.Uuid);
            host.Tell(HostEventKind.Lifecycle, "stopped/destroyed", Guest);
        };
        await using Watch watch = Watch.Of(Quick, WatchedHost.Of(host));

        HostEvent connected = await watch.NextAsync();

        Assert.That((connected.Kind, connected.Domains!.Count), Is.EqualTo((HostEventKind.Connected, 0)));
        Assert.That(await watch.TakeAsync(1), Is.EqualTo(new[] { "a Lifecycle stopped/destroyed" }));
    }

    [Test]
    public async Task A_lost_connection_is_told_once_and_what_stands_there_after_it()
    {
        await using FakeHost host = Host("a");
        await using Watch watch = Watch.Of(Quick, WatchedHost.Of(host));
        await watch.NextAsync();
        host.Tell(HostEventKind.Reboot, null, Guest);

        host.Lose("eof");
        Assert.That(await watch.TakeAsync(2), Is.EqualTo(new[] { "a Reboot ", "a ConnectionLost eof" }), "what came before the loss comes before it");
        int refused = host.Refused;
        await UntilAsync(() => host.Refused > refused + 2);
        host.Domains[Guest.Uuid] = Guest with { State = DomainState.Paused };
        host.IsLost = false;

        Assert.That((await watch.NextAsync()).Kind, Is.EqualTo(HostEventKind.Reconnected));
        HostEvent missed = await watch.NextAsync();
        Assert.That((missed.Kind, missed.Missed, missed.Domains!.Single().State), Is.EqualTo((HostEventKind.EventsMissed, (long?)null, DomainState.Paused)));
        host.Tell(HostEventKind.Lifecycle, "resumed/unpaused", Guest);
        Assert.That(await watch.TakeAsync(1), Is.EqualTo(new[] { "a Lifecycle resumed/unpaused" }));
    }

    [Test]
    public async Task A_host_that_takes_a_watch_and_drops_it_again_is_returned_to_ever_later_until_it_has_held()
    {
        await using FakeHost host = Host("a");
        bool drops = true;
        host.OnSubscribed = () =>
        {
            if (drops)
            {
                host.Lose("eof");
                host.IsLost = false;
            }
        };
        var options = new WatchOptions();
        var time = new SteppedTime();
        using var end = new CancellationTokenSource(Deadline);
        await using IAsyncEnumerator<HostEvent> events = new HostWatcher([WatchedHost.Of(host)], options, time).WatchAsync(end.Token).GetAsyncEnumerator(end.Token);

        while (time.Delays.Count < 5)
        {
            await events.MoveNextAsync();
        }

        for (int i = 0; i < 5; i++)
        {
            Assert.That(time.Delays[i], Is.InRange(options.Delay(i, 0), options.Delay(i, 1)), $"after loss {i + 1}");
        }

        // From here on it holds, longer than the longest delay: the next loss is a first one again.
        drops = false;
        while (host.Watchers == 0 || events.Current.Kind != HostEventKind.EventsMissed)
        {
            await events.MoveNextAsync();
        }

        int before = time.Delays.Count;
        time.Pass(options.LongestDelay * 2);
        host.Lose("eof");
        host.IsLost = false;
        while (events.Current.Kind != HostEventKind.Reconnected)
        {
            await events.MoveNextAsync();
        }

        Assert.That(time.Delays[before], Is.InRange(options.Delay(0, 0), options.Delay(0, 1)));
    }

    [Test]
    public async Task A_reader_that_is_too_slow_is_told_how_much_it_missed_and_where()
    {
        await using FakeHost host = Host("a");
        await using Watch watch = Watch.Of(Quick with { Capacity = 3 }, WatchedHost.Of(host));
        await watch.NextAsync();

        // The watch takes one batch, and holds on to it: the reader does not come.
        for (int i = 0; i < 100; i++)
        {
            host.Tell(HostEventKind.Iteration, $"{i}", Guest);
        }

        var numbers = new List<int>();
        long missed = 0;
        while (numbers.Count + missed < 100)
        {
            HostEvent told = await watch.NextAsync();
            if (told.Kind == HostEventKind.EventsMissed)
            {
                missed += told.Missed!.Value;
                Assert.That(told.Domains, Is.EqualTo(new[] { Guest }));
            }
            else
            {
                Assert.That(told.Detail, Is.EqualTo($"{numbers.Count + missed}"), "the gap is where it is told");
                numbers.Add(int.Parse(told.Detail!, null));
            }
        }

        Assert.That(missed, Is.GreaterThan(80));
        host.Tell(HostEventKind.Iteration, "last", Guest);
        Assert.That(await watch.TakeAsync(1), Is.EqualTo(new[] { "a Iteration last" }));
    }

    [Test]
    public async Task A_host_that_is_down_does_not_silence_the_others_and_is_heard_when_it_comes()
    {
        await using FakeHost up = Host("up");
        FakeHost late = Host("late");
        bool isDown = true;
        await using Watch watch = Watch.Of(
            Quick,
            WatchedHost.Of(late.Address, _ => isDown ? throw new HostUnreachableException("late", "late cannot be reached") : Task.FromResult<IHost>(late)),
            WatchedHost.Of(up));

        Assert.That(await watch.TakeAsync(2), Is.EquivalentTo(new[] { "up Connected ", "late ConnectionLost late cannot be reached" }));
        up.Tell(HostEventKind.Reboot, null, Guest);
        Assert.That(await watch.TakeAsync(1), Is.EqualTo(new[] { "up Reboot " }));

        isDown = false;
        Assert.That(await watch.TakeAsync(1), Is.EqualTo(new[] { "late Connected " }));
        late.Tell(HostEventKind.Reboot, null, Guest);
        Assert.That(await watch.TakeAsync(1), Is.EqualTo(new[] { "late Reboot " }));
    }

    [Test]
    public async Task A_watch_that_is_cancelled_ends_and_leaves_no_subscription()
    {
        await using FakeHost first = Host("a");
        await using FakeHost second = Host("b");
        await using Watch watch = Watch.Of(Quick, WatchedHost.Of(first), WatchedHost.Of(second));
        await watch.TakeAsync(2);
        Assert.That((first.Watchers, second.Watchers), Is.EqualTo((1, 1)));

        watch.Cancel();

        Assert.That(watch.NextAsync, Throws.InstanceOf<OperationCanceledException>());
        Assert.That((first.Watchers, second.Watchers), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_reader_that_leaves_ends_the_watch()
    {
        await using FakeHost host = Host("a");
        await foreach (HostEvent told in new HostWatcher([WatchedHost.Of(host)]).WatchAsync())
        {
            Assert.That((told.Kind, host.Watchers), Is.EqualTo((HostEventKind.Connected, 1)));
            break;
        }

        Assert.That(host.Watchers, Is.Zero);
    }

    [Test]
    public async Task An_error_that_is_not_the_hosts_ends_the_watch()
    {
        await using FakeHost up = Host("up");
        await using Watch watch = Watch.Of(Quick, WatchedHost.Of(up), WatchedHost.Of(new("b", "b"), _ => throw new DllNotFoundException("no libvirt here")));

        Assert.That(async () => await watch.TakeAsync(2), Throws.TypeOf<DllNotFoundException>());
        Assert.That(up.Watchers, Is.Zero);
    }

    [TestCase(0, 0.0, 125)]
    [TestCase(0, 1.0, 250)]
    [TestCase(3, 1.0, 2000)]
    [TestCase(20, 1.0, 30_000)]
    [TestCase(1000, 0.0, 15_000)]
    public void Delays_double_up_to_the_longest_and_half_of_each_is_left_to_chance(int failures, double chance, double milliseconds) =>
        Assert.That(new WatchOptions().Delay(failures, chance), Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));

    [TestCase("stopped", HostEventKind.Lifecycle, "stopped/shutdown", true)]
    [TestCase("stopped/shutdown", HostEventKind.Lifecycle, "stopped/shutdown", true)]
    [TestCase("stopped/destroyed", HostEventKind.Lifecycle, "stopped/shutdown", false)]
    [TestCase("stopped/shut", HostEventKind.Lifecycle, "stopped/shutdown", false)]
    [TestCase("lifecycle", HostEventKind.Lifecycle, "stopped/shutdown", true)]
    [TestCase("device_removed", HostEventKind.DeviceRemoved, "net1", true)]
    [TestCase("device_removed/net1", HostEventKind.DeviceRemoved, "net1", true)]
    [TestCase("device_removed/net", HostEventKind.DeviceRemoved, "net1", false)]
    [TestCase("device_removed", HostEventKind.DeviceRemovalFailed, "net1", false)]
    [TestCase("shutdown", HostEventKind.Lifecycle, "stopped/shutdown", false)]
    public void A_pattern_matches_a_kind_or_a_lifecycle_event_with_or_without_its_detail(string pattern, HostEventKind kind, string detail, bool matches) =>
        Assert.That(HostEventPattern.TryParse(pattern)!.Matches(new() { Kind = kind, Host = "a", Arrived = default, Detail = detail }), Is.EqualTo(matches));

    [TestCase("stoped")]
    [TestCase("")]
    [TestCase("/net1")]
    [TestCase("Stopped")]
    public void A_word_that_is_no_event_is_no_pattern(string text) => Assert.That(HostEventPattern.TryParse(text), Is.Null);

    private FakeHost Host(string name) => new(name, _clock) { Domains = { [Guest.Uuid] = Guest } };

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            await Task.Delay(1, deadline.Token);
        }
    }

    /// <summary>A time in which every delay is over at once, and is known.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private readonly Lock _lock = new();
        private readonly List<TimeSpan> _delays = [];
        private long _now;

        internal IReadOnlyList<TimeSpan> Delays
        {
            get
            {
                lock (_lock)
                {
                    return [.. _delays];
                }
            }
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_lock)
            {
                _delays.Add(dueTime);
            }

            Pass(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }

        internal void Pass(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
    }

    /// <summary>A reader that asks for one event after the other.</summary>
    private sealed class Watch(IAsyncEnumerator<HostEvent> events, CancellationTokenSource end) : IAsyncDisposable
    {
        internal static Watch Of(WatchOptions options, params WatchedHost[] hosts)
        {
            var end = new CancellationTokenSource(Deadline);
            return new(new HostWatcher(hosts, options).WatchAsync(end.Token).GetAsyncEnumerator(), end);
        }

        internal async Task<HostEvent> NextAsync() =>
            await events.MoveNextAsync() ? events.Current : throw new InvalidOperationException("the watch ended by itself");

        internal async Task<List<string>> TakeAsync(int count)
        {
            var taken = new List<string>();
            while (taken.Count < count)
            {
                HostEvent told = await NextAsync();
                taken.Add($"{told.Host} {told.Kind} {told.Detail}");
            }

            return taken;
        }

        internal void Cancel() => end.Cancel();

        public async ValueTask DisposeAsync()
        {
            await end.CancelAsync();
            await events.DisposeAsync();
            end.Dispose();
        }
    }
}
