using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>A guest's console, as this connection's stream. Nothing here waits; bytes arrive while libvirt's event loop runs. For one thread at a time.</summary>
public sealed class LibvirtConsole : IDisposable
{
    private const uint NonBlocking = 1; // VIR_STREAM_NONBLOCK
    private const int WouldBlock = -2;

    private readonly StreamHandle _stream;

    private LibvirtConsole(StreamHandle stream) => _stream = stream;

    /// <summary>Reads what has come.</summary>
    /// <param name="buffer">Where it goes.</param>
    /// <returns>How many bytes; 0 when the console was closed at the other end; <see langword="null"/> when nothing has come yet.</returns>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-stream.html#virStreamRecv"/></remarks>
    public unsafe int? TryRead(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            int count = LibVirt.virStreamRecv(_stream, start, (nuint)buffer.Length);
            return count == WouldBlock ? null : VirCall.Check(count, nameof(LibVirt.virStreamRecv));
        }
    }

    /// <summary>Writes as much as the stream takes now.</summary>
    /// <param name="data">The bytes.</param>
    /// <returns>How many it took; <see langword="null"/> for none yet.</returns>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-stream.html#virStreamSend"/></remarks>
    public unsafe int? TryWrite(ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
        {
            int count = LibVirt.virStreamSend(_stream, start, (nuint)data.Length);
            return count == WouldBlock ? null : VirCall.Check(count, nameof(LibVirt.virStreamSend));
        }
    }

    /// <summary>Closes it, for the next client.</summary>
    public void Dispose()
    {
        if (!_stream.IsClosed)
        {
            _ = LibVirt.virStreamAbort(_stream);
            _stream.Dispose();
        }
    }

    internal static LibvirtConsole Open(DomainHandle domain, string? device)
    {
        StreamHandle stream = VirCall.Check(LibVirt.virStreamNew(LibVirt.virDomainGetConnect(domain), NonBlocking), nameof(LibVirt.virStreamNew));
        try
        {
            VirCall.Check(LibVirt.virDomainOpenConsole(domain, device is null ? null : VirCall.Text(device), stream, 0), nameof(LibVirt.virDomainOpenConsole));
            return new(stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }
}
