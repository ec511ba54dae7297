using System.Runtime.InteropServices;

namespace Orchestrator.Cli;

/// <summary>What .NET does not tell of standard output and standard error: its streams drop what nobody reads without a word.</summary>
internal static partial class StandardOutput
{
    private const short PollError = 0x8;
    private const int GetDescriptorFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC

    /// <summary>Whether it is a pipe that nobody reads any more (<c>| head</c>).</summary>
    internal static unsafe bool IsReaderGone()
    {
        var output = new PollDescriptor { File = 1 };
        return poll(&output, 1, 0) > 0 && (output.Returned & PollError) != 0;
    }

    /// <summary>
    /// Whether a descriptor came from whoever started us. If it was closed (<c>&gt;&amp;-</c>), its number may be that of a file the runtime opened since:
    /// nothing may be written there. That one is closed on exec, as none can be that lived through ours.
    /// </summary>
    internal static bool IsInherited(int descriptor) => fcntl(descriptor, GetDescriptorFlags) is >= 0 and var flags && (flags & CloseOnExec) == 0;

    [LibraryImport("libc.so.6")]
    private static partial int fcntl(int descriptor, int command);

    [LibraryImport("libc.so.6")]
    private static unsafe partial int poll(PollDescriptor* descriptors, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        internal int File;
        internal short Asked;
        internal short Returned;
    }
}
