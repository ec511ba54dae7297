using System.Xml;

namespace Libvirt.Xml.Devices;

/// <summary>Writes devices for the host that they go to. Pure: what a host understands is a value.</summary>
public static class DeviceWriting
{
    /// <summary>openEuler 24.03's libvirt.</summary>
    private const long OpenEuler2403 = 9_010_000;

    /// <summary>The device as it is to be written for a host.</summary>
    /// <param name="device">The device as somebody wants it.</param>
    /// <param name="dialect">What the host understands.</param>
    /// <exception cref="DeviceRefusedException">The host would refuse it or drop a part of it; the exception says what to write instead.</exception>
    public static DomainDevice ForDialect(DomainDevice device, HostDialect dialect)
    {
        if (Refusal(device, dialect) is { } refusal)
        {
            throw new DeviceRefusedException(device, refusal);
        }

        // Without it libvirt 9.10 could bind plain vfio-pci over the driver that can migrate. 22.03's libvirt 6.2 has no such driver to lose.
        return device is PciHostDevice { Migration: true, Managed: null } pci && dialect.Name == DialectName.OpenEuler && dialect.LibvirtVersion >= OpenEuler2403
            ? pci with { Managed = false }
            : device;
    }

    /// <summary>Why a host would refuse a device; <see langword="null"/> when it takes it whole.</summary>
    /// <param name="device">The device.</param>
    /// <param name="dialect">What the host understands.</param>
    public static DeviceRefusal? Refusal(DomainDevice device, HostDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(dialect);
        return device switch
        {
            VdpaHostDevice vdpa when !dialect.VdpaHostDevice => new("this host's libvirt has no <hostdev type='vdpa'>, which is openEuler's", UpstreamForms(vdpa.SourceDevice, vdpa.Class)),
            VdpaHostDevice { IommuFd: not null } when !dialect.IommuFdAttribute => NoIommuFd(["leave it out: the device then uses the kernel's own vhost mapping"]),
            PciHostDevice pci => PciFunction(pci, dialect),
            HostdevInterface nic when nic.DriverModel is not null && Older(dialect, 10_000_000) => NoDriverModel(nic.DriverModel, dialect),
            VdpaInterface nic when !dialect.VdpaInterface => new("this host's libvirt has no <interface type='vdpa'> (6.9)", OtherForms(nic.SourceDevice, dialect)),
            VhostVdpaDisk disk when !dialect.VhostVdpaDisk => new("this host's libvirt has no <disk type='vhostvdpa'> (9.8)", OtherForms(disk.SourceDevice, dialect)),
            VhostVdpaDisk disk when !dialect.VhostVdpaDiskUsable => new("this host's QEMU can't open <disk type='vhostvdpa'>: it lacks libblkio",
                ["install QEMU's block driver for it (on Debian qemu-block-extra)", .. OtherForms(disk.SourceDevice, dialect)]),
            GenericVdpaDevice generic when dialect.GenericVdpaDevice == false => new($"this host's QEMU has no {generic.Driver} (8.0, openEuler's 6.2)", [InterfaceForm(generic.SourceDevice)]),
            VdpaNetSimulation when dialect.VdpaNetSimulation != true => new("the vdpa property of virtio-net was reverted upstream before a release, and this host's QEMU isn't known to have it",
                ["a QEMU built with the patch 'Add support for VDPA network simulation devices'", "the kernel's simulator: modprobe vdpa_sim_net; vdpa dev add name NAME mgmtdev vdpasim_net"]),
            VhostUserDisk when Older(dialect, 7_001_000) => new($"libvirt {HostDialect.VersionText(dialect.LibvirtVersion)} has no <disk type='vhostuser'> (7.1)", []),
            RejectedVdpaDevice rejected => new($"{rejected.Kind} was proposed, but no libvirt has it", [rejected.Instead]),
            _ => null,
        };
    }

    /// <summary>The devices of a document that a host would refuse or drop a part of.</summary>
    /// <param name="document">A domain's document, such as a user's.</param>
    /// <param name="dialect">What the host understands.</param>
    public static IReadOnlyList<DialectProblem> DialectProblems(DomainDocument document, HostDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(document);
        var problems = new List<DialectProblem>();
        foreach (DeviceSlot slot in DeviceSlot.ReadAll(document.Root, null))
        {
            if (Refusal(slot.Device, dialect) is { } refusal)
            {
                IXmlLineInfo at = slot.Place.Xml;
                problems.Add(new(slot.Device, slot.Place.Path, at.LineNumber, at.LinePosition, refusal));
            }
        }

        return problems;
    }

