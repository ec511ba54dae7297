using System.Globalization;

namespace Orchestrator.Lab.Processes;

/// <summary>One process, never to be confused with a later one of the same number.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="StartTicks">When it began, in clock ticks since the machine was started.</param>
/// <param name="BootId">Which start of the machine that was.</param>
/// <param name="Namespace">Where the number means this process: containers may share the folder of the labs, but not the numbers.</param>
internal sealed record ProcessIdentity(int Pid, long StartTicks, string BootId, string Namespace)
{
    /// <summary>This process.</summary>
    public static ProcessIdentity Current =>
        new(Environment.ProcessId, ReadStat(Environment.ProcessId)?.StartTicks ?? 0, CurrentBootId, CurrentNamespace);

    /// <summary>This start of the machine.</summary>
    public static string CurrentBootId => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Where this process's numbers hold.</summary>
    public static string CurrentNamespace => new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";

    /// <summary>Whether the process still runs, or may do so where we cannot see it.</summary>
    public bool IsAlive() => BootId == CurrentBootId
        && (Namespace != CurrentNamespace || (ReadStat(Pid) is { IsGone: false } stat && stat.StartTicks == StartTicks));

    /// <summary>Reads <c>/proc/PID/stat</c>; <see langword="null"/> when there is no such process.</summary>
    public static ProcessStat? ReadStat(int pid)
    {
        try
        {
            return ParseStat(File.ReadAllText($"/proc/{pid}/stat"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Understands the text of <c>/proc/PID/stat</c>; <see langword="null"/> for anything else.</summary>
    public static ProcessStat? ParseStat(string text)
    {
        // The name stands in parentheses and may itself contain spaces and parentheses.
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var close = text.LastIndexOf(')');
        if (open < 0 || close < open)
        {
            return null;
        }

        var fields = text[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? new ProcessStat(text[(open + 1)..close], fields[0][0], start)
            : null;
    }
}

/// <summary>What the lab needs of <c>/proc/PID/stat</c>.</summary>
internal sealed record ProcessStat(string Name, char State, long StartTicks)
{
    /// <summary>Whether only its exit status is left of it.</summary>
    public bool IsGone => State is 'Z' or 'X';
}
