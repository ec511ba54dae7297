using Libvirt.Xml.Tests.Devices;

namespace Libvirt.Xml.Tests;

public sealed class DomainMemoryTests
{
    private const string Vdpa = "<hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>";
    private const string Vfio = "<hostdev type='pci'><source><address bus='1'/></source></hostdev>";

    [TestCase("1048576", null, 1048576)]
    [TestCase("1048577", "b", 1025)]
    [TestCase("1024", "bytes", 1)]
    [TestCase("1000", "KB", 977)]
    [TestCase("7", "k", 7)]
    [TestCase("7", "KiB", 7)]
    [TestCase("1", "MB", 977)]
    [TestCase("1", "M", 1024)]
    [TestCase("1", "mib", 1024)]
    [TestCase("1", "GB", 976563)]
    [TestCase("1", "g", 1048576)]
    [TestCase("1", "GiB", 1048576)]
    [TestCase("1", "TB", 976562500)]
    [TestCase("1", "T", 1073741824)]
    [TestCase("1", "TiB", 1073741824)]
    [TestCase("1", "PiB", 1099511627776)]
    public void An_amount_counts_in_its_unit(string value, string? unit, long kib)
        => Assert.That(DomainDocument.Parse($"<domain><memory{(unit is null ? "" : $" unit='{unit}'")}> {value}\n</memory></domain>").MemoryKiB, Is.EqualTo(kib));

    [TestCase("1", "kbit")]
    [TestCase("1", "")]
    [TestCase("-1", "KiB")]
    [TestCase("", "KiB")]
    [TestCase("99999999999999999999999", "KiB")]
    [TestCase("18446744073709551615", "EiB")]
    public void An_amount_that_is_none_is_an_error_with_its_place(string value, string unit)
    {
        var e = Assert.Throws<DomainDocumentException>(() => _ = DomainDocument.Parse($"<domain>\n<memory unit='{unit}'>{value}</memory></domain>").MemoryKiB)!;

        Assert.That(e.Path, Does.StartWith("/domain/memory"));
        Assert.That(e.Line, Is.EqualTo(2));
    }

    // (vDPA + NVMe + VFIO term) x 8 GiB + 1 GiB
    [TestCase("", 0L)]
    [TestCase(Vdpa, 9437184L)]
    [TestCase(Vdpa + "<interface type='vdpa'><source dev='/dev/vhost-vdpa-1'/></interface><disk type='vhostvdpa'><source dev='/dev/vhost-vdpa-2'/><target dev='vda'/></disk>", 26214400L)]
    [TestCase(Vfio + Vfio, 9437184L)]
    [TestCase(Vfio + Vfio + "<iommu model='intel'/>", 17825792L)]
    [TestCase(Vfio + Vdpa, 17825792L)]
    [TestCase("<disk type='nvme'><target dev='vda'/><source/></disk>", 9437184L)]
    public void The_memory_to_lock_is_what_libvirts_formula_says(string devices, long kib)
    {
        DomainDocument domain = Domain.With(devices);
        domain.Root.AddFirst(new System.Xml.Linq.XElement("memory", 8388608));

        Assert.That(domain.MemoryLock().RequiredKiB, Is.EqualTo(kib));
        Assert.That(domain.EnsureMemoryLock(), Is.EqualTo(kib > 0));
        Assert.That((long?)domain.Root.Element("memtune")?.Element("hard_limit") ?? 0, Is.EqualTo(kib));
        Assert.That(domain.EnsureMemoryLock(), Is.False);
    }

    [Test]
    public void A_generic_device_counts_too()
    {
        DomainDocument domain = Domain.WithArguments("-device", "vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-0");
        domain.Root.AddFirst(new System.Xml.Linq.XElement("memory", 1024));

        Assert.That(domain.MemoryLock().RequiredKiB, Is.EqualTo(1024 + 1048576));
    }

    [TestCase("<memtune><hard_limit unit='GiB'>2</hard_limit></memtune>", false)]
    [TestCase("<memtune><hard_limit unit='GiB'>1</hard_limit></memtune>", true)]
    [TestCase("<memoryBacking><locked/></memoryBacking>", false)]
    public void A_limit_that_is_enough_is_left_alone(string tuning, bool changed)
    {
        DomainDocument domain = DomainDocument.Parse($"<domain><memory unit='MiB'>512</memory>{tuning}<devices>{Vdpa}</devices></domain>");
        string before = domain.ToString();

        Assert.That(domain.EnsureMemoryLock(), Is.EqualTo(changed));
        Assert.That(domain.ToString() != before, Is.EqualTo(changed));
        Assert.That(domain.MemoryLock().IsEnough, Is.True);
    }

    [TestCase("", false)]
    [TestCase("<memoryBacking><access mode='shared'/></memoryBacking>", true)]
    [TestCase("<memoryBacking><source type='anonymous'/><access mode='private'/></memoryBacking>", false)]
    [TestCase("<memoryBacking><source type='memfd'/></memoryBacking>", false)]
    [TestCase("<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>", true)]
    [TestCase("<memoryBacking><hugepages/><access mode='shared'/></memoryBacking>", true)]
    [TestCase("<memoryBacking><hugepages/></memoryBacking>", false)]
    [TestCase("<memoryBacking><hugepages/></memoryBacking><cpu><numa><cell id='0' memory='1' memAccess='shared'/></numa></cpu>", true)]
    [TestCase("<memoryBacking><hugepages/><access mode='shared'/></memoryBacking><cpu><numa><cell id='0' memory='1' memAccess='private'/></numa></cpu>", false)]
    public void Shared_memory_is_seen_and_made(string backing, bool shared)
    {
        DomainDocument domain = DomainDocument.Parse($"<domain>{backing}</domain>");

        Assert.That(domain.HasSharedMemory, Is.EqualTo(shared));
        Assert.That(domain.EnsureSharedMemory(), Is.EqualTo(!shared));
        Assert.That(domain.HasSharedMemory, Is.True);
    }

    [TestCase("", "memfd")]
    [TestCase("<memoryBacking><source type='anonymous'/></memoryBacking>", "memfd")]
    [TestCase("<memoryBacking><source type='file'/></memoryBacking>", "file")]
    [TestCase("<memoryBacking><hugepages/></memoryBacking>", null)]
    public void Shared_memory_comes_from_memfd_unless_something_else_backs_it(string backing, string? source)
    {
        DomainDocument domain = DomainDocument.Parse($"<domain>{backing}</domain>");
        domain.EnsureSharedMemory();

        Assert.That((string?)domain.Root.Element("memoryBacking")!.Element("source")?.Attribute("type"), Is.EqualTo(source));
    }
}
