using System.Globalization;
using System.Xml.Linq;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml;

/// <summary>What a built domain is, and what its owner should know.</summary>
/// <param name="Document">The document.</param>
/// <param name="Notes">Sentences for people: what was added, and what takes effect when.</param>
public sealed record BuiltDomain(DomainDocument Document, IReadOnlyList<string> Notes);

/// <summary>A whole domain from a few options: the machine, its devices, the memory that they need, and the trace events that a downtime measurement wants.</summary>
public sealed record DomainBuilder
{
    /// <summary>The domain's name.</summary>
    public required string Name { get; init; }

    /// <summary>The UUID; <see langword="null"/> lets libvirt make one up.</summary>
    public Guid? Uuid { get; init; }

    /// <summary>The architecture: <c>aarch64</c> (machine <c>virt</c>, UEFI) or <c>x86_64</c> (<c>q35</c>).</summary>
    public string Architecture { get; init; } = "aarch64";

    /// <summary>The domain type: <c>kvm</c>, or <c>qemu</c> for emulation.</summary>
    public string Type { get; init; } = "kvm";

    /// <summary>The number of vCPUs.</summary>
    public required int Vcpus { get; init; }

    /// <summary>The memory in MiB.</summary>
    public required long MemoryMiB { get; init; }

    /// <summary>The host's NUMA node that the memory has to come from, best that of the devices; <see langword="null"/> for any.</summary>
    public int? NumaNode { get; init; }

    /// <summary>The devices, disks and network cards included.</summary>
    public IReadOnlyList<DomainDevice> Devices { get; init; } = [];

    /// <summary>QEMU's trace events to log, for the downtime of migrations. QEMU ignores a pattern that matches none of its events.</summary>
    public IReadOnlyList<string> TracePatterns { get; init; } = ["all_vcpus*", "vm_state_notify", "vmstate_downtime_*"];

    /// <summary>The guest of openEuler's kernel vDPA test report: 4 vCPUs, 8 GiB, three single-queue vDPA devices, aarch64.</summary>
    /// <param name="name">The domain's name.</param>
    /// <param name="nodes">The three nodes, such as <c>/dev/vhost-vdpa-0</c>.</param>
    public static DomainBuilder Vdpa4U8G(string name, params IReadOnlyList<string> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        return nodes.Count == 3
            ? new() { Name = name, Vcpus = 4, MemoryMiB = 8 * 1024, Devices = [.. nodes.Select(node => new VdpaHostDevice { SourceDevice = node })] }
            : throw new ArgumentException("the guest has three vDPA devices", nameof(nodes));
    }

    /// <summary>The guest of openEuler's KAE test report: 8 vCPUs, 16 GiB, one ZIP, one HPRE and one SEC function, aarch64.</summary>
    /// <param name="name">The domain's name.</param>
    /// <param name="zip">The ZIP function on the host.</param>
    /// <param name="hpre">The HPRE function, best on the same NUMA node.</param>
    /// <param name="sec">The SEC function, best on the same NUMA node.</param>
    public static DomainBuilder Kae8U16G(string name, PciAddress zip, PciAddress hpre, PciAddress sec) => new()
    {
        Name = name,
        Vcpus = 8,
        MemoryMiB = 16 * 1024,
        Devices = [.. ((PciAddress[])[zip, hpre, sec]).Select(source => new PciHostDevice { Source = source, Migration = true, DriverName = "vfio" })],
    };

