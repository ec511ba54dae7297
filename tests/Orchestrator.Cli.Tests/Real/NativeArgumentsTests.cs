using System.Reflection;
using System.Text.Json;
using System.Xml.Linq;
using Libvirt.Interop;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>What a stock libvirt makes of the samples: it takes them, keeps what they say, and starts QEMU with the devices they mean.</summary>
public sealed class NativeArgumentsTests
{
    private static readonly string Folder = Path.Combine(
        typeof(NativeArgumentsTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!, "samples", "domains");

    private static IEnumerable<string> UpstreamSamples() => Directory.GetFiles(Folder, "*.xml").Select(Path.GetFileNameWithoutExtension).OfType<string>()
        .Where(name => !name.StartsWith("openeuler-", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private LibvirtConnection _host = null!;

    [SetUp]
    public void Connect() => _host = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);

    [TearDown]
    public void Disconnect() => _host.Dispose();

    [TestCaseSource(nameof(UpstreamSamples))]
    public void Sample_is_defined_and_read_back(string name)
    {
        XElement sample = ForThisHost(name);
        if (sample.Descendants("disk").Any(disk => (string?)disk.Attribute("type") == "vhostvdpa"))
        {
            // Debian builds QEMU without libblkio: known, and refused.
            LibvirtException refusal = Assert.Throws<LibvirtException>(() => _host.DefineXml($"{sample}").Dispose())!;
            Assert.That(refusal.Code, Is.EqualTo(LibvirtErrorCode.ConfigUnsupported), refusal.Message);
            Assert.That(_host.TryLookupByName(name), Is.Null);
            return;
        }

        using LibvirtDomain domain = _host.DefineXml($"{sample}", DomainDefineFlags.Validate);
        try
        {
            var defined = XElement.Parse(domain.GetXml(DomainXmlFlags.Inactive));
            Assert.That(Lost(sample.Element("devices")!, defined.Element("devices")!), Is.Empty);
            Assert.That(Arguments(defined), Is.EqualTo(Arguments(sample)));
            foreach (string bus in PortsOfArguments(sample))
            {
                Assert.That(defined.Descendants("address").Select(address => (string?)address.Attribute("bus")), Has.None.EqualTo(bus), "the port of the device on QEMU's command line");
            }
        }
        finally
        {
            domain.Undefine();
        }
    }

    [Test]
    public void Stock_libvirt_drops_the_migration_attribute_unless_it_validates()
    {
        XElement sample = ForThisHost("sriov-hostdev");
        XElement device = sample.Descendants("hostdev").Single();
        device.SetAttributeValue("migration", "on");

        LibvirtException refusal = Assert.Throws<LibvirtException>(() => _host.DefineXml($"{sample}", DomainDefineFlags.Validate).Dispose())!;
        Assert.That(refusal.Code, Is.EqualTo(LibvirtErrorCode.XmlInvalidSchema), refusal.Message);
        using LibvirtDomain domain = _host.DefineXml($"{sample}");
        try
        {
            Assert.That(Lost(sample.Element("devices")!, XElement.Parse(domain.GetXml()).Element("devices")!), Is.EqualTo(new[] { device }));
        }
        finally
        {
            domain.Undefine();
        }
    }

    [Test]
    public void Generic_device_reaches_qemu_as_written()
    {
        XElement domain = ForThisHost("upstream-generic-vdpa");

        // "Memory tuning is not available in session mode"
        domain.Element("memtune")!.Remove();
        JsonElement device = Native(domain).Json("-device", "driver", "vhost-vdpa-device-pci");

        Assert.That(device.GetProperty("vhostdev").GetString(), Is.EqualTo("/dev/vhost-vdpa-0"));
        Assert.That(device.GetProperty("id").GetString(), Is.EqualTo("vdpa0"));
        Assert.That(device.GetProperty("bus").GetString(), Is.EqualTo("pci.8"));
    }

    [Test]
    public void Vhost_user_disk_is_a_socket_and_shared_memory()
    {
        QemuArguments arguments = Native(ForThisHost("vhost-user-disk"));
        JsonElement device = arguments.Json("-device", "driver", "vhost-user-blk-pci");
        string chardev = device.GetProperty("chardev").GetString()!;

        Assert.That(device.GetProperty("id").GetString(), Is.EqualTo("virtio-disk0"));
        Assert.That(arguments.Values("-chardev"), Has.Member($"socket,id={chardev},path=/run/vhost-user/disk0.sock"));
        Assert.That(arguments.Json("-object", "qom-type", "memory-backend-memfd").GetProperty("share").GetBoolean(), Is.True);
    }

    [Test]
    public void Host_device_is_given_to_vfio()
    {
        JsonElement device = Native(ForThisHost("sriov-hostdev")).Json("-device", "driver", "vfio-pci");

        Assert.That(device.GetProperty("host").GetString(), Is.EqualTo("0000:41:10.1"));
        Assert.That(device.GetProperty("id").GetString(), Is.EqualTo("ua-vf0"));
        Assert.That(device.TryGetProperty("enable-migration", out _), Is.False, "stock libvirt has no migration attribute");
    }

    // With the driver named libvirt believes it; without, it looks whether the host can.
    [Test]
    public void Host_device_without_a_driver_needs_a_host_with_vfio()
    {
        XElement domain = ForThisHost("sriov-hostdev");
        domain.Descendants("hostdev").Elements("driver").Remove();
        bool hasVfio = XElement.Parse(_host.GetDomainCapabilities(machine: "q35", type: "qemu")).Descendants("enum")
            .Single(choice => (string?)choice.Attribute("name") == "pciBackend").Elements("value").Any(value => value.Value == "vfio");
        if (hasVfio)
        {
            Assert.That(Native(domain).Json("-device", "driver", "vfio-pci").GetProperty("host").GetString(), Is.EqualTo("0000:41:10.1"));
        }
        else
        {
            Refused(LibvirtErrorCode.ConfigUnsupported, "host doesn't support passthrough of host PCI devices", domain);
        }
    }

    // How a dialect is told without defining anything: what is known and incomplete is refused otherwise than what is unknown.
    [TestCase("<interface type='vdpa'/>", LibvirtErrorCode.XmlError, "requires a 'source' element")]
    [TestCase("<interface type='frobnicate'/>", LibvirtErrorCode.XmlError, "Invalid value for attribute 'type'")]
    [TestCase("<disk type='vhostvdpa'><driver name='qemu' type='raw'/><source dev='/dev/vhost-vdpa-0'/><target dev='vda' bus='virtio'/></disk>", LibvirtErrorCode.ConfigUnsupported, "vhostvdpa disk is not supported with this QEMU binary")]
    [TestCase("<disk type='frobnicate'><source dev='/dev/vhost-vdpa-0'/><target dev='vda' bus='virtio'/></disk>", LibvirtErrorCode.XmlError, "Invalid value for attribute 'type'")]
    [TestCase("<hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev>", LibvirtErrorCode.XmlError, "Invalid value for attribute 'type'")]
    public void Stock_libvirt_tells_what_it_knows(string device, LibvirtErrorCode code, string message)
    {
        XElement domain = ForThisHost("virtio");
        domain.Element("devices")!.ReplaceNodes(XElement.Parse(device));
        Refused(code, message, domain);
    }

    /// <summary>A sample for the lab's machine, which has no KVM to rely on: emulated, and with the processor that emulation has.</summary>
    private static XElement ForThisHost(string sample)
    {
        XElement domain = XElement.Load(Path.Combine(Folder, sample + ".xml"));
        domain.SetAttributeValue("type", "qemu");
        domain.Element("cpu")!.Remove();
        return domain;
    }

    private QemuArguments Native(XElement domain) => new(_host.GetQemuCommandLine($"{domain}"));

    private void Refused(LibvirtErrorCode code, string message, XElement domain)
    {
        LibvirtException refusal = Assert.Throws<LibvirtException>(() => _host.GetQemuCommandLine($"{domain}"))!;
        Assert.That(refusal.Code, Is.EqualTo(code), refusal.Message);
        Assert.That(refusal.Message, Does.Contain(message));
    }

    private static IEnumerable<string> Arguments(XElement domain) => domain.Descendants()
        .Where(element => element.Name.LocalName == "arg")
        .Select(element => (string)element.Attribute("value")!);

    // pci.8 -> 0x08
    private static IEnumerable<string> PortsOfArguments(XElement domain) => Arguments(domain)
        .Where(value => value.StartsWith('{'))
        .Select(value => JsonDocument.Parse(value).RootElement.GetProperty("bus").GetString()!)
        .Select(bus => $"0x{int.Parse(bus.AsSpan("pci.".Length), System.Globalization.CultureInfo.InvariantCulture):x2}");

    /// <summary>What of a document another lacks. libvirt adds elements and attributes; it may drop none.</summary>
    private static IEnumerable<XElement> Lost(XElement asked, XElement given) =>
        asked.Elements().Where(child => !given.Elements(child.Name).Any(candidate => Holds(candidate, child)));

    private static bool Holds(XElement given, XElement asked) =>
        asked.Attributes().All(attribute => (string?)given.Attribute(attribute.Name) == attribute.Value)
        && asked.Nodes().OfType<XText>().All(text => given.Value.Contains(text.Value, StringComparison.Ordinal))
        && !Lost(asked, given).Any();
}