    private static DeviceRefusal? PciFunction(PciHostDevice pci, HostDialect dialect)
    {
        if (pci.Migration is { } migration && !dialect.MigrationAttribute)
        {
            string value = migration ? "on" : "off";
            return new($"this host's libvirt drops migration='{value}' of <hostdev> without a word: the attribute is openEuler's",
            [
                .. migration ? (string[])["leave the attribute out: QEMU 8.1 and later migrate a VFIO device by themselves when its kernel driver can (enable-migration=auto)"] : [],
                $"force it: <qemu:override><qemu:device alias='{pci.Alias ?? "ua-NAME"}'><qemu:frontend><qemu:property name='enable-migration' type='string' value='{value}'/></qemu:frontend></qemu:device></qemu:override>",
            ]);
        }

        if (pci.Migration == true && pci.Managed == true && dialect.LibvirtVersion >= OpenEuler2403)
        {
            return new("managed='yes' makes libvirt bind plain vfio-pci in the place of the driver that can migrate", ["managed='no', with the function bound to its own VFIO driver (hisi_acc_vfio_pci) before"]);
        }

        if (pci.IommuFd is not null && !dialect.IommuFdAttribute)
        {
            return NoIommuFd(["<driver iommufd='yes'/> with libvirt 12.1 and later"]);
        }

        if (pci.NumaNode is not null && (dialect.Name == DialectName.Upstream || Older(dialect, OpenEuler2403)))
        {
            return new("this host's libvirt drops <numa node='…'/> of <hostdev> without a word: it is openEuler's since 24.03", ["leave it out, and put the guest on the function's node with <numatune>"]);
        }

        return pci.DriverModel is not null && Older(dialect, 10_000_000) ? NoDriverModel(pci.DriverModel, dialect) : null;
    }

    private static DeviceRefusal NoIommuFd(IReadOnlyList<string> alternatives)
        => new("this host's libvirt drops the iommufd attribute of <hostdev> without a word: it is openEuler's, and not in all releases", alternatives);

    private static DeviceRefusal NoDriverModel(string model, HostDialect dialect) => new(
        $"libvirt {HostDialect.VersionText(dialect.LibvirtVersion)} drops <driver model='{model}'/> without a word (10.0 has it)",
        [$"managed='no', with the function bound to {model} before (virsh nodedev-detach --driver {model}, since 9.7, or driver_override)"]);

    private static IReadOnlyList<string> UpstreamForms(string node, VirtioClass? known) =>
    [
        .. known is null or VirtioClass.Net ? (string[])[InterfaceForm(node)] : [],
        .. known is null or VirtioClass.Block ? (string[])[DiskForm(node)] : [],
        GenericForm(node),
    ];

    private static IReadOnlyList<string> OtherForms(string node, HostDialect dialect) => dialect.VdpaHostDevice
        ? [$"<hostdev mode='subsystem' type='vdpa'><source dev='{node}'/></hostdev>"]
        : dialect.GenericVdpaDevice == false ? [] : [GenericForm(node)];

    private static string InterfaceForm(string node) => $"for a network card <interface type='vdpa'><source dev='{node}'/></interface> (libvirt 6.9)";

    private static string DiskForm(string node)
        => $"for a disk <disk type='vhostvdpa' device='disk'><driver name='qemu' type='raw' cache='none'/><source dev='{node}'/><target dev='vda' bus='virtio'/></disk> (libvirt 9.8, QEMU with libblkio)";

    private static string GenericForm(string node)
        => "for any class the generic device: <qemu:commandline><qemu:arg value='-device'/>"
            + $"<qemu:arg value='{new GenericVdpaDevice { SourceDevice = node }.Arguments[1]}'/></qemu:commandline> (QEMU 8.0; stock QEMU doesn't migrate it)";

    private static bool Older(HostDialect dialect, long version) => dialect.LibvirtVersion > 0 && dialect.LibvirtVersion < version;
}