    /// <summary>Makes the document.</summary>
    /// <param name="dialect">The host that it goes to; <see langword="null"/> writes the devices as they are.</param>
    /// <exception cref="ArgumentException">An option has no such value.</exception>
    /// <exception cref="DeviceRefusedException">The host would refuse a device or drop a part of it.</exception>
    /// <exception cref="DeviceInvalidException">No libvirt would take a device.</exception>
    public BuiltDomain Build(HostDialect? dialect = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ArgumentOutOfRangeException.ThrowIfLessThan(Vcpus, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MemoryMiB, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(NumaNode ?? 0);
        if (Architecture is not ("aarch64" or "x86_64") || Type is not ("kvm" or "qemu"))
        {
            throw new ArgumentException($"'{Architecture}' of type '{Type}' is not a machine that is built here (aarch64 or x86_64, kvm or qemu)");
        }

        List<DomainDevice> devices = [.. Devices.Select(device => dialect is null ? device : DeviceWriting.ForDialect(device, dialect))];
        DomainDocument document = Draft(devices, null);
        MemoryLock memory = document.MemoryLock();
        document = Draft(devices, memory);
        foreach (string pattern in TracePatterns)
        {
            document.TraceArguments.Add(pattern);
        }

        return new(document, [.. Notes(devices, memory)]);
    }

    private DomainDocument Draft(List<DomainDevice> devices, MemoryLock? memory)
    {
        DomainDocument document = DomainDocument.Parse($"<domain type='{Type}'>\n  <name/>\n</domain>");
        document.Name = Name;
        XElement root = document.Root;
        if (Uuid is { } uuid)
        {
            Append(new("uuid", uuid.ToString("D")));
        }

        Append(new("memory", new XAttribute("unit", "KiB"), MemoryMiB * 1024));
        if (devices.Exists(device => device is VhostUserInterface or VhostUserDisk or VhostVdpaDisk))
        {
            document.EnsureSharedMemory();
        }

        if (memory is { RequiredKiB: > 0 })
        {
            Append(new("memtune", new XElement("hard_limit", new XAttribute("unit", "KiB"), memory.RequiredKiB)));
        }

        Append(new("vcpu", new XAttribute("placement", "static"), Vcpus));
        if (NumaNode is { } node)
        {
            Append(new("numatune", new XElement("memory", new XAttribute("mode", "strict"), new XAttribute("nodeset", node))));
        }

        bool arm = Architecture == "aarch64";
        bool kvm = Type == "kvm";

        // libvirt finds the UEFI image itself; the virt machine has no other firmware that boots a disk.
        Append(new("os", arm ? new XAttribute("firmware", "efi") : null, new XElement("type", new XAttribute("arch", Architecture), new XAttribute("machine", arm ? "virt" : "q35"), "hvm")));
        Append(new("features", new XElement("acpi"), arm ? new XElement("gic", new XAttribute("version", kvm ? "host" : "3")) : new XElement("apic")));
        Append(new("cpu", new XAttribute("mode", kvm ? "host-passthrough" : "maximum")));
        Append(new("devices", new XElement("console", new XAttribute("type", "pty"))));
        devices.ForEach(document.Add);
        return document;

        void Append(XElement element) => DocumentEdit.Append(root, element);
    }

    private IEnumerable<string> Notes(List<DomainDevice> devices, MemoryLock memory)
    {
        if (TracePatterns.Count > 0)
        {
            yield return "the trace events take effect when the domain is started anew; libvirt marks it as tainted (custom-argv), and QEMU ignores patterns that match none of its events";
        }

        if (memory.RequiredKiB > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"memory that QEMU may lock: {memory}");
        }

        if (devices.Exists(device => device is VhostUserInterface or VhostUserDisk or VhostVdpaDisk))
        {
            yield return "the guest's memory is shared (memfd), for the processes that serve its devices";
        }

        foreach (DomainDevice device in devices.Where(device => device is VdpaHostDevice or GenericVdpaDevice or VhostVdpaNetwork))
        {
            yield return $"{device.HostResource}: QEMU's user has to be allowed to read and write it; libvirt doesn't see to that";
        }

        if (Architecture == "aarch64" && devices.Exists(device => device is PciHostDevice { Migration: true }))
        {
            yield return "the accelerators' functions are best on one NUMA node with the guest's memory, and no other passed-through device may be in a guest that migrates them";
        }
    }
}
