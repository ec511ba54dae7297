using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Migration.Mapping;

/// <summary>Finds out which devices have to be taken out of the guest for its migration, and how they are put in again. Pure.</summary>
internal static class DetachmentPlanner
{
    // What attaching a device past libvirt gives QEMU.
    private const string GenericDriver = "vhost-vdpa-device-pci";

    /// <summary>The vDPA devices that QEMU has past libvirt. One on a node of the document is the document's own, plugged in anew.</summary>
    internal static IReadOnlyList<DomainDevice> PastLibvirt(IReadOnlyList<QemuDevice>? unknown, IReadOnlyList<DomainDevice> devices) =>
    [
        .. from device in unknown ?? []
           let node = device.Node
           where node is not null && devices.All(other => other.HostResource != node)
           select new GenericVdpaDevice { SourceDevice = node, Driver = device.Driver, Id = device.Id },
    ];

    /// <summary>How a device would migrate, by all that its host told.</summary>
    internal static DeviceMigration Judge(DomainDevice device, PlanningFacts? here, HostIdentity source)
    {
        HostDialect dialect = here?.Dialect ?? new() { QemuVersion = source.QemuVersion, LibvirtVersion = source.LibvirtVersion };
        return DeviceMigration.Judge(device, dialect, FactsOf(device, here));
    }

    /// <summary>What the source tells of a device.</summary>
    internal static DeviceHostFacts FactsOf(DomainDevice device, PlanningFacts? here)
    {
        DeviceHostFacts facts = (device.HostResource is { } resource ? here?.Devices.GetValueOrDefault(resource) : null) ?? new();
        return facts with { BlockedReasons = DomainDeviceList.ReasonsOf(device, here?.BlockedReasons) };
    }

    /// <summary>Whether QEMU itself unplugs a device for the migration, and plugs in the destination's.</summary>
    internal static bool IsTeamed(DomainDevice device) => device is PciHostDevice { Teaming.Type: TeamingType.Transient } or HostdevInterface { Teaming.Type: TeamingType.Transient };

    /// <summary>Marks those of the mapped devices that have to be detached.</summary>
    /// <param name="mapping">The mapping.</param>
    /// <param name="devices">The devices that were mapped, in the same order.</param>
    /// <param name="document">The running domain's document.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="here">What the source told.</param>
    /// <param name="source">The source.</param>
    internal static DeviceMapping Mark(
        DeviceMapping mapping, IReadOnlyList<DomainDevice> devices, DomainDocument document, DomainSnapshot domain, PlanningFacts? here, HostIdentity source) =>
        mapping with { Devices = [.. mapping.Devices.Zip(devices).Select(pair => pair.First with { Detachment = Of(pair.First, pair.Second, document, domain, here, source) })] };

    /// <summary>Why a device that does not migrate cannot be taken out of the guest either; <see langword="null"/> when it can.</summary>
    internal static string? Obstacle(DomainDevice device, DomainSnapshot domain, PlanningFacts? here)
    {
        DeviceHostFacts facts = FactsOf(device, here);
        VirtioClass? kind = device.VirtioClass ?? facts.VirtioClass;
        bool isBlock = here?.Inventory.Vdpa?.Any(present => present.CharDevice == device.HostResource && present.Class == VdpaClass.Block) == true;
        return IsAccelerator(device, here) ? "a function of the accelerator KAE comes and goes only with the start of its domain (no hot swap)"
            : device is DiskDevice || kind == VirtioClass.Block || isBlock ? "it is a disk, which is not torn from a guest that may be writing to it"
            : device.BootOrder is not null ? "the guest boots from it"
            : !DeviceMapper.IsMapped(device) ? "what it could become on the destination is not known"
            : device is CommandLineDevice and not GenericVdpaDevice ? "it was given to QEMU together with a -netdev of its own"
            : device is GenericVdpaDevice { OtherProperties: { } others } ? $"its argument says more than can be given with it again: {others}"
            : device is GenericVdpaDevice { QueueSize: not null } or GenericVdpaDevice { Driver: not GenericDriver } ? "it would come back with another driver or another size of its queues"
            : device is GenericVdpaDevice { Id: null } ? "it has no id in QEMU, by which it could be unplugged"
            : domain.State != DomainState.Running ? $"the guest is {domain.Describe()}, and only one that runs lets go of a device"
            : null;
    }

    /// <summary>Whether a device is a function of the accelerator KAE, which is never unplugged.</summary>
    internal static bool IsAccelerator(DomainDevice device, PlanningFacts? here) =>
        FactsOf(device, here).IsKaeFunction || here?.Inventory.Functions?.VirtualFunctions.Any(function => function.Address == device.HostResource && function.Engine is not null) == true;

    private static DeviceDetachment? Of(MappedDevice mapped, DomainDevice device, DomainDocument document, DomainSnapshot domain, PlanningFacts? here, HostIdentity source)
    {
        DeviceMigration way = Judge(device, here, source);
        if (way.Way != MigrationWay.ByDetach || IsTeamed(device) || Obstacle(device, domain, here) is not null)
        {
            return null;
        }

        XElement element = ElementOf(device, document);
        return new(
            string.Join("; ", way.Evidence), element.ToString(SaveOptions.DisableFormatting), mapped.Destination is { } destination ? On(element, mapped.Source, destination) : null,
            device is GenericVdpaDevice ? Plugged(device, here) : null)
        { Reasons = FactsOf(device, here).BlockedReasons ?? [] };
    }

    /// <summary>What libvirt is given to attach the device again: with its place in the guest, without the names that libvirt gives itself.</summary>
    private static XElement ElementOf(DomainDevice device, DomainDocument document)
    {
        if (device is GenericVdpaDevice generic)
        {
            return new("hostdev",
                new XAttribute("mode", "subsystem"), new XAttribute("type", "vdpa"), new XElement("source", new XAttribute("dev", generic.SourceDevice)),
                new XElement("alias", new XAttribute("name", generic.Id!)));
        }

        var element = new XElement(document.PlacedDevices.First(placed => placed.Device.HostResource == device.HostResource && placed.Element is not null).Element!);
        element.Elements("alias").Where(alias => ((string?)alias.Attribute("name"))?.StartsWith("ua-", StringComparison.Ordinal) != true).Remove();
        return element;
    }

    private static string On(XElement element, string source, string destination)
    {
        var alone = DomainDocument.Parse("<domain><devices/></domain>");
        alone.Root.Element("devices")!.Add(new XElement(element));
        alone.SetHostResources(new Dictionary<string, string> { [source] = destination });
        return alone.Root.Element("devices")!.Elements().Single().ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>By which id QEMU has it now: one that was plugged in anew may have another than its argument says.</summary>
    private static string? Plugged(DomainDevice device, PlanningFacts? here) =>
        here?.UnknownDevices?.FirstOrDefault(unknown => unknown.Node == device.HostResource)?.Id ?? ((GenericVdpaDevice)device).Id;
}
