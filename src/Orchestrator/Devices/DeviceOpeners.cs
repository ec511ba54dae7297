using System.Globalization;
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
        var found = new List<(string Node, DeviceUser User)>();

        // A /proc that hides other users' processes (hidepid) hides the first one too.
        bool complete = nodes.Count == 0 || !files.IsMachine || files.MayList("/proc/1/fd") == true;
        foreach (string entry in nodes.Count == 0 ? [] : files.List("/proc"))
        {
            if (!int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
            {
                continue;
            }

            DeviceUser? user = null;
            IReadOnlyList<string> open = files.List($"/proc/{pid}/fd");
            complete &= open.Count > 0 || files.MayList($"/proc/{pid}/fd") != false; // null is a process that has ended
            foreach (string node in open.Select(fd => files.LinkTarget($"/proc/{pid}/fd/{fd}")).OfType<string>().Where(nodes.Contains).Distinct())
            {
                found.Add((node, user ??= new(DomainOf(files.ReadText($"/proc/{pid}/cmdline")), pid, files.ReadText($"/proc/{pid}/comm"))));
            }
        }

        return new(found.ToLookup(pair => pair.Node, pair => pair.User), complete);
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
