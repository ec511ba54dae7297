using System.Runtime.InteropServices;

namespace Orchestrator.Lab.Processes;

/// <summary>The few system calls the base class library has no door to.</summary>
internal static unsafe partial class Posix
{
    private const string LibC = "libc.so.6";
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const int AtEmptyPath = 0x1000;
    private const uint StatxBasicStats = 0x7ff;

    /// <summary>Asks a process to end.</summary>
    public const int SigTerm = 15;

    /// <summary>Ends a process.</summary>
    public const int SigKill = 9;

    /// <summary>The user this process acts as.</summary>
    public static uint EffectiveUserId => geteuid();

    /// <summary>Gives a file or folder, not what a link points at, to another account.</summary>
    public static void ChangeOwner(string path, uint user, uint group)
    {
        if (lchown(path, user, group) != 0)
        {
            throw new IOException($"Cannot give {path} to user {user}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    /// <summary>Sends a signal; a process that is gone meanwhile is no error.</summary>
    public static bool Signal(int pid, int signal) => kill(pid, signal) == 0;

    /// <summary>What a path is, without following a link in its last part; <see langword="null"/> when there is nothing.</summary>
    public static FileIdentity? Look(string path) => Stat(AtFdCwd, path, AtSymlinkNoFollow);

    /// <summary>What an open file is.</summary>
    public static FileIdentity? Look(SafeHandle file) => Stat((int)file.DangerousGetHandle(), "", AtEmptyPath);

    private static FileIdentity? Stat(int folder, string path, int flags)
    {
        // struct statx is the same on every architecture, struct stat is not: uid at 20, mode at 28, inode at 32.
        var buffer = stackalloc byte[256];
        return statx(folder, path, flags, StatxBasicStats, buffer) == 0
            ? new FileIdentity(*(uint*)(buffer + 20), *(ushort*)(buffer + 28), *(ulong*)(buffer + 32))
            : null;
    }

    [LibraryImport(LibC)]
    private static partial uint geteuid();

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint user, uint group);

    [LibraryImport(LibC, SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte* buffer);
}

/// <summary>Owner, type with permissions, and inode of a file.</summary>
internal readonly record struct FileIdentity(uint User, ushort Mode, ulong Inode)
{
    /// <summary>Whether it is a real folder, no link.</summary>
    public bool IsFolder => (Mode & 0xF000) == 0x4000;

    /// <summary>Whether someone else may write to it.</summary>
    public bool IsWritableByOthers => (Mode & 0x12) != 0;
}
