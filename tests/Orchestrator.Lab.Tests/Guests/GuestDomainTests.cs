using System.Xml.Linq;
using Orchestrator.Lab.Guests;
using Orchestrator.Lab.Images;

namespace Orchestrator.Lab.Tests.Guests;

public sealed class GuestDomainTests
{
    private static readonly GuestImage Image = new("/i/kernel", "/i/initramfs", "/i/collector");
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    [Test]
    public void Document_emulated_guest_has_what_was_asked_for()
    {
        var document = Document(new GuestOptions { Name = "web1", MemoryMiB = 256, Vcpus = 2 }, hasKvm: false);

        Assert.That((string?)document.Attribute("type"), Is.EqualTo("qemu"));
        Assert.That((string?)document.Element("memory"), Is.EqualTo("256"));
        Assert.That((string?)document.Element("vcpu"), Is.EqualTo("2"));
        Assert.That((string?)document.Element("os")?.Element("cmdline"), Does.Contain("tsc=unstable").And.Contain("clocksource=acpi_pm"));
        var serial = document.Element("devices")!.Element("serial")!;
        Assert.That((string?)serial.Attribute("type"), Is.EqualTo("unix"));
        Assert.That(serial.Element("source")!.Attributes().Select(a => a.Value), Is.EqualTo(new[] { "connect", "/s" }));
        Assert.That(document.Element("devices")!.Elements().Select(e => e.Name.LocalName), Has.No.Member("interface").And.No.Member("disk"));
    }

    [Test]
    public void Document_with_kvm_keeps_the_hardware_clock()
    {
        var document = Document(new GuestOptions(), hasKvm: true);

        Assert.That((string?)document.Attribute("type"), Is.EqualTo("kvm"));
        Assert.That((string?)document.Element("os")?.Element("cmdline"), Does.Not.Contain("clocksource"));
    }

    [Test]
    public void Document_has_one_trace_argument_for_each_pattern()
    {
        var arguments = Document(new GuestOptions(), hasKvm: false).Element(Qemu + "commandline")!.Elements(Qemu + "arg")
            .Select(a => (string)a.Attribute("value")!);

        Assert.That(arguments, Is.EqualTo(new[] { "--trace", "vm_state_notify", "--trace", "vmstate_downtime*", "--trace", "all_vcpus*" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Document_shares_memory_only_when_asked_to_and_has_ports_to_plug_devices_into(bool shared)
    {
        var document = Document(new GuestOptions { SharedMemory = shared }, hasKvm: false);

        Assert.That((string?)document.Element("memoryBacking")?.Element("access")?.Attribute("mode"), Is.EqualTo(shared ? "shared" : null));
        Assert.That(document.Element("devices")!.Elements("controller").Count(controller => (string?)controller.Attribute("model") == "pcie-root-port"), Is.EqualTo(6));
    }

    [TestCase("-c")]
    [TestCase("a'b\"c")]
    [TestCase("</name><x>&")]
    public void Document_strange_name_stays_a_name(string name)
    {
        var read = XElement.Parse(Document(new GuestOptions { Name = name }, hasKvm: false).ToString());

        Assert.That((string?)read.Element("name"), Is.EqualTo(name));
    }

    [TestCase("<capabilities><guest><arch name='x86_64'><domain type='qemu'/></arch></guest></capabilities>", false)]
    [TestCase("<capabilities><guest><arch name='x86_64'><domain type='qemu'/><domain type='kvm'/></arch></guest></capabilities>", true)]
    [TestCase("<capabilities><guest><arch name='i686'><domain type='kvm'/></arch></guest></capabilities>", false)]
    [TestCase("<capabilities/>", false)]
    public void HasKvm_capabilities_tell_it(string capabilities, bool expected) =>
        Assert.That(GuestDomain.HasKvm(XElement.Parse(capabilities)), Is.EqualTo(expected));

    private static XElement Document(GuestOptions options, bool hasKvm) =>
        GuestDomain.Document(options, Guid.Parse("5b1ff0ac-5f0c-4c0a-9e5c-0f1f1d6c1111"), Image, "/s", hasKvm);
}
