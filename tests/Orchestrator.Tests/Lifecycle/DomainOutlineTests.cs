using Libvirt.Xml;
using Orchestrator.Lifecycle;

namespace Orchestrator.Tests.Lifecycle;

public sealed class DomainOutlineTests
{
    [Test]
    public void Devices_are_counted_whatever_element_they_hide_in() => Assert.That(
        DomainOutline.Of(Domain(
            """
            <disk type='file'/><disk type='vhostvdpa'><source dev='/dev/vhost-vdpa-0'/><target dev='vda' bus='virtio'/></disk>
            <interface type='bridge'/><interface type='vdpa'><source dev='/dev/vhost-vdpa-1'/></interface>
            <interface type='hostdev'><source><address type='pci' domain='0' bus='1' slot='0' function='1'/></source></interface>
            <hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-2'/></hostdev>
            <hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0' bus='1' slot='0' function='2'/></source></hostdev>
            """,
            after: "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{\"driver\":\"vhost-vdpa-device-pci\",\"vhostdev\":\"/dev/vhost-vdpa-3\"}'/></qemu:commandline>")),
        Is.EqualTo(new DomainOutline(2, 3, 4, 2, null)));

    [Test]
    public void What_only_looks_like_a_device_is_none() => Assert.That(
        DomainOutline.Of(Domain("<controller><disk/></controller>", before: "<metadata><x:y xmlns:x='u'><devices><disk/></devices></x:y></metadata><title>vdpa hostdev</title>")),
        Is.EqualTo(new DomainOutline(0, 0, 0, 0, null)));

    [TestCase("http://openstack.org/xmlns/libvirt/nova/1.1", "OpenStack (nova)")]
    [TestCase("http://kubevirt.io", "KubeVirt")]
    [TestCase("http://libosinfo.org/xmlns/libvirt/domain/1.0", null)]
    public void Another_manager_is_told_by_its_metadata(string space, string? manager) =>
        Assert.That(DomainOutline.Of(Domain("", before: $"<metadata><i:i xmlns:i='{space}'/></metadata>")).Manager, Is.EqualTo(manager));

    [TestCase("")]
    [TestCase("<domain>")]
    [TestCase("<!DOCTYPE d [<!ENTITY e 'x'>]><domain>&e;</domain>")]
    public void What_is_no_document_is_said_to_be_none(string text) => Assert.Throws<DomainDocumentException>(() => DomainOutline.Of(text));

    [Test]
    public void A_running_domain_differs_from_its_definition_by_what_its_next_start_changes()
    {
        string running = Domain("<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/></disk><interface type='bridge'><target dev='vnet7'/><model type='virtio'/></interface>", before: "<memory>1024</memory><vcpu current='2'>4</vcpu>");
        string definition = Domain(
            "<disk type='file'><source file='/b'/><target dev='vda' bus='virtio'/></disk><interface type='bridge'><model type='virtio'/></interface><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-2'/></hostdev>",
            before: "<memory unit='MiB'>2</memory><vcpu>4</vcpu>");
        Assert.That(DefinitionDifferences.Of(running, running), Is.Empty);
        Assert.That(DefinitionDifferences.Of(running, definition), Is.EqualTo(new[]
        {
            "memory: 1024 KiB in the running domain, 2048 KiB in its definition",
            "virtual CPUs: 2 in the running domain, 4 in its definition",
            "<disk type='file'> /a: 1 in the running domain, 0 in its definition",
            "<disk type='file'> /b: 0 in the running domain, 1 in its definition",
            "<hostdev type='vdpa'> /dev/vhost-vdpa-2: 0 in the running domain, 1 in its definition",
        }));
    }

    private static string Domain(string devices, string before = "", string after = "") =>
        $"<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>d</name>{before}<devices>{devices}</devices>{after}</domain>";
}
