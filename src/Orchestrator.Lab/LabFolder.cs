using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab;

/// <summary>The folder that holds one user's labs.</summary>
internal static class LabFolder
{
    // 107 characters for a socket's path, less what libvirt adds for the longest: /ID/a/config/libvirt/qemu/lib/domain-999-TWENTY…/monitor.sock
    private const int MaxLength = 36;

    // The lab's account must reach its folder below this one, and must not see what else is here.
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>This user's.</summary>
    public static string Default => $"/tmp/orchestrator-lab-{Posix.EffectiveUserId}";

    /// <summary>Makes sure that the folder exists and that nobody else could have put anything there.</summary>
    /// <exception cref="LabException">It is someone else's, or its path is too long for a socket.</exception>
    public static void Prepare(string folder)
    {
        if (folder.Length > MaxLength)
        {
            throw new LabException($"The path {folder} is too long for the sockets of a lab.", $"Choose one of at most {MaxLength} characters.");
        }

        Make(folder);
        if (Posix.Look(folder) is not { IsFolder: true, IsWritableByOthers: false } found || found.User != Posix.EffectiveUserId)
        {
            throw new LabException($"{folder} is not a folder that only this user can write to.", $"Find out who made it, and remove it.");
        }
    }

    /// <summary>Makes a folder that everyone may pass through and only its owner may change.</summary>
    public static void Make(string folder)
    {
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, Mode);
            File.SetUnixFileMode(folder, Mode); // whatever the umask was
        }
    }

    /// <summary>Where the journal of the labs' migrations is, beside them; it goes with the last of them.</summary>
    public static string StateIn(string folder) => Path.Combine(folder, "state");

    /// <summary>The labs in the folder.</summary>
    public static IReadOnlyList<string> LabsIn(string folder) =>
        Directory.Exists(folder) ? [.. Directory.GetDirectories(folder).Where(lab => lab != StateIn(folder))] : [];
}
