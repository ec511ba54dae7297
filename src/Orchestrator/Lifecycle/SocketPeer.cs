using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Orchestrator.Lifecycle;

/// <summary>Who is at the other end of a unix socket, as the kernel knows it.</summary>
/// <param name="Pid">The process.</param>
/// <param name="User">Its user's number.</param>
internal readonly record struct SocketPeer(int Pid, int User)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    internal static SocketPeer Of(Socket socket)
    {
        Span<int> credentials = stackalloc int[3]; // struct ucred: pid, uid, gid
        socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
        return new(credentials[0], credentials[1]);
    }
}
