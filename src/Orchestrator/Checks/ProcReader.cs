using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>Reads a host's processes and accounts from its /proc and /etc.</summary>
internal static class ProcReader
{
    // The kernel keeps 15 characters of a name.
    private static readonly Dictionary<string, string> ManagerProcesses = new()
    {
        ["nova-compute"] = "OpenStack (nova)",
        ["virt-handler"] = "KubeVirt",
        ["virt-launcher"] = "KubeVirt",
        ["vdsmd"] = "oVirt (vdsm)",
    };

    /// <summary>The accounts that QEMU runs under where qemu.conf names none: openEuler's and Fedora's, Debian's.</summary>
    private static readonly string[] DefaultAccounts = ["qemu", "libvirt-qemu"];

    internal static IReadOnlyList<(int Pid, string Name)> Processes(HostFiles files)
    {
        var processes = new List<(int, string)>();
        files = files.Ahead("/proc", "comm");
        foreach (string entry in files.List("/proc"))
        {
            if (int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && files.ReadText($"/proc/{pid}/comm") is { } name)
            {
                processes.Add((pid, name));
            }
        }

        return processes;
    }

    internal static IEnumerable<ManagerFacts> Managers(IEnumerable<(int Pid, string Name)> processes) => processes
        .Where(process => ManagerProcesses.ContainsKey(process.Name))
        .DistinctBy(process => ManagerProcesses[process.Name])
        .Select(process => new ManagerFacts(ManagerProcesses[process.Name], $"process {process.Name} ({process.Pid})"));

    internal static DaemonFacts Daemon(HostFiles files, DaemonPlaces places, bool privileged, string? user, IEnumerable<(int Pid, string Name)> processes)
    {
        int? pid = places.PidFiles.Select(files.ReadText).Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : (int?)null)
            .FirstOrDefault(number => number is not null);
        long[] guests = [.. processes.Where(process => process.Name.StartsWith("qemu", StringComparison.Ordinal)).Select(process => LockedMemoryLimit(files, process.Pid)).OfType<long>()];
        return new()
        {
            IsPrivileged = privileged,
            LockedMemoryLimit = pid is { } daemon ? LockedMemoryLimit(files, daemon) : null,
            QemuLockedMemoryLimit = guests.Length > 0 ? guests.Min() : null,
            QemuAccount = privileged ? Account(files, user) : pid is { } own ? AccountOf(files, own) : null,
        };
    }

    /// <summary>The hard limit in the line <c>Max locked memory  8388608  8388608  bytes</c> of a process's limits.</summary>
    internal static long? LockedMemoryLimit(HostFiles files, int pid)
    {
        const string Name = "Max locked memory";
        string? line = files.ReadText($"/proc/{pid}/limits")?.Split('\n').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var hard, ..]
            ? hard == "unlimited" ? long.MaxValue : long.TryParse(hard, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : null
            : null;
    }

    private static AccountFacts? AccountOf(HostFiles files, int pid)
    {
        string? line = files.ReadText($"/proc/{pid}/status")?.Split('\n').FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return line?.Split('\t', StringSplitOptions.RemoveEmptyEntries) is [_, var real, ..] ? Account(files, "+" + real.Trim()) : null;
    }

    private static AccountFacts? Account(HostFiles files, string? user)
    {
        string[][] accounts = [.. Table(files, "/etc/passwd", 4)];
        if (user is null)
        {
            user = DefaultAccounts.FirstOrDefault(name => accounts.Any(account => account[0] == name));
        }

        bool numeric = uint.TryParse(user?.TrimStart('+'), NumberStyles.None, CultureInfo.InvariantCulture, out uint number);
        string[]? entry = accounts.FirstOrDefault(account => account[0] == user) ?? accounts.FirstOrDefault(account => numeric && account[2] == $"{number}");
        if (entry is null || !uint.TryParse(entry[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint uid))
        {
            return user is "root" ? new("root", 0, [0]) : numeric ? new($"{number}", number, []) : null;
        }

        uint[] groups =
        [
            .. new[] { entry[3] }.Concat(Table(files, "/etc/group", 4).Where(group => group[3].Split(',').Contains(entry[0])).Select(group => group[2]))
                .Select(text => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint group) ? group : (uint?)null).OfType<uint>(),
        ];
        return new(entry[0], uid, groups);
    }

    private static IEnumerable<string[]> Table(HostFiles files, string path, int columns) =>
        (files.ReadText(path) ?? "").Split('\n').Select(line => line.Split(':')).Where(line => line.Length >= columns);
}
