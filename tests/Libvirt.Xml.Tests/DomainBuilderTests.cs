using Libvirt.Xml.Devices;
using Libvirt.Xml.Tests.Devices;
using Libvirt.Xml.Tests.Schemas;

namespace Libvirt.Xml.Tests;

public sealed class DomainBuilderTests
{
    private static readonly DomainBuilder Plain = new() { Name = "a<b", Vcpus = 2, MemoryMiB = 512, Architecture = "x86_64", Type = "qemu" };

    [Test]
    public void The_vdpa_guest_is_that_of_the_report()
    {
        BuiltDomain built = (DomainBuilder.Vdpa4U8G("g", "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2") with { NumaNode = 1 }).Build(Dialects.OpenEuler2203);

        Assert.That(Canonical.Of(built.Document.ToString()), Is.EqualTo(Canonical.Of("""
            <domain type='kvm'>
              <name>g</name>
              <memory unit='KiB'>8388608</memory>
              <memtune>
                <hard_limit unit='KiB'>26214400</hard_limit>
              </memtune>
              <vcpu placement='static'>4</vcpu>
              <numatune>
                <memory mode='strict' nodeset='1'/>
              </numatune>
              <os firmware='efi'>
                <type arch='aarch64' machine='virt'>hvm</type>
              </os>
              <features>
                <acpi/>
                <gic version='host'/>
              </features>
              <cpu mode='host-passthrough'/>
              <devices>
                <console type='pty'/>
                <hostdev mode='subsystem' type='vdpa'>
                  <source dev='/dev/vhost-vdpa-0'/>
                </hostdev>
                <hostdev mode='subsystem' type='vdpa'>
                  <source dev='/dev/vhost-vdpa-1'/>
                </hostdev>
                <hostdev mode='subsystem' type='vdpa'>
                  <source dev='/dev/vhost-vdpa-2'/>
                </hostdev>
              </devices>
              <qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
                <qemu:arg value='--trace'/>
                <qemu:arg value='all_vcpus*'/>
                <qemu:arg value='--trace'/>
                <qemu:arg value='vm_state_notify'/>
                <qemu:arg value='--trace'/>
                <qemu:arg value='vmstate_downtime_*'/>
              </qemu:commandline>
            </domain>
            """)));
        Assert.That(built.Notes, Has.Some.Contains("started anew"));
        Assert.That(built.Document.Check(), Is.Empty);
    }

    [Test]
    public void The_kae_guest_is_that_of_the_report()
    {
        DomainBuilder builder = DomainBuilder.Kae8U16G("g", new(0, 0x31, 0, 1), new(0, 0x35, 0, 1), new(0, 0x38, 0, 1));
        DomainDocument for2203 = builder.Build(Dialects.OpenEuler2203).Document;
        DomainDocument for2403 = builder.Build(Dialects.OpenEuler2403).Document;

        Assert.That(for2203.Devices.OfType<PciHostDevice>().Select(device => (device.HostResource, device.Migration, device.Managed, device.DriverName)),
            Is.EqualTo(new (string?, bool?, bool?, string?)[] { ("0000:31:00.1", true, null, "vfio"), ("0000:35:00.1", true, null, "vfio"), ("0000:38:00.1", true, null, "vfio") }));
        Assert.That(for2403.Devices.OfType<PciHostDevice>().Select(device => device.Managed), Is.All.EqualTo(false));
        Assert.That((string?)for2403.Root.Element("vcpu"), Is.EqualTo("8"));
        Assert.That(for2403.MemoryKiB, Is.EqualTo(16777216));
        Assert.That((string?)for2403.Root.Element("memtune")?.Element("hard_limit"), Is.EqualTo("17825792"));
        Assert.That(() => builder.Build(Dialects.Upstream), Throws.TypeOf<DeviceRefusedException>());
    }

    [Test]
    public void The_same_options_are_the_same_document()
        => Assert.That(Plain.Build().Document.ToString(), Is.EqualTo(Plain.Build().Document.ToString()));

