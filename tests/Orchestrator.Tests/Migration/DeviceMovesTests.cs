using Orchestrator.Migration;

namespace Orchestrator.Tests.Migration;

public sealed class DeviceMovesTests
{
    [Test]
    public void Devices_of_the_host_are_listed_with_their_scheme() => Assert.That(
        DeviceMoves.Of("""
            <domain type='kvm'><devices>
              <disk type='file' device='disk'><source file='/var/lib/a.img'/><target dev='vda' bus='virtio'/></disk>
              <interface type='network'><source network='default'/><model type='virtio'/></interface>
              <hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-3'/></hostdev>
              <hostdev mode='subsystem' type='pci' migration='on'><source><address bus='0x31' slot='0' function='1'/></source></hostdev>
            </devices></domain>
            """),
        Is.EqualTo(new MigrationDocument.DeviceMove[]
        {
            new("/dev/vhost-vdpa-3", "/dev/vhost-vdpa-3", "kernel_vdpa"),
            new("0000:31:00.1", "0000:31:00.1", "sriov"),
        }));

    [Test]
    public void A_document_that_cannot_be_read_lists_none() => Assert.That(DeviceMoves.Of("<network/>"), Is.Empty);
}
