namespace Orchestrator.Recovery;

/// <summary>Where the journal is kept. Pure, except for <see cref="Create"/>.</summary>
public static class StateFolder
{
    /// <summary>The variable that names the folder.</summary>
    public const string Variable = "ORCHESTRATOR_STATE_DIR";

    /// <summary>The folder of the machine's own operations.</summary>
    public const string System = "/var/lib/orchestrator";

    /// <summary>The folder of a process: the named one, that of the variable, what systemd gave a service, the machine's for root, else the user's.</summary>
    /// <param name="named">What the user named; <see langword="null"/> for nothing.</param>
    /// <param name="variable">Reads a variable.</param>
    /// <param name="isRoot">Whether the process is root's.</param>
    /// <exception cref="JournalException">Nothing tells of a place.</exception>
    public static string Of(string? named, Func<string, string?> variable, bool isRoot)
    {
        ArgumentNullException.ThrowIfNull(variable);
        if (named is { Length: > 0 })
        {
            return Path.GetFullPath(named);
        }

        if (variable(Variable) is { Length: > 0 } ours)
        {
            return Path.GetFullPath(ours);
        }

        // A service may have several folders; the first is its main one.
        if (Rooted(variable("STATE_DIRECTORY")?.Split(':')[0]) is { } service)
        {
            return service;
        }

        // The base directory specification: a relative path is invalid, and ignored.
        return isRoot ? System
            : Rooted(variable("XDG_STATE_HOME")) is { } state ? Path.Combine(state, "orchestrator")
            : Rooted(variable("HOME")) is { } home ? Path.Combine(home, ".local", "state", "orchestrator")
            : throw new JournalException(
                JournalProblem.Unusable, "there is no place for the journal: neither HOME nor XDG_STATE_HOME names a folder", $"Name one: --state-dir, or {Variable}.");
    }

    /// <summary>Makes the folder, for its owner alone, unless it is there.</summary>
    internal static void Create(string folder)
    {
        try
        {
            if (Path.GetDirectoryName(folder) is { } parent)
            {
                Directory.CreateDirectory(parent);
            }

            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JournalException(
                JournalProblem.Unusable, $"the folder of the journal cannot be made: {e.Message}", $"Name another one: --state-dir, or {Variable}.", e);
        }
    }

    private static string? Rooted(string? path) => path is { Length: > 0 } && Path.IsPathRooted(path) ? path : null;
}
