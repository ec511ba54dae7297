using System.Net.Sockets;
using System.Text;
using Orchestrator.Lab.Hosts;

namespace Orchestrator.Lab.Guests;

/// <summary>The process that every QEMU of one guest connects its serial port to.</summary>
internal static class Collector
{
    private const int LogLimit = 8 * 1024 * 1024;

    /// <summary>The socket for QEMU, beside the guest's others.</summary>
    public static string SerialSocket(LabGuest guest) => Path.Combine(FolderOf(guest), "serial");

    /// <summary>The guest's folder.</summary>
    public static string FolderOf(LabGuest guest) => Path.GetDirectoryName(guest.TickLog)!;

    /// <summary>Describes a guest whose collector's files are in a folder.</summary>
    public static LabGuest Describe(GuestOptions options, string folder) => new(
        options.Name,
        Guid.NewGuid(),
        Path.Combine(folder, "ticks"),
        Path.Combine(folder, "control"),
        // What is left of the memory belongs to the guest's kernel, and it must not run out.
        options.WorkingSetMiB ?? Math.Max(1, options.MemoryMiB * 3 / 8));

    /// <summary>Starts the collector unless it runs.</summary>
    public static async Task EnsureAsync(
        LabGuest guest, string program, LabAccount account, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await Daemon.AcceptsAsync(guest.ControlSocket, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var folder = FolderOf(guest);
        var start = new DaemonStart
        {
            Command = [program, SerialSocket(guest), guest.ControlSocket, guest.TickLog, LogLimit.ToString(System.Globalization.CultureInfo.InvariantCulture)],
            Environment = new Dictionary<string, string> { ["HOME"] = folder, ["LC_ALL"] = "C.UTF-8" },
            Account = account,
            Log = Path.Combine(folder, "collector.log"),
            Socket = guest.ControlSocket,
        };
        await Daemon.StartAsync(start, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a line to the guest; <see langword="false"/> when no QEMU is connected.</summary>
    /// <exception cref="SocketException">The collector does not run.</exception>
    public static async Task<bool> SendAsync(LabGuest guest, string line, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(guest.ControlSocket), cancellationToken).ConfigureAwait(false);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\n"), cancellationToken).ConfigureAwait(false);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) == "sent";
    }
}
