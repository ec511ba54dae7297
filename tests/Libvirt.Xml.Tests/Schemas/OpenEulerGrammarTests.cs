using System.Xml.Linq;

namespace Libvirt.Xml.Tests.Schemas;

/// <summary>schemas/domain-openeuler.rng takes what openEuler's parser takes, and no more.</summary>
public sealed class OpenEulerGrammarTests
{
    private const string Pci = "<source><address bus='0x31' slot='0x00' function='0x1'/></source>";

    private static string Domain(string device) => $"""
        <domain type='kvm'>
          <name>d</name>
          <memory>1048576</memory>
          <os><type arch='aarch64' machine='virt'>hvm</type></os>
          <devices>{device}</devices>
        </domain>
        """;

    [TestCase("<hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>", TestName = "vdpa: mode may be absent")]
    [TestCase("<hostdev mode='subsystem' type='vdpa' managed='no' migration='off' iommufd='1'><alias name='ua-v'/><source dev='/dev/vhost-vdpa-0'/><boot order='1'/>" +
        "<address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/></hostdev>", TestName = "vdpa: all that it may have, in any order")]
    [TestCase($"<hostdev mode='subsystem' type='pci' managed='no' migration='on'><driver name='vfio'/>{Pci}</hostdev>", TestName = "pci: migration")]
    [TestCase($"<hostdev mode='subsystem' type='pci' migration='off' iommufd='4294967295'>{Pci}<numa node='1'/></hostdev>", TestName = "pci: iommufd and numa")]
    [TestCase("<hostdev mode='subsystem' type='mdev' model='vfio-pci' migration='on'><source><address uuid='4b20d080-1b54-4048-85b3-a6a62d165c01'/></source></hostdev>", TestName = "mdev: migration is read and unused")]
    public async Task Accepts_what_only_openEuler_reads(string device)
    {
        XmlLint ours = await XmlLint.ValidateAsync(XmlLint.OpenEuler, Domain(device));
        Assert.That(ours.Valid, Is.True, ours.Output);
        Assert.That((await XmlLint.ValidateAsync(XmlLint.Stock, Domain(device))).Valid, Is.False, "stock libvirt has it by now: the extension can go");
    }

    [TestCase("<hostdev mode='subsystem' type='vdpa'/>", TestName = "vdpa without a source")]
    [TestCase("<hostdev mode='subsystem' type='vdpa'><source/></hostdev>", TestName = "vdpa without dev")]
    [TestCase("<hostdev mode='subsystem' type='vdpa'><source dev='vhost-vdpa-0'/></hostdev>", TestName = "vdpa with a relative dev")]
    [TestCase("<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/><source dev='/dev/vhost-vdpa-1'/></hostdev>", TestName = "vdpa with two sources")]
    [TestCase("<hostdev mode='subsystem' type='vdpa'><driver name='vfio'/><source dev='/dev/vhost-vdpa-0'/></hostdev>", TestName = "vdpa with a driver")]
    [TestCase("<hostdev mode='subsystem' type='vdpa' model='virtio'><source dev='/dev/vhost-vdpa-0'/></hostdev>", TestName = "vdpa with a model")]
    [TestCase("<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/><teaming type='persistent'/></hostdev>", TestName = "vdpa with teaming")]
    [TestCase("<hostdev mode='capabilities' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>", TestName = "vdpa as a capability")]
    [TestCase($"<hostdev mode='subsystem' type='pci' migration='maybe'>{Pci}</hostdev>", TestName = "migration that is neither on nor off")]
    [TestCase($"<hostdev mode='subsystem' type='pci' iommufd='0'>{Pci}</hostdev>", TestName = "iommufd 0")]
    [TestCase($"<hostdev mode='subsystem' type='pci' iommufd='0x1'>{Pci}</hostdev>", TestName = "iommufd in hexadecimal")]
    [TestCase($"<hostdev mode='subsystem' type='pci' iommufd='4294967296'>{Pci}</hostdev>", TestName = "iommufd beyond 32 bits")]
    [TestCase("<hostdev mode='subsystem' type='pci' migration='on'/>", TestName = "pci without a source")]
    [TestCase("<hostdev mode='subsystem' type='frobnicate' migration='on'><source dev='/dev/vhost-vdpa-0'/></hostdev>", TestName = "an unknown type")]
    [TestCase("<interface type='generic-vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>", TestName = "the interface that was proposed and rejected")]
    [TestCase("<disk type='generic-vdpa' device='disk'><source dev='/dev/vhost-vdpa-0'/><target dev='vda' bus='virtio'/></disk>", TestName = "the disk that was proposed and rejected")]
    [TestCase($"<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vdpa'/>{Pci}</hostdev>", TestName = "the driver that was proposed and rejected")]
    public async Task Refuses(string device) =>
        Assert.That((await XmlLint.ValidateAsync(XmlLint.OpenEuler, Domain(device))).Valid, Is.False);

    // As openEuler's 9.10 does: its own grammar has the two attributes and lacks the type.
    [Test]
    public async Task Extends_a_libvirt_that_knows_the_attributes_itself()
    {
        XNamespace rng = "http://relaxng.org/ns/structure/1.0";
        string folder = Directory.CreateTempSubdirectory("olibvirt-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(XmlLint.Stock)!, "*.rng"))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            string common = Path.Combine(folder, "domaincommon.rng");
            XDocument stock = XDocument.Load(common);
            XElement subsystem = stock.Root!.Elements(rng + "define").Single(define => (string?)define.Attribute("name") == "hostdevsubsys");
            subsystem.AddFirst(Optional("migration", "virOnOff"), Optional("iommufd", "unsignedInt"));
            stock.Save(common);
            XDocument ours = XDocument.Load(XmlLint.OpenEuler);
            XmlLint.Include(ours).Value = Path.Combine(folder, Path.GetFileName(XmlLint.Stock));
            string grammar = Path.Combine(folder, "extended.rng");
            ours.Save(grammar);

            foreach (DomainSample sample in DomainSample.All)
            {
                XmlLint verdict = await XmlLint.ValidateAsync(grammar, sample.Text);
                Assert.That(verdict.Valid, Is.True, verdict.Output);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        XElement Optional(string attribute, string type) =>
            new(rng + "optional", new XElement(rng + "attribute", new XAttribute("name", attribute), new XElement(rng + "ref", new XAttribute("name", type))));
    }
}
