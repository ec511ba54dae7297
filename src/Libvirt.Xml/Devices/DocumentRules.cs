using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>What devices ask of each other and of the rest of their document.</summary>
internal static class DocumentRules
{
    internal static void Check(DomainDocument document, List<DeviceSlot> slots, List<DeviceProblem> problems)
    {
        CheckTwice(slots);
        CheckBoot(document.Root, slots);
        CheckAliases(document.Root, slots);
        if (slots.FirstOrDefault(slot => slot.Device is VhostUserInterface or VhostUserDisk or VhostVdpaDisk) is { } sharing && !document.HasSharedMemory)
        {
            sharing.Place.Error(
                $"libvirt says \"'{(sharing.Device is DiskDevice disk ? disk.ElementType : "interface")}' requires shared memory\": write <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking> into the domain");
        }

        foreach (DeviceSlot slot in slots.Where(slot => slot.Device is VdpaNetSimulation { BehindIommu: true }))
        {
            if (document.Machine?.Contains("q35", StringComparison.Ordinal) != true)
            {
                slot.Place.Warn($"the vdpa-net simulation supports nested guests on q35 machines only, not on {document.Machine ?? "a machine without a type"}");
            }

            if (!HasIommu(document.Root))
            {
                slot.Place.Warn("iommu_platform=on, but the guest has no IOMMU: nested guests need -device " + VdpaNetSimulation.IommuArgument);
            }
        }

        if (slots.Exists(slot => slot.Device is VdpaHostDevice or GenericVdpaDevice or VhostVdpaNetwork))
        {
            CheckMemoryLock(document, problems);
        }
    }

    internal static bool HasIommu(XElement domain)
        => domain.Elements("devices").Elements("iommu").Any()
            || QemuCommandLine.Arguments(domain).Any(argument => QemuCommandLine.Text(argument) is var text
                && (text.Contains("intel-iommu", StringComparison.Ordinal) || text.Contains("smmuv3", StringComparison.Ordinal) || text.Contains("virtio-iommu", StringComparison.Ordinal)));

    private static void CheckMemoryLock(DomainDocument document, List<DeviceProblem> problems)
    {
        try
        {
            MemoryLock memory = document.MemoryLock();
            if (!memory.IsEnough)
            {
                new DeviceElement(document.Root, "/domain", problems).Warn(
                    $"libvirt doesn't count vDPA host devices and devices of QEMU's command line for locked memory: <memtune><hard_limit unit='KiB'>{memory.RequiredKiB}</hard_limit></memtune> "
                    + "lets QEMU pin what they need; without it a device may come up dead, with only 'vhost vdpa map fail' in QEMU's log");
            }
        }
        catch (DomainDocumentException e)
        {
            problems.Add(new(DeviceProblemSeverity.Error, e.Path ?? "/domain", e.Line, e.Column, e.Message));
        }
    }

    private static void CheckTwice(List<DeviceSlot> slots)
    {
        var seen = new Dictionary<string, DeviceSlot>(StringComparer.Ordinal);
        foreach (DeviceSlot slot in slots.Where(slot => slot.Device is VdpaHostDevice or VdpaInterface or VhostVdpaDisk or GenericVdpaDevice or VhostVdpaNetwork or PciHostDevice or HostdevInterface or MediatedHostDevice))
        {
            if (slot.Device.HostResource is { Length: > 0 } resource && !seen.TryAdd(resource, slot))
            {
                slot.Place.Error($"{resource} is used by {seen[resource].Device.Kind} ({seen[resource].Place.Path}) already: the host gives it to one device only");
            }
        }
    }

    private static void CheckBoot(XElement domain, List<DeviceSlot> slots)
    {
        bool osBoot = domain.Elements("os").Elements("boot").Any();
        var seen = new HashSet<int>();
        foreach (DeviceSlot slot in slots.Where(slot => slot.Device is { BootOrder: not null } and not CommandLineDevice))
        {
            if (osBoot)
            {
                slot.Place.Error("libvirt says \"per-device boot elements cannot be used together with os/boot elements\"");
            }
            else if (!seen.Add(slot.Device.BootOrder!.Value))
            {
                slot.Place.Error($"libvirt says \"boot order '{slot.Device.BootOrder}' used for more than one device\"");
            }
        }
    }

    private static void CheckAliases(XElement domain, List<DeviceSlot> slots)
    {
        bool running = domain.Attribute("id") is not null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (DeviceSlot slot in slots.Where(slot => slot.Device.Alias is not null))
        {
            string alias = slot.Device.Alias!;
            if (!seen.Add(alias))
            {
                slot.Place.Error($"libvirt says \"non unique alias detected: {alias}\"");
            }

            if (!running && !alias.StartsWith("ua-", StringComparison.Ordinal))
            {
                slot.Place.Warn($"libvirt drops the alias '{alias}' without a word: names of one's own begin with 'ua-'");
            }
        }
    }
}
