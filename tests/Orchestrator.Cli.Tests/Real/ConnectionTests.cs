using System.Collections.Concurrent;
using System.Diagnostics;
using Orchestrator.Hosts;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Connections that break, and daemons that do not answer, on a lab of its own.</summary>
public sealed class ConnectionTests
{
    private const string Host = "lab-a";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private VirtualLab _lab = null!;

    private HostAddress Address => new(Host, _lab.GetHost(Host).Uri);

    [OneTimeSetUp]
    public async Task BringUp() => _lab = await VirtualLab.StartAsync(new() { Folder = CliLab.Folder, Hosts = 1 });

    [OneTimeTearDown]
    public async Task TakeDown() => await _lab.DisposeAsync();

    [TearDown]
    public async Task Repair()
    {
        if (_lab.FindDaemon(Host) is { } pid)
        {
            Signal(pid, "CONT");
        }

        await _lab.RepairAsync();
    }

    [Test]
    public async Task A_killed_daemon_is_noticed_without_a_call_in_flight_and_the_next_call_connects_again()
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(Address);
        using HostSubscription subscription = await host.SubscribeAsync(100, CancellationToken.None);

        await _lab.KillDaemonAsync(Host);

        HostEventBatch batch = await ReadAsync(subscription);
        Assert.That(batch.Ended, Does.StartWith("eof"));
        Assert.That(() => host.PingAsync(CancellationToken.None), Throws.TypeOf<HostUnreachableException>().With.Property("Host").EqualTo(Host));

