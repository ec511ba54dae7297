using System.Net;
using System.Net.Sockets;
using System.Text;
using Orchestrator.Lab.Relays;

namespace Orchestrator.Lab.Tests.Relays;

/// <summary>Relays between sockets of ours.</summary>
public sealed class RelayTests
{
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(60);

    private readonly HeldTime _time = new();
    private string _folder = null!;
    private FarSide _target = null!;
    private SocketRelay _relay = null!;

    [SetUp]
    public void Start()
    {
        _folder = Directory.CreateTempSubdirectory("relay-").FullName;
        _target = new(Path.Combine(_folder, "target"));
        _relay = SocketRelay.Start(Path.Combine(_folder, "relay"), Path.Combine(_folder, "target"), _time);
    }

    [TearDown]
    public async Task End()
    {
        await _relay.DisposeAsync();
        _target.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task Everything_passes_both_ways_in_its_order()
    {
        var (near, far) = await ConnectAsync();
        using (near)
        using (far)
        {
            var sent = new byte[3_000_000];
            new Random(1).NextBytes(sent);
            var sending = near.SendAsync(sent, LabFixture.Deadline(20));
            Assert.That(await ReadAsync(far, sent.Length), Is.EqualTo(sent));
            await sending;
            await far.SendAsync("answer"u8.ToArray());
            Assert.That(await ReadAsync(near, 6), Is.EqualTo("answer"u8.ToArray()));
        }
    }

    [Test]
    public async Task An_end_passes_after_what_came_before_it_and_the_other_way_stays_open()
    {
        var (near, far) = await ConnectAsync();
        using (near)
        using (far)
        {
            await near.SendAsync("last"u8.ToArray());
            near.Shutdown(SocketShutdown.Send);
            Assert.That(await ReadAsync(far, 4), Is.EqualTo("last"u8.ToArray()));
            Assert.That(await EndsAsync(far), Is.True);
            await far.SendAsync("yet"u8.ToArray());
            Assert.That(await ReadAsync(near, 3), Is.EqualTo("yet"u8.ToArray()));
        }
    }

    [Test]
    public async Task A_delay_holds_each_message_of_its_direction_alone_and_the_other_direction_not_at_all()
    {
        var (near, far) = await ConnectAsync();
        using (near)
        using (far)
        {
            _relay.Delay(RelayDirection.Forth, Late);
            await PassOneAsync(near, far); // the read that was under way when the delay was set may not know it

            await near.SendAsync("one"u8.ToArray());
            Assert.That(await LabFixture.EventuallyAsync(() => _time.Waiting == 1), Is.True);
            _time.Advance(Late / 2);
            await near.SendAsync("two"u8.ToArray());
            Assert.That(await LabFixture.EventuallyAsync(() => _time.Waiting == 2), Is.True);
            await far.SendAsync("back"u8.ToArray());
            Assert.That(await ReadAsync(near, 4), Is.EqualTo("back"u8.ToArray()));
            Assert.That(far.Available, Is.Zero, "before its time");

            _time.Advance(Late / 2);
            Assert.That(await ReadAsync(far, 3), Is.EqualTo("one"u8.ToArray()));
            Assert.That((far.Available, _time.Waiting), Is.EqualTo((0, 1)), "the second is as late as the first, not twice");
            _time.Advance(Late / 2);
            Assert.That(await ReadAsync(far, 3), Is.EqualTo("two"u8.ToArray()));
        }
    }

    [Test]
    public async Task What_is_stalled_waits_and_nothing_of_it_is_lost()
    {
        var (near, far) = await ConnectAsync();
        using (near)
        using (far)
        {
            _relay.Stall();
            await near.SendAsync("held"u8.ToArray());
            using var second = await FarSide.ConnectAsync(_relay.Path);
            await second.SendAsync("new"u8.ToArray());
            var accepting = _target.AcceptAsync();
            Assert.That(await LabFixture.EventuallyAsync(() => _relay.Connections == 2), Is.True);
            Assert.That((far.Available, accepting.IsCompleted), Is.EqualTo((0, false)));

            _relay.Resume();
            Assert.That(await ReadAsync(far, 4), Is.EqualTo("held"u8.ToArray()));
            using var behind = await accepting;
            Assert.That(await ReadAsync(behind, 3), Is.EqualTo("new"u8.ToArray()));
        }
    }

    [Test]
    public async Task A_cut_ends_both_sides_and_whoever_comes_until_it_is_mended([Values] bool isStalled)
    {
        var (near, far) = await ConnectAsync();
        using (near)
        using (far)
        {
            if (isStalled)
            {
                _relay.Stall();
            }

            _relay.Cut();
            Assert.That(await EndsAsync(near), Is.True);
            Assert.That(await EndsAsync(far), Is.True);
            Assert.That(await LabFixture.EventuallyAsync(() => _relay.Connections == 0), Is.True);
            using var late = await FarSide.ConnectAsync(_relay.Path);
            Assert.That(await EndsAsync(late), Is.True);
        }

        _relay.Resume();
        var (again, behind) = await ConnectAsync();
        using (again)
        using (behind)
        {
            await PassOneAsync(again, behind);
        }
    }

    [Test]
    public async Task A_side_that_dies_ends_the_other()
    {
        var (near, far) = await ConnectAsync();
        using (near)
        {
            far.Dispose();
            Assert.That(await EndsAsync(near), Is.True);
        }

        Assert.That(await LabFixture.EventuallyAsync(() => _relay.Connections == 0), Is.True);
    }

    [Test]
    public async Task With_nobody_behind_it_a_connection_ends_and_the_relay_lives_on()
    {
        _target.Dispose();
        File.Delete(Path.Combine(_folder, "target"));
        using (var near = await FarSide.ConnectAsync(_relay.Path))
        {
            Assert.That(await EndsAsync(near), Is.True);
        }

        _target = new(Path.Combine(_folder, "target"));
        var (again, behind) = await ConnectAsync();
        using (again)
        using (behind)
        {
            await PassOneAsync(again, behind);
        }
    }

    [Test]
    public async Task Disposed_of_it_leaves_no_connection_and_no_socket([Values] bool isStalled)
    {
        var (near, far) = await ConnectAsync();
        using (near)
        using (far)
        {
            if (isStalled)
            {
                _relay.Stall();
                await near.SendAsync("held"u8.ToArray());
            }

            await _relay.DisposeAsync();
            Assert.That(await EndsAsync(near), Is.True);
            Assert.That(await EndsAsync(far), Is.True);
        }

        Assert.That(File.Exists(_relay.Path), Is.False);
    }

    [Test]
    public async Task Between_two_addresses_of_the_machine_a_cut_is_a_reset()
    {
        await using var relay = TcpRelay.Start();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(relay.ListenAddress), relay.Port));
        listener.Listen();
        using var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await near.ConnectAsync(new IPEndPoint(IPAddress.Loopback, new Uri(relay.MigrateUri).Port), LabFixture.Deadline(20));
        using var far = await listener.AcceptAsync(LabFixture.Deadline(20));
        await PassOneAsync(near, far);

