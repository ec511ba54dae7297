using System.Globalization;
using Orchestrator.Recovery;

namespace Orchestrator.Regression.Store;

/// <summary>The process that makes a run.</summary>
/// <param name="MachineId">The machine's id.</param>
/// <param name="HostName">The machine's name.</param>
/// <param name="BootId">Which start of the machine: a process of an earlier one is gone.</param>
/// <param name="Pid">The process.</param>
/// <param name="StartTicks">When it began, in clock ticks since that start: tells it from a later process of the same number, and no setting of the clock changes it.</param>
/// <param name="User">Its user; empty when that is not known.</param>
public sealed record RunOwner(string MachineId, string HostName, string BootId, int Pid, long StartTicks, string User)
{
    /// <summary>This process.</summary>
    public static RunOwner Here { get; } = new(
        OperationOwner.Here.MachineId, OperationOwner.Here.HostName, CurrentBoot, Environment.ProcessId, TicksOf(Environment.ProcessId) ?? 0, OperationOwner.Here.User);

    private static string CurrentBoot => Read("/proc/sys/kernel/random/boot_id")?.Trim() ?? "";

    /// <summary>Whether it lives; <see langword="null"/> of another machine's, which cannot be seen from here.</summary>
    public bool? IsAlive() => MachineId != Here.MachineId ? null : BootId == Here.BootId && TicksOf(Pid) == StartTicks;

    /// <summary>In words: <c>pid 4242 of root on node1</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pid {Pid}{(User.Length > 0 ? $" of {User}" : "")} on {HostName}");

    /// <summary>When a process began; <see langword="null"/> when there is none, or it has ended and nobody has asked for its exit code yet.</summary>
    private static long? TicksOf(int pid)
    {
        // The name, in brackets, may contain anything; behind it state is the first field and the start the twentieth.
        string[]? fields = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")) is { } stat && stat.LastIndexOf(')') is > 0 and var name ? stat[(name + 2)..].Split(' ') : null;
        return fields is [not ("Z" or "X"), ..] && fields.Length > 19 && long.TryParse(fields[19], CultureInfo.InvariantCulture, out long ticks) ? ticks : null;
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
