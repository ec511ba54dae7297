using System.Diagnostics;
using System.Globalization;

namespace Orchestrator.Recovery;

/// <summary>The process that an operation is of.</summary>
/// <param name="MachineId">The machine's id, which its host name may not tell from another's.</param>
/// <param name="HostName">The machine's name.</param>
/// <param name="Pid">The process.</param>
/// <param name="ProcessStarted">When it began; <see langword="null"/> when that is not known.</param>
/// <param name="User">Its user; empty when that is not known.</param>
public sealed record OperationOwner(string MachineId, string HostName, int Pid, DateTimeOffset? ProcessStarted, string User)
{
    private static readonly string[] MachineIdFiles = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

    private static OperationOwner? _here;

    /// <summary>This process.</summary>
    public static OperationOwner Here => _here ??= Read();

    /// <summary>Whether it is a process of this machine, so that the claims of this machine tell whether it lives.</summary>
    public bool IsOfThisMachine => MachineId == Here.MachineId;

    /// <summary>In words: <c>pid 4242 of root on node1</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"pid {Pid}{(User.Length > 0 ? $" of {User}" : "")} on {HostName}");

    private static OperationOwner Read()
    {
        using Process self = Process.GetCurrentProcess();
        return new(
            MachineIdFiles.Select(MachineIdIn).FirstOrDefault(id => id is not null) ?? $"host:{Environment.MachineName}",
            Environment.MachineName, Environment.ProcessId, new DateTimeOffset(self.StartTime).ToUniversalTime(), Environment.UserName);
    }

    private static string? MachineIdIn(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim() is { Length: 32 } id ? id : null; // "uninitialized" in an image that was never started
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
