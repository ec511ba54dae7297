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

    /// <summary>Asks QEMU for the PCI devices that have none of the names that libvirt gave, and for unnamed vDPA devices on nodes that the document does not have.</summary>
    internal static async Task<IReadOnlyList<QemuDevice>> ListUnknownAsync(
        QemuMonitor monitor, IReadOnlySet<string> knownIds, IReadOnlySet<string> knownResources, CancellationToken cancellationToken)
    {
        var found = new List<QemuDevice>();
        foreach ((string folder, string name, string driver) in
            (await ChildrenAsync(Peripherals).ConfigureAwait(false)).Where(child => !knownIds.Contains(child.Name))
                .Concat((await ChildrenAsync(Anonymous).ConfigureAwait(false)).Where(child => IsVdpa(child.Driver))))
        {
            string path = $"{folder}/{name}";
            string? bus = (await monitor.GetTextAsync(path, "parent_bus", cancellationToken).ConfigureAwait(false))?.Split('/')[^1];
            string? node = IsVdpa(driver) ? await monitor.GetTextAsync(path, "vhostdev", cancellationToken).ConfigureAwait(false) : null;
            bool isNamed = folder == Peripherals;
            if (bus?.StartsWith("pci", StringComparison.Ordinal) == true && (isNamed || node is null || !knownResources.Contains(node)))
            {
                found.Add(new(path, isNamed ? name : null, driver, bus, node));
            }
        }

        return found;

        async Task<IEnumerable<(string Folder, string Name, string Driver)>> ChildrenAsync(string folder) =>
            from entry in await monitor.ListAsync(folder, cancellationToken).ConfigureAwait(false)
            where entry.Type.StartsWith("child<", StringComparison.Ordinal)
            select (folder, entry.Name, entry.Type["child<".Length..^1]);
    }

    private static bool IsVdpa(string driver) => driver.StartsWith("vhost-vdpa-device", StringComparison.Ordinal);
}
