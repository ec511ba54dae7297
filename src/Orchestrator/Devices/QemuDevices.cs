using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>A PCI device that a domain's QEMU has and the domain's document does not name.</summary>
/// <param name="Path">Its place among QEMU's objects, such as <c>/machine/peripheral/vd1</c>.</param>
/// <param name="Id">Its id, by which it can be unplugged; <see langword="null"/> for one that was plugged in without.</param>
/// <param name="Driver">QEMU's driver, such as <c>vhost-vdpa-device-pci</c>.</param>
/// <param name="Bus">The bus it is on, such as <c>pci.3</c>.</param>
/// <param name="Node">The vhost-vdpa node that it uses.</param>
public sealed record QemuDevice(string Path, string? Id, string Driver, string? Bus, string? Node);

/// <summary>The devices that were plugged into a running domain past libvirt. Only QEMU knows them.</summary>
internal static class QemuDevices
{
    internal const string Peripherals = "/machine/peripheral";
    private const string Anonymous = "/machine/peripheral-anon";

    /// <summary>
    /// Asks QEMU for the PCI devices that have none of the names that libvirt gave, and for unnamed vDPA devices on nodes that the document does not have. Others may plug
    /// meanwhile: only what the documents before and after the question lack was plugged in past libvirt.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="domain">The running domain, as it was read last.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<IReadOnlyList<QemuDevice>> ListUnknownAsync(IHost host, DomainSnapshot domain, CancellationToken cancellationToken)
    {
        var monitor = new QemuMonitor(host, domain.Uuid);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var resources = new HashSet<string>(StringComparer.Ordinal);
        Learn(domain.Xml);
        for (int asked = 1; ; asked++)
        {
            List<QemuDevice> unknown = await AskAsync().ConfigureAwait(false);
            if (unknown.Count > 0 && await host.FindDomainAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) is { } later)
            {
                Learn(later.Xml);
                unknown.RemoveAll(device => IsKnown(device.Id, device.Node));
            }

            // Asked once more, for what came and went between the two documents: the first may be older than the question by all that a plan asks.
            if (unknown.Count == 0 || asked == 2)
            {
                return unknown;
            }
        }

        void Learn(string xml)
        {
            ids.UnionWith(DomainDocument.Parse(xml).QemuIds);
            resources.UnionWith(DomainResources.Of(xml));
        }

        bool IsKnown(string? id, string? node) => id is null ? node is not null && resources.Contains(node) : ids.Contains(id);

        async Task<List<QemuDevice>> AskAsync()
        {
            var found = new List<QemuDevice>();
            foreach ((string folder, string name, string driver) in
                (await ChildrenAsync(Peripherals).ConfigureAwait(false)).Where(child => !ids.Contains(child.Name))
                    .Concat((await ChildrenAsync(Anonymous).ConfigureAwait(false)).Where(child => IsVdpa(child.Driver))))
            {
                string path = $"{folder}/{name}";
                string? id = folder == Peripherals ? name : null;
                string? bus = (await monitor.GetTextAsync(path, "parent_bus", cancellationToken).ConfigureAwait(false))?.Split('/')[^1];
                string? node = IsVdpa(driver) ? await monitor.GetTextAsync(path, "vhostdev", cancellationToken).ConfigureAwait(false) : null;
                if (bus?.StartsWith("pci", StringComparison.Ordinal) == true && !IsKnown(id, node))
                {
                    found.Add(new(path, id, driver, bus, node));
                }
            }

            return found;
        }

        async Task<IEnumerable<(string Folder, string Name, string Driver)>> ChildrenAsync(string folder) =>
            from entry in await monitor.ListAsync(folder, cancellationToken).ConfigureAwait(false)
            where entry.Type.StartsWith("child<", StringComparison.Ordinal)
            select (folder, entry.Name, entry.Type["child<".Length..^1]);
    }

    private static bool IsVdpa(string driver) => driver.StartsWith("vhost-vdpa-device", StringComparison.Ordinal);
}
