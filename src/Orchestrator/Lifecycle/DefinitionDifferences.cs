using Libvirt.Xml;
using Libvirt.Xml.Devices;

namespace Orchestrator.Lifecycle;

/// <summary>In what a running domain differs from its definition, which its next start will use. Pure.</summary>
public static class DefinitionDifferences
{
    /// <summary>
    /// Compares memory, virtual CPUs, and devices by kind and by what they use on the host. What libvirt makes up anew at each start (aliases, taps, ports, labels) is not compared.
    /// </summary>
    /// <param name="running">The running domain's document.</param>
    /// <param name="definition">The definition's document.</param>
    /// <returns>The differences, in words; none when there are none of these.</returns>
    /// <exception cref="DomainDocumentException">One is no domain's document.</exception>
    public static IReadOnlyList<string> Of(string running, string definition)
    {
        DomainDocument now = DomainDocument.Parse(running);
        DomainDocument then = DomainDocument.Parse(definition);
        var found = new List<string>();
        Compare("memory", $"{now.MemoryKiB} KiB", $"{then.MemoryKiB} KiB");
        Compare("virtual CPUs", VcpusOf(now), VcpusOf(then));
        Dictionary<string, int> here = DevicesOf(now);
        Dictionary<string, int> there = DevicesOf(then);
        foreach (string device in here.Keys.Union(there.Keys).Order(StringComparer.Ordinal))
        {
            Compare(device, $"{here.GetValueOrDefault(device)}", $"{there.GetValueOrDefault(device)}");
        }

        return found;

        void Compare(string what, string running, string defined)
        {
            if (running != defined)
            {
                found.Add($"{what}: {running} in the running domain, {defined} in its definition");
            }
        }
    }

    private static string VcpusOf(DomainDocument document) =>
        document.Root.Element("vcpu") is { } vcpu ? ((string?)vcpu.Attribute("current") ?? vcpu.Value).Trim() : "1";

    // A tap or a socket's port belongs to one run; a vDPA device, a function, a disk's file or a bridge to the definition.
    private static Dictionary<string, int> DevicesOf(DomainDocument document) => document.Devices
        .Where(device => device.Scheme != DeviceScheme.Other)
        .Select(device => device is VirtioInterface or EmulatedDevice || device.HostResource is null ? device.Kind : $"{device.Kind} {device.HostResource}")
        .CountBy(device => device).ToDictionary(StringComparer.Ordinal);
}