    [Test]
    public void A_guest_whose_devices_share_its_memory_has_shared_memory()
    {
        BuiltDomain built = (Plain with { Devices = [new VhostUserDisk { Socket = "/s", Target = "vda" }] }).Build();

        Assert.That(built.Document.HasSharedMemory, Is.True);
        Assert.That(built.Notes, Has.Some.Contains("shared"));
        Assert.That(Plain.Build().Document.HasSharedMemory, Is.False);
    }

    [Test]
    public void Options_that_are_no_machine_are_refused()
    {
        Assert.That(() => (Plain with { Vcpus = 0 }).Build(), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => (Plain with { Name = " " }).Build(), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => (Plain with { MemoryMiB = -1 }).Build(), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => (Plain with { Architecture = "vax" }).Build(), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => DomainBuilder.Vdpa4U8G("g", "/dev/vhost-vdpa-0"), Throws.InstanceOf<ArgumentException>());
    }

    private static IEnumerable<DomainBuilder> Upstream()
    {
        // What is openEuler's own has no place in libvirt's schema.
        IReadOnlyList<DomainDevice> devices =
        [
            .. EveryDevice.All.Where(device => device is not VdpaHostDevice and not PciHostDevice { Migration: not null }),
            new PciHostDevice { Source = new(0, 0x41, 0x10, 0), Managed = true, DriverModel = "mlx5_vfio_pci", Alias = "ua-vf" },
        ];
        yield return Plain;
        yield return Plain with { Architecture = "aarch64", NumaNode = 0, Uuid = new("c7a5fdbd-cdaf-9455-926a-d65c16db1809") };
        yield return Plain with { Type = "kvm", Devices = devices };
        yield return Plain with { Type = "kvm", Architecture = "aarch64", Devices = devices };
    }

    [TestCaseSource(nameof(Upstream))]
    public async Task A_document_for_stock_libvirt_is_valid_in_its_schema(DomainBuilder builder)
    {
        DomainDocument document = (builder with { Name = "valid" }).Build().Document;

        XmlLint verdict = await XmlLint.ValidateAsync(XmlLint.Stock, document.ToString());
        Assert.That(verdict.Valid, Is.True, $"{verdict.Output}\n{document}");
    }

    private static IEnumerable<TestCaseData> OpenEuler()
    {
        DomainBuilder vdpa = DomainBuilder.Vdpa4U8G("vdpa", "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2") with { NumaNode = 1 };
        DomainBuilder kae = DomainBuilder.Kae8U16G("kae", new(0, 0x31, 0, 1), new(0, 0x35, 0, 1), new(0, 0x38, 0, 1));
        yield return new TestCaseData(vdpa, Dialects.OpenEuler2203).SetArgDisplayNames("4U8G", "22.03");
        yield return new TestCaseData(vdpa, Dialects.OpenEuler2403).SetArgDisplayNames("4U8G", "24.03");
        yield return new TestCaseData(kae, Dialects.OpenEuler2203).SetArgDisplayNames("8U16G", "22.03");
        yield return new TestCaseData(kae, Dialects.OpenEuler2403).SetArgDisplayNames("8U16G", "24.03");
        yield return new TestCaseData(kae with { Architecture = "x86_64", Devices = EveryDevice.All }, null).SetArgDisplayNames("every device, q35", "no dialect");
    }

    [TestCaseSource(nameof(OpenEuler))]
    public async Task A_document_for_openEuler_is_valid_in_our_schema_and_not_in_stock_libvirts(DomainBuilder builder, HostDialect? dialect)
    {
        string document = builder.Build(dialect).Document.ToString();

        XmlLint verdict = await XmlLint.ValidateAsync(XmlLint.OpenEuler, document);
        Assert.That(verdict.Valid, Is.True, $"{verdict.Output}\n{document}");
        Assert.That((await XmlLint.ValidateAsync(XmlLint.Stock, document)).Valid, Is.False);
    }
}
