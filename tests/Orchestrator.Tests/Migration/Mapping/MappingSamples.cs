using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using static Libvirt.Xml.Tests.Dialects;

namespace Orchestrator.Tests.Migration.Mapping;

/// <summary>openEuler's guests and hosts: three vDPA cards of a 4U8G guest, three accelerator functions of an 8U16G one.</summary>
internal static class MappingSamples
{
    /// <summary>Three single-queue cards of a SmartNIC.</summary>
    internal const string VdpaGuest = """
        <domain type="kvm">
          <name>web1</name>
          <uuid>UUID</uuid>
          <memory unit="GiB">8</memory>
          <memtune><hard_limit unit="GiB">25</hard_limit></memtune>
          <devices>
            <hostdev mode="subsystem" type="vdpa" managed="no"><source dev="/dev/vhost-vdpa-0"/><address type="pci" domain="0x0000" bus="0x05" slot="0x00" function="0x0"/></hostdev>
            <hostdev mode="subsystem" type="vdpa" managed="no"><source dev="/dev/vhost-vdpa-1"/><address type="pci" domain="0x0000" bus="0x06" slot="0x00" function="0x0"/></hostdev>
            <hostdev mode="subsystem" type="vdpa" managed="no"><source dev="/dev/vhost-vdpa-2"/><alias name="ua-third"/><address type="pci" domain="0x0000" bus="0x07" slot="0x00" function="0x0"/></hostdev>
          </devices>
        </domain>
        """;

    /// <summary>A ZIP, a SEC and an HPRE function.</summary>
    internal const string KaeGuest = """
        <domain type="kvm">
          <name>web1</name>
          <uuid>UUID</uuid>
          <memory unit="GiB">16</memory>
          <devices>
            <hostdev mode="subsystem" type="pci" managed="no" migration="on"><source><address domain="0x0000" bus="0x31" slot="0x00" function="0x1"/></source><address type="pci" domain="0x0000" bus="0x05" slot="0x00" function="0x0"/></hostdev>
            <hostdev mode="subsystem" type="pci" managed="no" migration="on"><source><address domain="0x0000" bus="0x32" slot="0x00" function="0x1"/></source><address type="pci" domain="0x0000" bus="0x06" slot="0x00" function="0x0"/></hostdev>
            <hostdev mode="subsystem" type="pci" managed="no" migration="on"><source><address domain="0x0000" bus="0x33" slot="0x00" function="0x1"/></source><address type="pci" domain="0x0000" bus="0x07" slot="0x00" function="0x0"/></hostdev>
          </devices>
        </domain>
        """;

    internal static VdpaDevice Card(int number, string mac, string? name = null, string user = "") => new()
    {
        Name = name ?? $"vdpa{number}",
        Class = VdpaClass.Net,
        ManagementDevice = $"pci/0000:08:01.{number % 8}",
        VendorId = 6900,
        MaxVirtqueues = 3,
        MaxVirtqueueSize = 256,
        Mac = mac,
        Mtu = 1500,
        Features = user.Length > 0 ? ["MAC", "VERSION_1"] : [],
        ConfigurationTold = true,
        Driver = "vhost_vdpa",
        CharDevice = $"/dev/vhost-vdpa-{number}",
        NumaNode = 0,
        Users = user.Length > 0 ? [new(user, null, null)] : [],
    };

    internal static string Mac(int number) => $"52:54:00:00:00:0{number}";

    internal static VdpaManagementDevice Parent(int number, string driver = "vender_vdpa") => new()
    {
        Name = $"pci/0000:08:01.{number}",
        Classes = [VdpaClass.Net],
        MaxVirtqueues = 3,
        Features = ["MAC", "MTU", "STATUS", "VERSION_1", "ACCESS_PLATFORM"],
        Driver = driver,
        NumaNode = 0,
    };

    /// <summary>The source of the guest with three cards.</summary>
    internal static DeviceInventory VdpaSource { get; } = new()
    {
        Vdpa = [.. Enumerable.Range(0, 3).Select(number => Card(number, Mac(number), user: "web1"))],
        Management = [.. Enumerable.Range(0, 3).Select(number => Parent(number))],
    };

    internal static VirtualFunction Function(string address, string id, int node = 1, string? driver = "hisi_acc_vfio_pci", string user = "") => new()
    {
        Address = address,
        Id = id,
        PhysicalFunction = $"{address[..^1]}0",
        Engine = id switch { "19e5:a251" => AcceleratorEngine.Zip, "19e5:a256" => AcceleratorEngine.Sec, "19e5:a259" => AcceleratorEngine.Hpre, _ => null },
        Driver = driver,
        IommuGroup = 9,
        IommuGroupSize = 1,
        NumaNode = node,
        Users = user.Length > 0 ? [new(user, null, null)] : [],
    };

    /// <summary>The source of the guest with three accelerator functions.</summary>
    internal static DeviceInventory KaeSource { get; } = Functions(Function("0000:31:00.1", "19e5:a251", user: "web1"), Function("0000:32:00.1", "19e5:a256", user: "web1"), Function("0000:33:00.1", "19e5:a259", user: "web1"));

    internal static DeviceInventory Functions(params VirtualFunction[] functions) => new() { Functions = new([], functions) };

    internal static MigrationPlan Plan(
        string xml, DeviceInventory source, DeviceInventory destination, MigrationRequest? request = null, HostDialect? dialect = null, HostFacts? layers = null)
    {
        string live = xml.Replace("UUID", $"{Samples.Uuid}", StringComparison.Ordinal);
        HostIdentity from = Samples.Host("lab-a", "qemu+ssh://a/system");
        HostIdentity to = Samples.Host("lab-b", "qemu+ssh://b/system");
        PlanningFacts here = Samples.Facts(from) with { Dialect = dialect ?? OpenEuler2403, Inventory = source, MigratableXml = live, DefinitionXml = live, Layers = layers };
        PlanningFacts there = Samples.Facts(to) with { Dialect = dialect ?? OpenEuler2403, Inventory = destination, Layers = layers };
        return Samples.Plan(request, Samples.Domain() with { Xml = live }, new(to, null, null), from, here, there);
    }

    internal static (string Source, string? Destination)[] Pairs(MigrationPlan plan) => [.. plan.Devices.Select(device => (device.Source, device.Destination))];

    internal static Check Of(MigrationPlan plan, string id) => plan.Checks.First(check => check.Id == id);
}