        await _lab.RepairAsync();
        Assert.That(() => host.PingAsync(CancellationToken.None), Throws.Nothing);
    }

    [Test]
    public async Task A_daemon_that_stands_still_is_noticed_by_keepalive_and_ends_the_calls_in_flight()
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(Address, new() { KeepAliveIntervalSeconds = 1, KeepAliveCount = 2 });
        using HostSubscription subscription = await host.SubscribeAsync(100, CancellationToken.None);

        Signal(_lab.FindDaemon(Host)!.Value, "STOP");
        Task[] calls = [.. Enumerable.Range(0, 3).Select(_ => host.PingAsync(CancellationToken.None))];

        foreach (Task call in calls)
        {
            Assert.That(() => call.WaitAsync(Deadline), Throws.TypeOf<HostUnreachableException>());
        }

        Assert.That((await ReadAsync(subscription)).Ended, Does.StartWith("keepalive").Or.StartWith("error"));
        Signal(_lab.FindDaemon(Host)!.Value, "CONT");
        Assert.That(() => host.PingAsync(CancellationToken.None), Throws.Nothing);
    }

    [Test]
    public async Task An_idle_connection_to_a_daemon_that_stands_still_is_given_up_by_keepalive()
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(Address, new() { KeepAliveIntervalSeconds = 1, KeepAliveCount = 2 });
        using HostSubscription subscription = await host.SubscribeAsync(100, CancellationToken.None);

        Signal(_lab.FindDaemon(Host)!.Value, "STOP");

        Assert.That((await ReadAsync(subscription)).Ended, Does.StartWith("keepalive"));
    }

    // Without keepalive nothing but the deadline ends such calls, and each keeps a thread of the four.
    [TestCase(true)]
    [TestCase(false)]
    public async Task Calls_that_hang_meet_their_deadline_and_keep_nobody_else_from_calling(bool daemonComesBack)
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(Address, new() { KeepAliveIntervalSeconds = 600, CallTimeout = TimeSpan.FromSeconds(2) });
        using HostSubscription subscription = await host.SubscribeAsync(100, CancellationToken.None);
        int daemon = _lab.FindDaemon(Host)!.Value;
        Signal(daemon, "STOP");

        Task[] calls = [.. Enumerable.Range(0, 9).Select(_ => host.PingAsync(CancellationToken.None))];
        foreach (Task call in calls)
        {
            Assert.That(() => call.WaitAsync(Deadline), Throws.TypeOf<HostUnreachableException>());
        }

        Assert.That((await ReadAsync(subscription)).Ended, Does.StartWith("timeout"));
        if (daemonComesBack)
        {
            Signal(daemon, "CONT");
        }
        else
        {
            await _lab.RestartDaemonAsync(Host);
        }

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => host.PingAsync(CancellationToken.None)));
        await UntilAsync(() => CallingThreads() <= 4, "the threads that hung have ended");
    }

    // A caller that gives up by itself says nothing about the daemon: the threads that it leaves hanging are noticed all the same.
    [Test]
    public async Task Calls_whose_callers_gave_up_are_replaced_too()
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(Address, new() { KeepAliveIntervalSeconds = 600, CallTimeout = TimeSpan.FromSeconds(1) });
        using var release = new ManualResetEventSlim();
        using var impatient = new CancellationTokenSource();
        using var begun = new CountdownEvent(4);
        Task[] hung =
        [
            .. Enumerable.Range(0, 4).Select(_ => host.InvokeAsync(
                _ =>
                {
                    begun.Signal();
                    return release.Wait(Deadline);
                },
                impatient.Token)),
        ];
        Assert.That(begun.Wait(Deadline), Is.True);
        await impatient.CancelAsync();
        foreach (Task call in hung)
        {
            Assert.That(() => call, Throws.InstanceOf<OperationCanceledException>());
        }

        // The first of these may still wait its time out behind them; then it is another's turn.
        using var deadline = new CancellationTokenSource(Deadline);
        while (!deadline.IsCancellationRequested)
        {
            try
            {
                await host.PingAsync(deadline.Token);
                break;
            }
            catch (HostUnreachableException)
            {
                // Behind the four.
            }
        }

        Assert.That(deadline.IsCancellationRequested, Is.False, "a call came through while four still hang");
        release.Set();
        await UntilAsync(() => CallingThreads() <= 4, "the threads that hung have ended");
    }

    [Test]
    public async Task A_host_is_disposed_of_while_its_daemon_stands_still()
    {
        LibvirtHost host = await LibvirtHost.ConnectAsync(Address, new() { KeepAliveIntervalSeconds = 600 });
        int daemon = _lab.FindDaemon(Host)!.Value;
        Signal(daemon, "STOP");
        using var begun = new ManualResetEventSlim();
        Task hung = host.InvokeAsync(connection =>
        {
            begun.Set();
            return connection.GetLibvirtVersion();
        });
        Assert.That(begun.Wait(Deadline), Is.True);

        await host.DisposeAsync().AsTask().WaitAsync(Deadline);

        Signal(daemon, "CONT");
        Assert.That(async () => await hung.WaitAsync(Deadline), Throws.Nothing, "what was in flight ends as it ends");
        Assert.That(() => host.PingAsync(CancellationToken.None), Throws.TypeOf<ObjectDisposedException>());
        await UntilAsync(() => CallingThreads() == 0, "its threads have ended");
    }

    [Test]
    public async Task Connecting_to_a_daemon_that_stands_still_meets_its_deadline()
    {
        Signal(_lab.FindDaemon(Host)!.Value, "STOP");

        Assert.That(
            () => LibvirtHost.ConnectAsync(Address, new() { ConnectTimeout = TimeSpan.FromSeconds(1) }).WaitAsync(Deadline),
            Throws.TypeOf<HostUnreachableException>().With.Message.Contains("did not answer"));
    }

    [Test]
    public async Task Sixteen_callers_outlive_twenty_deaths_of_the_daemon()
    {
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(Address);
        using var enough = new CancellationTokenSource();
        var unexpected = new ConcurrentBag<Exception>();
        int[] successes = new int[16];
        Task[] callers = [.. Enumerable.Range(0, 16).Select(CallAsync)];

        for (int death = 0; death < 20; death++)
        {
            await _lab.RestartDaemonAsync(Host);
            int[] before = [.. successes];
            await UntilAsync(() => Enumerable.Range(0, 16).All(caller => Volatile.Read(ref successes[caller]) > before[caller]), $"every caller is served after death {death + 1}");
        }

        await enough.CancelAsync();
        await Task.WhenAll(callers);
        Assert.That(unexpected, Is.Empty);
        Assert.That(CallingThreads(), Is.LessThanOrEqualTo(4));

        async Task CallAsync(int caller)
        {
            while (!enough.IsCancellationRequested)
            {
                try
                {
                    await host.ListDomainsAsync(CancellationToken.None);
                    Interlocked.Increment(ref successes[caller]);
                }
                catch (HostUnreachableException)
                {
                    await Task.Delay(5);
                }
                catch (Exception e)
                {
                    unexpected.Add(e);
                }
            }
        }
    }

    private static async Task<HostEventBatch> ReadAsync(HostSubscription subscription)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            HostEventBatch batch = await subscription.ReadAsync(deadline.Token);
            if (batch.Ended is not null)
            {
                return batch;
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Deadline), what);
            await Task.Delay(10);
        }
    }

    // Linux cuts a thread's name after 15 characters.
    private static int CallingThreads() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("libvirt calls", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // ended meanwhile
        }
    });

    private static void Signal(int pid, string signal)
    {
        using Process kill = Process.Start("kill", ["-s", signal, $"{pid}"]);
        kill.WaitForExit();
        Assert.That(kill.ExitCode, Is.Zero);
    }
}
