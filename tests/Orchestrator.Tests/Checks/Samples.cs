using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Hosts;
using Orchestrator.Tests.Devices;
using Orchestrator.Tests.Hosts;
using static Libvirt.Xml.Tests.Dialects;

namespace Orchestrator.Tests.Checks;

/// <summary>Hosts as the facts describe them.</summary>
internal static class Samples
{
    /// <summary>openEuler 22.03 LTS SP3: before it had <c>migration=</c>.</summary>
    internal static HostDialect OpenEuler2203Sp3 { get; } = OpenEuler2203 with { MigrationAttribute = false };

    internal static HostIdentity Identity(HostDialect dialect, string name = "node1", string architecture = "aarch64", string uri = "qemu:///system") => new()
    {
        Name = name,
        Uri = uri,
        HostName = name,
        HostUuid = new Guid($"00000000-0000-0000-0000-{(name == "node1" ? 1 : 2):d12}"),
        Architecture = architecture,
        Driver = "QEMU",
        LibvirtVersion = dialect.LibvirtVersion,
        QemuVersion = dialect.QemuVersion,
    };

    internal static FakeHost Host(FakeLibvirt libvirt, string name = "node1", string architecture = "aarch64", string uri = "qemu:///system") =>
        new(name, new ObserverClock(TimeProvider.System))
        {
            Identity = Identity(new() { LibvirtVersion = libvirt.Version, QemuVersion = libvirt.QemuVersion }, name, architecture, uri),
            Libvirt = libvirt,
        };

    /// <summary>What is observed of a host with a tree of files.</summary>
    internal static Task<HostFacts> ReadAsync(HostTree tree, FakeLibvirt libvirt, string name = "node1") => new HostFactsReader(tree.Files).ReadAsync(Host(libvirt, name));

    internal static PciFunctionFacts Function(string address, string id, string? driver, int? numa = 0, string? physical = null, int classId = 0x120000) => new()
    {
        Address = PciAddress.Parse(address),
        Vendor = Convert.ToUInt16(id.Split(':')[0], 16),
        Device = Convert.ToUInt16(id.Split(':')[1], 16),
        Class = classId,
        Driver = driver,
        NumaNode = numa,
        PhysicalFunction = physical is null ? null : PciAddress.Parse(physical),
    };

    internal static VdpaDeviceFacts Vdpa(int number, string? driver = "vhost_vdpa", string? parent = null, FileOwner? access = null) => new()
    {
        Name = $"vdpa{number}",
        Driver = driver,
        CharDevice = driver == "vhost_vdpa" ? $"/dev/vhost-vdpa-{number}" : null,
        Access = access ?? new(107, 107, UnixFileMode.UserRead | UnixFileMode.UserWrite),
        Parent = parent is null ? null : PciAddress.Parse(parent),
    };

    /// <summary>A 22.03 SP3 that lacks nothing for kernel vDPA.</summary>
    internal static HostFacts VdpaHost { get; } = new()
    {
        Host = Identity(OpenEuler2203Sp3),
        IsThisMachine = true,
        Dialect = OpenEuler2203Sp3,
        CpuModel = "Kunpeng-920",
        NumaNodes = [new(0, 48, 64 << 20), new(1, 48, 64 << 20)],
        Emulator = "/usr/libexec/qemu-kvm",
        Firmware = new("Huawei Corp.", "1.79", "08/21/2021", "TaiShan 2280 V2"),
        Kernel = new()
        {
            Release = "5.10.0-182.0.0.95.oe2203sp3.aarch64",
            Modules = new Dictionary<string, ModuleFacts> { ["vdpa"] = new(null, "A"), ["vhost_vdpa"] = new(null, "B"), ["vender_vdpa"] = new("1.0", "C") },
            VdpaBus = true,
            VdpaDrivers = ["vhost_vdpa"],
        },
        IommuGroups = 40,
        PciFunctions =
        [
            Function("0000:08:00.0", "19e5:0222", "hinic3", classId: 0x020000),
            Function("0000:08:01.0", "1af4:1000", "vender_vdpa", physical: "0000:08:00.0", classId: 0x020000),
            Function("0000:08:01.1", "1af4:1000", "vender_vdpa", physical: "0000:08:00.0", classId: 0x020000),
        ],
        VdpaDevices = [Vdpa(0, parent: "0000:08:01.0"), Vdpa(1, parent: "0000:08:01.1")],
        Daemon = new() { IsPrivileged = true, LockedMemoryLimit = 64 << 20, QemuAccount = new("qemu", 107, [107, 36]) },
        QemuConfiguration = new(),
        TraceEvents = new HashSet<string> { "all_vcpus_paused", "all_vcpus_prepared", "vm_state_notify" },
        LogsReadable = true,
        MonitorEvents = true,
        Clock = new("chrony", true, 0.4),
    };

    /// <summary>A 24.03 SP3 that lacks nothing for KAE.</summary>
    internal static HostFacts KaeHost { get; } = VdpaHost with
    {
        Host = Identity(OpenEuler2403),
        Dialect = OpenEuler2403,
        Kernel = new()
        {
            Release = "6.6.0-98.0.0.103.oe2403sp3.aarch64",
            Modules = new Dictionary<string, ModuleFacts>
            {
                ["hisi_zip"] = new("2.0", "A", 32),
                ["hisi_sec2"] = new("2.0", "B", 32),
                ["hisi_hpre"] = new("2.0", "C", 32),
                ["hisi_acc_vfio_pci"] = new(null, "D"),
                ["uacce"] = new(null, "E"),
            },
            Uacce = ["hisi_hpre-2", "hisi_sec2-1", "hisi_zip-0"],
        },
        PciFunctions =
        [
            Function("0000:31:00.0", "19e5:a250", "hisi_zip", 1), Function("0000:31:00.1", "19e5:a251", "hisi_acc_vfio_pci", 1, "0000:31:00.0"),
            Function("0000:32:00.0", "19e5:a255", "hisi_sec2", 1), Function("0000:32:00.1", "19e5:a256", "hisi_acc_vfio_pci", 1, "0000:32:00.0"),
            Function("0000:33:00.0", "19e5:a258", "hisi_hpre", 1), Function("0000:33:00.1", "19e5:a259", "hisi_acc_vfio_pci", 1, "0000:33:00.0"),
        ],
        VdpaDevices = [],
    };

    /// <summary>A stock host with nothing for vDPA or KAE, as a laboratory's.</summary>
    internal static HostFacts BareHost { get; } = VdpaHost with
    {
        Host = Identity(Upstream, architecture: "x86_64"),
        Dialect = Upstream,
        Kernel = new() { Release = "6.1.0-18-amd64" },
        IommuGroups = 0,
        PciFunctions = [Function("0000:00:03.0", "1af4:1041", "virtio-pci", classId: 0x020000)],
        VdpaDevices = [],
    };

    /// <summary>The same host seen from afar, its daemon without a driver for devices.</summary>
    internal static HostFacts Unseen { get; } = new() { Host = Identity(OpenEuler2403), Dialect = OpenEuler2403 with { GenericVdpaDevice = null }, MonitorEvents = true };

    /// <summary>A host whose functions are changed one by one.</summary>
    internal static HostFacts With(this HostFacts facts, Func<PciFunctionFacts, PciFunctionFacts?> change) =>
        facts with { PciFunctions = [.. facts.PciFunctions!.Select(change).OfType<PciFunctionFacts>()] };
}
