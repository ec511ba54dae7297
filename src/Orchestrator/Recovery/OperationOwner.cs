using System.Globalization;
using System.Text.Json.Serialization;

namespace Orchestrator.Recovery;

/// <summary>
/// The process that an operation or a run is of. Whether somebody works on a domain or a plan of this machine is told by their claims; whether a process lives that holds none, by
/// <see cref="IsAlive"/>.
/// </summary>
/// <param name="MachineId">The machine's id, which its host name may not tell from another's.</param>
/// <param name="HostName">The machine's name.</param>
/// <param name="Pid">The process.</param>
/// <param name="User">Its user; empty when that is not known.</param>
public sealed record OperationOwner(string MachineId, string HostName, int Pid, string User)
{
    private static readonly string[] MachineIdFiles = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

    /// <summary>Which start of the machine: a process of an earlier one is gone. <see langword="null"/> when that is not known.</summary>
    public string? BootId { get; init; }

    /// <summary>Where the process has this number: containers on one machine have numbers of their own.</summary>
    public string? PidNamespace { get; init; }

    /// <summary>When it began, in clock ticks since the machine's start: tells it from a later process of the same number, and no setting of the clock changes it.</summary>
    public long? StartTicks { get; init; }

    /// <summary>This process.</summary>
    public static OperationOwner Here { get; } = new(
        MachineIdFiles.Select(MachineIdIn).FirstOrDefault(id => id is not null) ?? $"host:{Environment.MachineName}", Environment.MachineName, Environment.ProcessId, Environment.UserName)
    {
        BootId = Read("/proc/sys/kernel/random/boot_id")?.Trim(),
        PidNamespace = new FileInfo("/proc/self/ns/pid").LinkTarget,
        StartTicks = TicksOf(Environment.ProcessId),
    };

    /// <summary>Whether it is a process of this machine, so that the claims of this machine tell whether it works on something.</summary>
    [JsonIgnore]
    public bool IsOfThisMachine => MachineId == Here.MachineId;

    /// <summary>Whether it lives; <see langword="null"/> of one that cannot be seen from here: another machine's or container's.</summary>
    public bool? IsAlive() => this switch
    {
        { IsOfThisMachine: false } or { BootId: null } or { StartTicks: null } => null,
        // An earlier start of this machine; or a machine that was copied from the same image, together with its id.
        _ when BootId != Here.BootId => HostName == Here.HostName ? false : null,
        _ when PidNamespace != Here.PidNamespace => null,
        _ => TicksOf(Pid) == StartTicks,
    };

    /// <summary>In words: <c>pid 4242 of root on node1</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pid {Pid}{(User.Length > 0 ? $" of {User}" : "")} on {HostName}");

    private static string? MachineIdIn(string file) => Read(file)?.Trim() is { Length: 32 } id ? id : null; // "uninitialized" in an image that was never started

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