        relay.Cut();
        var ended = Assert.ThrowsAsync<SocketException>(async () => await near.ReceiveAsync(new byte[1], LabFixture.Deadline(20)));
        Assert.That(ended!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset));
    }

    [Test]
    public void A_port_that_is_taken_is_an_error()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        Assert.That(() => TcpRelay.Start(((IPEndPoint)taken.LocalEndPoint!).Port), Throws.TypeOf<SocketException>());
    }

    private async Task<(Socket Near, Socket Far)> ConnectAsync()
    {
        var near = await FarSide.ConnectAsync(_relay.Path);
        return (near, await _target.AcceptAsync());
    }

    private async Task PassOneAsync(Socket near, Socket far)
    {
        await near.SendAsync("x"u8.ToArray());
        var reading = ReadAsync(far, 1);
        Assert.That(await LabFixture.EventuallyAsync(() =>
        {
            _time.Advance(Late);
            return reading.IsCompleted;
        }), Is.True);
        Assert.That(Encoding.ASCII.GetString(await reading), Is.EqualTo("x"));
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var read = 0; read < length;)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(read), LabFixture.Deadline(20));
            Assert.That(more, Is.Positive, "it ended");
            read += more;
        }

        return bytes;
    }

    private static async Task<bool> EndsAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1], LabFixture.Deadline(20)) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
