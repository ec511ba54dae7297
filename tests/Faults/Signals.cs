using System.Runtime.InteropServices;

namespace Faults;

/// <summary>Signals, sent without a process in between: the phases are short.</summary>
internal static partial class Signals
{
    internal const int Kill = 9;
    internal const int Continue = 18;
    internal const int Stop = 19;

    /// <summary>Sends a signal.</summary>
    /// <returns>Whether there was such a process.</returns>
    internal static bool Send(int pid, int signal) => kill(pid, signal) == 0;

    [LibraryImport("libc.so.6")]
    private static partial int kill(int pid, int signal);
}
