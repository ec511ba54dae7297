using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Orchestrator.Lab.Guests;
using Orchestrator.Lab.Images;

namespace Orchestrator.Lab.Tests.Guests;

/// <summary>The real collector, with sockets of ours in QEMU's place.</summary>
[Category("Libvirt")]
public sealed class CollectorTests
{
    private LabGuest _guest = null!;
    private Process _collector = null!;

    [SetUp]
    public async Task Start()
    {
        var image = await GuestImage.EnsureAsync(new LabOptions(), null, LabFixture.Deadline(300));
        _guest = Collector.Describe(new GuestOptions(), Directory.CreateTempSubdirectory("collector-").FullName);
        _collector = Process.Start(image.Collector, [Collector.SerialSocket(_guest), _guest.ControlSocket, _guest.TickLog, "400"]);
        Assert.That(await LabFixture.EventuallyAsync(() => File.Exists(Collector.SerialSocket(_guest))), Is.True);
    }

    [TearDown]
    public void End()
    {
        _collector.Kill();
        _collector.Dispose();
        Directory.Delete(Collector.FolderOf(_guest), recursive: true);
    }

    [Test]
    public async Task Line_begun_on_one_connection_and_ended_on_the_next_is_one_line()
    {
        using var source = await ConnectAsync();
        using var destination = await ConnectAsync();
        await source.SendAsync("T 1 10 0\nT 2 2"u8.ToArray());
        Assert.That(await LabFixture.EventuallyAsync(() => Texts().Count == 1), Is.True);
        source.Close();

        await destination.SendAsync("0 0\r\n"u8.ToArray());

        Assert.That(await LabFixture.EventuallyAsync(() => Texts().Count == 2), Is.True);
        Assert.That(Texts(), Is.EqualTo(new[] { "T 1 10 0", "T 2 20 0" }));
    }

    [Test]
    public async Task Log_beyond_its_limit_is_put_aside_and_read_on()
    {
        using var qemu = await ConnectAsync();
        for (var i = 0; i < 20; i++)
        {
            await qemu.SendAsync(Encoding.ASCII.GetBytes($"T {i} {i} 0\n"));
        }

        Assert.That(await LabFixture.EventuallyAsync(() => Texts().Contains("T 19 19 0")), Is.True);
        Assert.That(new FileInfo(_guest.TickLog).Length, Is.LessThan(400));
        Assert.That(new FileInfo(_guest.TickLog + ".1").Length, Is.InRange(400, 450));
        var sequences = TickLogReader.Read(_guest.TickLog, DateTimeOffset.MinValue, DateTimeOffset.MaxValue).Select(t => t.Sequence).ToList();
        Assert.That(sequences[^1], Is.EqualTo(19));
        Assert.That(sequences, Is.EqualTo(Enumerable.Range(0, 20).Select(i => (long)i).TakeLast(sequences.Count)));
    }

    [Test]
    public async Task SendAsync_goes_to_the_connection_that_spoke_last()
    {
        Assert.That(await Collector.SendAsync(_guest, "D 1 1", LabFixture.Deadline(20)), Is.False, "nobody is there");
        using var source = await ConnectAsync();
        using var destination = await ConnectAsync();
        await destination.SendAsync("T 1 10 0\n"u8.ToArray());
        Assert.That(await LabFixture.EventuallyAsync(() => Texts().Count == 1), Is.True);

        Assert.That(await Collector.SendAsync(_guest, "D 1 1", LabFixture.Deadline(20)), Is.True);

        var buffer = new byte[64];
        var length = await destination.ReceiveAsync(buffer, LabFixture.Deadline(20));
        Assert.That(Encoding.ASCII.GetString(buffer, 0, length), Is.EqualTo("D 1 1\n"));
        Assert.That(source.Available, Is.Zero);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Collector.SerialSocket(_guest)), LabFixture.Deadline(20));
        return socket;
    }

    private IReadOnlyList<string> Texts() => TickLogReader.ReadLines(_guest.TickLog, DateTimeOffset.MinValue);
}
