using Orchestrator.Migration;

namespace Orchestrator.Tests.Migration;

public sealed class DeviceMovesTests
{
    [Test]
    public void Devices_of_the_host_are_listed_with_what_they_become() => Assert.That(
        Moves("""
            <domain type='kvm'><name>web1</name><devices>
              <disk type='file' device='disk'><source file='/var/lib/a.img'/><target dev='vda' bus='virtio'/></disk>
              <disk type='vhostuser' device='disk'><source type='unix' path='/run/a.sock'/><target dev='vdb' bus='virtio'/></disk>
              <interface type='network'><source network='default'/><model type='virtio'/></interface>
              <hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-3'/></hostdev>
              <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>
            </devices></domain>
            """).Select(move => (move.Source, move.Destination, move.Scheme)),
        Is.EqualTo(new (string, string?, string)[]
        {
            ("/run/a.sock", "/run/b.sock", "vhost_user"),
            ("/dev/vhost-vdpa-3", null, "kernel_vdpa"),
            ("c2177883-f1bb-47f0-914d-32a22e3a8804", "c2177883-f1bb-47f0-914d-32a22e3a8804", "mediated_device"),
        }));

    [Test]
    public void A_document_that_cannot_be_read_lists_none() => Assert.That(Moves("<network/>"), Is.Empty);

    private static IReadOnlyList<MigrationDocument.DeviceMove> Moves(string xml) =>
        DeviceMoves.Of(Samples.Plan(Samples.Request with { Map = [new("/run/a.sock", "/run/b.sock")] }, Samples.Domain() with { Xml = xml }), []);
}
