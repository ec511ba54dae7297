using System.Text.Json;
using Orchestrator.Devices;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Devices;

/// <summary>What QEMU's answers and its log say of a vDPA device.</summary>
public sealed class VhostStatesTests
{
    // QEMU has a vhost-dev in its answer only while it is started.
    private const string Started = """ "vhost-started": true, "vhost-dev": {"nvqs": 2, "started": true},""";
    private const string NotStarted = """ "vhost-started": false,""";

    [TestCase(Started, "DRIVER_OK", "", VdpaHealth.Works)]
    [TestCase(NotStarted, "DRIVER_OK", "", VdpaHealth.Dead)]
    [TestCase(NotStarted, "FEATURES_OK", "", VdpaHealth.DriverNotUp)]
    [TestCase(NotStarted, "DRIVER_OK", """ "vm-running": false,""", VdpaHealth.Stopped)]
    [TestCase(NotStarted, "FAILED", "", VdpaHealth.Dead)]
    [TestCase(Started, "NEEDS_RESET", "", VdpaHealth.Dead)]
    [TestCase(Started, "DRIVER_OK", """ "broken": true,""", VdpaHealth.Dead)]
    [TestCase("", "DRIVER_OK", "", VdpaHealth.Unknown)]
    public void A_driver_that_is_up_before_a_backend_that_is_not_started_is_before_a_dead_device(string vhost, string driver, string more, VdpaHealth expected)
    {
        using var status = JsonDocument.Parse($$"""{"name": "virtio-net", "device-id": 1,{{vhost}}{{more}} "status": {"statuses": ["VIRTIO_CONFIG_S_ACKNOWLEDGE: Valid virtio device found", "VIRTIO_CONFIG_S_{{driver}}: …"] } }""");

        Assert.That(VhostStates.Judge(status.RootElement).Health, Is.EqualTo(expected));
    }

    [Test]
    public void A_link_that_is_down_is_no_dead_card()
    {
        using var status = JsonDocument.Parse($$"""{{{NotStarted}} "vm-running": true, "status": {"statuses": ["VIRTIO_CONFIG_S_DRIVER_OK: …"] } }""");

        Assert.That(VhostStates.Judge(status.RootElement, hasLinkDown: true).Health, Is.EqualTo(VdpaHealth.Stopped));
    }

    [TestCase("2026-11-21T10:00:00.000000Z qemu-system-x86_64: vhost_set_vring_num failed: Invalid argument (22)", "qemu-system-x86_64: vhost_set_vring_num failed: Invalid argument (22)")]
    [TestCase("2026-11-21T10:00:00.000000Z qemu-system-x86_64: unable to start vhost net: 22: falling back on userspace virtio", "qemu-system-x86_64: unable to start vhost net: 22: falling back on userspace virtio")]
    [TestCase("2026-11-21T10:00:00.000000Z qemu-system-x86_64: vhost vdpa map fail!", "qemu-system-x86_64: vhost vdpa map fail!")]
    [TestCase("qemu-kvm: vhost-vdpa: DMA mapping failed, unable to continue", "qemu-kvm: vhost-vdpa: DMA mapping failed, unable to continue")]
    public void The_lines_that_tell_of_a_dead_device_are_known(string line, string text) =>
        Assert.That(DeviceLog.Of(new() { Lines = [line] }).Lines, Is.EqualTo(new[] { text }));

    [Test]
    public void What_a_QEMU_before_said_is_over()
    {
        var log = DeviceLog.Of(new() { Lines = ["2026-11-21 09:00:00.000+0000: starting up libvirt version: 11.3.0", "vhost vdpa map fail!", "2026-11-21 10:00:00.000+0000: starting up libvirt version: 11.3.0", "vhost_set_vring_num failed: 22"] });

        Assert.That(log.Lines, Is.EqualTo(new[] { "vhost_set_vring_num failed: 22" }));
    }

    [Test]
    public void What_the_log_said_before_is_no_news_and_the_same_again_is()
    {
        LogEvidence once = new() { Lines = ["vhost vdpa map fail!"] };
        LogEvidence twice = new() { Lines = ["vhost vdpa map fail!", "vhost vdpa map fail!"] };
        LogEvidence anew = new() { Lines = ["2026-11-21 10:00:00.000+0000: starting up libvirt version: 11.3.0", "vhost vdpa map fail!"] };

        Assert.That(DeviceLog.Of(once).Since(DeviceLog.Of(once)), Is.Empty);
        Assert.That(DeviceLog.Of(twice).Since(DeviceLog.Of(once)), Has.Count.EqualTo(1));
        Assert.That(DeviceLog.Of(anew).Since(DeviceLog.Of(once)), Has.Count.EqualTo(1), "another QEMU says the same");
    }
}
