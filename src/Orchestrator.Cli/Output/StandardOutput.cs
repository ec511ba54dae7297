using System.Runtime.InteropServices;

namespace Orchestrator.Cli;

/// <summary>What .NET does not tell of standard output: its stream drops what nobody reads without a word.</summary>
internal static partial class StandardOutput
{
    private const short PollError = 0x8;

    /// <summary>Whether it is a pipe that nobody reads any more (<c>| head</c>).</summary>
    internal static unsafe bool IsReaderGone()
    {
        var output = new PollDescriptor { File = 1 };
        return poll(&output, 1, 0) > 0 && (output.Returned & PollError) != 0;
    }

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
