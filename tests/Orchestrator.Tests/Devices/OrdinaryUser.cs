using System.Runtime.InteropServices;

namespace Orchestrator.Tests.Devices;

/// <summary>What another user than root sees of files.</summary>
internal static class OrdinaryUser
{
    private const int Nobody = 65534;

    /// <summary>Does something as the user <c>nobody</c> when this one is root. Only the calling thread is that user, and for files alone.</summary>
    internal static T Does<T>(Func<T> action)
    {
        int before = setfsuid(-1); // tells, and changes nothing
        if (Environment.IsPrivilegedProcess)
        {
            _ = setfsuid(Nobody);
        }

        try
        {
            return action();
        }
        finally
        {
            _ = setfsuid(before);
        }
    }

    [DllImport("libc.so.6")]
    private static extern int setfsuid(int fsuid);
}
