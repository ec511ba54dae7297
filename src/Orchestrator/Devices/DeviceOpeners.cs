using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// Which processes have a device node open, from <c>/proc/*/fd</c>. Complete for root only; a QEMU behind a mount namespace of its own is seen, as libvirt
/// gives the nodes in it the host's names.
/// </summary>
internal static class DeviceOpeners
{
    /// <summary>The processes that have nodes open.</summary>
    /// <param name="files">The host's files.</param>
    /// <param name="nodes">The nodes' paths.</param>
    internal static DeviceOpenings Find(HostFiles files, IReadOnlySet<string> nodes)
    {
        if (nodes.Count == 0)
        {
            return new(Array.Empty<string>().ToLookup(node => node, _ => new DeviceUser(null, null, null)), Complete: true);
        }

        (IReadOnlyList<(int Pid, string Node)> open, bool complete) = files.OpenDevices();
        (int Pid, string Node)[] found = [.. open.Where(pair => nodes.Contains(pair.Node)).Distinct()];
        Dictionary<int, DeviceUser> users = found.Select(pair => pair.Pid).Distinct()
            .ToDictionary(pid => pid, pid => new DeviceUser(DomainOf(files.ReadText($"/proc/{pid}/cmdline")), pid, files.ReadText($"/proc/{pid}/comm")));
        return new(found.ToLookup(pair => pair.Node, pair => users[pair.Pid]), complete);
    }

    /// <summary>The domain of a QEMU process: libvirt starts it with <c>-name guest=NAME,…</c>, in which a comma of the name is doubled.</summary>
    internal static string? DomainOf(string? commandLine)
    {
        const string Guest = "guest=";
        string[] arguments = commandLine?.Split('\0') ?? [];
        int name = Array.IndexOf(arguments, "-name") + 1;
        if (name == 0 || name == arguments.Length || !arguments[name].StartsWith(Guest, StringComparison.Ordinal))
        {
            return null;
        }

        string text = arguments[name][Guest.Length..].Replace(",,", "\0", StringComparison.Ordinal);
        return text.Split(',')[0].Replace('\0', ',');
    }
}
