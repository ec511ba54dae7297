namespace Orchestrator.Devices;

/// <summary>Who uses a device.</summary>
/// <param name="Domain">The domain, where it is one.</param>
/// <param name="Pid">The process that has the device open, on this machine.</param>
/// <param name="Command">That process's name, or what else it is.</param>
public sealed record DeviceUser(string? Domain, int? Pid, string? Command)
{
    /// <summary>In words: <c>domain web1 (qemu-kvm, pid 4242)</c>.</summary>
    public override string ToString()
    {
        string process = string.Join(", ", new[] { Command, Pid is { } pid ? $"pid {pid}" : null }.OfType<string>());
        return Domain is null ? process : process.Length == 0 ? $"domain {Domain}" : $"domain {Domain} ({process})";
    }

    /// <summary>The users of one device, with what a domain's document and its QEMU process each tell about the same domain put together.</summary>
    internal static IReadOnlyList<DeviceUser> Merge(IEnumerable<DeviceUser> processes, IEnumerable<string> domains)
    {
        List<DeviceUser> users = [.. processes];
        users.AddRange(domains.Distinct().Where(domain => users.All(user => user.Domain != domain)).Order(StringComparer.Ordinal).Select(domain => new DeviceUser(domain, null, null)));
        return users;
    }

    /// <summary>
    /// What a vDPA device is to the function that it was made on: a user, while a driver has it. The function's driver cannot be unbound then: the kernel waits, beyond
    /// any signal, until the device is given up.
    /// </summary>
    internal static IReadOnlyList<DeviceUser> OfParent(VdpaDevice device) => device.Driver is { } driver ? [new(null, null, $"its vDPA device {device.Name}, which {driver} has")] : [];
}
