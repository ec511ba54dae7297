using System.Globalization;
using System.Xml.Linq;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml;

public sealed partial class DomainDocument
{
    /// <summary>libvirt's VIR_DOMAIN_MEMORY_PARAM_UNLIMITED, in KiB.</summary>
    private const long Unlimited = long.MaxValue >> 10;

    /// <summary>The guest's memory in KiB: <c>memory</c>, or the NUMA cells and memory devices when they are more; 0 when the document tells none.</summary>
    /// <exception cref="DomainDocumentException">An amount can't be read.</exception>
    public long MemoryKiB
    {
        get
        {
            long total = DomainMemory.KiB(Root.Element("memory"), "/domain/memory") ?? 0;
            Int128 parts = 0;
            foreach (XElement cell in Root.Elements("cpu").Elements("numa").Elements("cell"))
            {
                parts += CellKiB(cell);
            }

            foreach (XElement module in Root.Elements("devices").Elements("memory"))
            {
                parts += DomainMemory.KiB(module.Element("target")?.Element("size"), "/domain/devices/memory/target/size") ?? 0;
            }

            // Together they may be more than any one of them could be.
            return Math.Max(total, (long)Int128.Min(parts, Unlimited));
        }
    }

    /// <summary>Whether another process on the host can share the guest's memory, as vhost-user devices and vhostvdpa disks need.</summary>
    public bool HasSharedMemory
    {
        get
        {
            // As libvirt decides it: the access mode counts, of each NUMA cell where there are some. What backs the memory doesn't; without a source libvirt makes a file.
            bool inGeneral = (string?)Root.Element("memoryBacking")?.Element("access")?.Attribute("mode") == "shared";
            List<XElement> cells = [.. Root.Elements("cpu").Elements("numa").Elements("cell")];
            return cells.Count == 0 ? inGeneral : cells.TrueForAll(cell => (string?)cell.Attribute("memAccess") is { } own ? own == "shared" : inGeneral);
        }
    }

    /// <summary>Makes the guest's memory shareable: <c>memfd</c> unless huge pages or files back it already, and access mode <c>shared</c>. Says whether the document changed.</summary>
    public bool EnsureSharedMemory()
    {
        if (HasSharedMemory)
        {
            return false;
        }

        XElement backing = DocumentEdit.Container(Root, "memoryBacking");
        if (backing.Element("hugepages") is null && (string?)backing.Element("source")?.Attribute("type") is not "file")
        {
            DocumentEdit.SetChildAttribute(backing, "source", "type", "memfd");
        }

        DocumentEdit.SetChildAttribute(backing, "access", "mode", "shared");
        foreach (XElement cell in Root.Elements("cpu").Elements("numa").Elements("cell").Where(cell => cell.Attribute("memAccess") is not null))
        {
            cell.SetAttributeValue("memAccess", "shared");
        }

        return true;
    }

    /// <summary>How much memory the devices lock, and whether the document allows it.</summary>
    /// <exception cref="DomainDocumentException">An amount of memory can't be read.</exception>
    public MemoryLock MemoryLock()
    {
        IReadOnlyList<DomainDevice> devices = Devices;
        int vdpa = devices.Count(device => device is VdpaHostDevice or GenericVdpaDevice or VhostVdpaNetwork or VdpaInterface or VhostVdpaDisk);
        int nvme = Root.Elements("devices").Elements("disk").Count(disk => (string?)disk.Attribute("type") == "nvme");
        int vfio = devices.Count(device => device is PciHostDevice or HostdevInterface or MediatedHostDevice);
        int term = DocumentRules.HasIommu(Root) ? vfio : Math.Min(vfio, 1);
        long memory = MemoryKiB;
        int count = vdpa + nvme + term;
        long required = count == 0 ? 0 : (long)Int128.Min(((Int128)count * memory) + (1024 * 1024), Unlimited);
        long? allowed = DomainMemory.KiB(Root.Element("memtune")?.Element("hard_limit"), "/domain/memtune/hard_limit");
        return new(memory, vdpa, nvme, term, required, allowed, Root.Element("memoryBacking")?.Element("locked") is not null);
    }

    /// <summary>
    /// Allows QEMU to lock what the devices need, as <c>&lt;memtune&gt;&lt;hard_limit unit='KiB'&gt;</c>. A larger limit and <c>locked</c> memory are left alone. Says whether the document
    /// changed. Takes effect at the next start.
    /// </summary>
    /// <exception cref="DomainDocumentException">An amount of memory can't be read.</exception>
    public bool EnsureMemoryLock()
    {
        MemoryLock memory = MemoryLock();
        if (memory.IsEnough)
        {
            return false;
        }

        XElement limit = DocumentEdit.Container(DocumentEdit.Container(Root, "memtune"), "hard_limit");
        limit.SetAttributeValue("unit", "KiB");
        limit.Value = memory.RequiredKiB.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    private static long CellKiB(XElement cell)
    {
        if (cell.Attribute("memory") is not { } memory)
        {
            return 0;
        }

        var amount = new XElement("memory", memory.Value, cell.Attribute("unit"));
        return DomainMemory.KiB(amount, "/domain/cpu/numa/cell/@memory") ?? 0;
    }
}
