namespace Vdpa.Tests;

/// <summary>A kind of device that a guest can have in the machine: how two of it are made, one for each host (they share a kernel), and what the guest's document says.</summary>
/// <param name="Name">What the tests call it.</param>
/// <param name="Devices">The management device and arguments of <c>vdpa create</c>; none for a device that is no vDPA device.</param>
/// <param name="Document">The device's document, for the node or function that is put in the place of <c>{0}</c>.</param>
/// <param name="Probe">A shell command of the guest, in the device's folder of sysfs, that ends well when the device works there.</param>
/// <param name="Journey">How it moves.</param>
/// <param name="Way">How the guest gets it.</param>
internal sealed record DeviceKind(string Name, IReadOnlyList<string> Devices, string Document, string Probe, Journey Journey, Way Way = Way.Defined)
{
    internal const string Mac = "00:11:22:33:44:01";

    // The simulated card gives back what it is sent, and Linux greets its neighbours whenever a card comes up. What it counted before it moved goes along.
    private const string Receives =
        "card=$(ls virtio*/net) && ip link set $card down && old=$(cat virtio*/net/*/statistics/rx_packets) && ip link set $card up && sleep 4 && [ $(cat virtio*/net/*/statistics/rx_packets) -gt $old ]";
    private const string Reads = "dd if=/dev/$(ls virtio*/block) of=/dev/null bs=4096 count=1";
    private const string HasDriver = "[ -e net ] && readlink driver | grep -q igbvf";

    internal static readonly DeviceKind Interface = new(
        "interface", ["--mgmtdev", "vdpasim_net", "--mac", Mac],
        $"<interface type='vdpa'><mac address='{Mac}'/><source dev='{{0}}'/><model type='virtio'/></interface>", Receives, Journey.WithGuest);

    internal static readonly DeviceKind Disk = new(
        "disk", ["--mgmtdev", "vdpasim_blk"],
        "<disk type='vhostvdpa' device='disk'><driver name='qemu' type='raw' cache='none'/><source dev='{0}'/><target dev='vda' bus='virtio'/></disk>", Reads, Journey.WithGuest);

    internal static readonly DeviceKind Generic = new(
        "generic", ["--mgmtdev", "vdpasim_net", "--mac", "00:11:22:33:44:02"], """{{"driver":"vhost-vdpa-device-pci","id":"vdpa0","vhostdev":"{0}","bus":"pci.6","addr":"0x0"}}""", Receives,
        Journey.Detached, Way.Argument);

    internal static readonly DeviceKind Function = new(
        "function", [], "<hostdev mode='subsystem' type='pci' managed='yes'><source><address {0}/></source></hostdev>", HasDriver, Journey.Detached);

    internal static readonly DeviceKind Vduse = new(
        "vduse", ["--mgmtdev", "vduse"], "<hostdev mode='subsystem' type='vdpa'><source dev='{0}'/></hostdev>", Reads, Journey.ByHand, Way.Plugged);

    internal static IReadOnlyList<DeviceKind> All => [Interface, Disk, Generic, Function, Vduse];

    public override string ToString() => Name;
}

/// <summary>A device of a kind, and the node or function that it is on a host.</summary>
internal sealed record GivenDevice(DeviceKind Kind, string Resource);

/// <summary>How a guest gets a device.</summary>
internal enum Way
{
    /// <summary>Its document has it.</summary>
    Defined,

    /// <summary>QEMU's command line has it, in the document's <c>qemu:commandline</c>: libvirt has no form for it.</summary>
    Argument,

    /// <summary>It is plugged in while the guest runs.</summary>
    Plugged,
}

/// <summary>How a device moves.</summary>
internal enum Journey
{
    /// <summary>QEMU migrates it.</summary>
    WithGuest,

    /// <summary><c>--detach-devices</c> takes it out and puts the other host's in.</summary>
    Detached,

    /// <summary>A person detaches and attaches it: it is a disk, which nothing else tears from a guest that may be writing to it.</summary>
    ByHand,
}
