using System.Runtime.InteropServices;

namespace Orchestrator.Hosts;

/// <summary>The few system calls the base class library has no door to.</summary>
internal static unsafe partial class Posix
{
    private const string LibC = "libc.so.6";
    private const int AtFdCwd = -100;
    private const uint StatxBasicStats = 0x7ff;
    private const int ClockUnsynchronised = 0x40; // STA_UNSYNC

    /// <summary>Owner and mode of a file, links followed; <see langword="null"/> when there is nothing, or nothing to be seen.</summary>
    internal static FileOwner? Owner(string path)
    {
        // struct statx is the same on every architecture, struct stat is not: uid at 20, gid at 24, mode at 28.
        byte* buffer = stackalloc byte[256];
        return statx(AtFdCwd, path, 0, StatxBasicStats, buffer) == 0
            ? new(*(uint*)(buffer + 20), *(uint*)(buffer + 24), (UnixFileMode)(*(ushort*)(buffer + 28) & 0xfff))
            : null;
    }

    /// <summary>What the kernel thinks of its clock: whether it is synchronised, and its greatest error in microseconds; nothing is set.</summary>
    internal static (bool Synchronised, long MaxErrorMicroseconds)? Clock()
    {
        // struct timex on 64 bits: modes at 0, maxerror at 24, status at 40; 208 bytes.
        byte* buffer = stackalloc byte[256];
        new Span<byte>(buffer, 256).Clear();
        return adjtimex(buffer) >= 0 ? ((*(int*)(buffer + 40) & ClockUnsynchronised) == 0, *(long*)(buffer + 24)) : null;
    }

    /// <summary>The user in whose name this process acts.</summary>
    internal static uint EffectiveUser() => geteuid();

    [LibraryImport(LibC)]
    private static partial uint geteuid();

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte* buffer);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int adjtimex(byte* buffer);
}
