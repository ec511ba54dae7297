using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VdpaDecisionTests
{
    private static readonly VdpaRequest Request = new() { Name = "vdpa0", ManagementDevice = "pci/0000:42:00.0", Mac = "52:54:00:00:00:01" };
    private static readonly VdpaManagementDevice Parent = new() { Name = "pci/0000:42:00.0", Classes = [VdpaClass.Net] };
    private static readonly VdpaDevice Same = new() { Name = "vdpa0", ManagementDevice = "pci/0000:42:00.0", Mac = "52:54:00:00:00:01" };
    private static readonly DeviceUser User = new("web1", 4242, "qemu-kvm");

    [Test]
    public void What_is_not_there_is_made() => Assert.That(VdpaDecision.MustCreate(Request, false, [Parent], []), Is.True);

    [Test]
    public void The_same_device_will_do_when_asked_so()
    {
        Assert.That(VdpaDecision.MustCreate(Request, true, [Parent], [Same]), Is.False);
        Assert.That(Problem(() => VdpaDecision.MustCreate(Request, false, [Parent], [Same])).Problem, Is.EqualTo(HostDeviceProblem.AlreadyExists));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Another_device_of_that_name_is_refused_with_the_difference(bool ifNeeded)
    {
        HostDeviceException error = Problem(() => VdpaDecision.MustCreate(Request, ifNeeded, [Parent], [Same with { Mac = "52:54:00:00:00:02" }]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Differs));
        Assert.That(error.Message, Does.Contain("its MAC is 52:54:00:00:00:02, not 52:54:00:00:00:01"));
    }

    [Test]
    public void A_management_device_without_its_bus_is_recognised()
    {
        HostDeviceException error = Problem(() => VdpaDecision.MustCreate(Request with { ManagementDevice = "0000:42:00.0" }, false, [Parent], []));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.NoManagementDevice));
        Assert.That(error.Remedy, Is.EqualTo("With its bus: pci/0000:42:00.0."));
    }

    [Test]
    public void A_missing_management_device_comes_with_those_there_are()
    {
        Assert.That(Problem(() => VdpaDecision.MustCreate(Request with { ManagementDevice = "x" }, false, [Parent], [])).Remedy, Does.Contain("pci/0000:42:00.0"));
        Assert.That(Problem(() => VdpaDecision.MustCreate(Request, false, [], [])).Remedy, Does.Contain("none at all"));
    }

    [Test]
    public void A_disk_has_no_mac()
    {
        VdpaManagementDevice disk = Parent with { Classes = [VdpaClass.Block] };
        Assert.That(Problem(() => VdpaDecision.MustCreate(Request, false, [disk], [])).Problem, Is.EqualTo(HostDeviceProblem.NotSupported));
        Assert.That(VdpaDecision.MustCreate(Request with { Mac = null }, false, [disk], []), Is.True);
    }

    [TestCase("vp-vdpa")]
    [TestCase("vp_vdpa")]
    public void A_second_device_on_a_vp_vdpa_parent_is_refused(string driver)
    {
        HostDeviceException error = Problem(() => VdpaDecision.MustCreate(Request, false, [Parent with { Driver = driver }], [Same with { Name = "vpn0" }]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.NotSupported));
        Assert.That(error.Message, Does.Contain("vpn0"));
        Assert.That(VdpaDecision.MustCreate(Request, false, [Parent with { Driver = "mlx5_core" }], [Same with { Name = "vpn0" }]), Is.True);
    }

    [Test]
    public void A_device_in_use_is_not_deleted()
    {
        HostDeviceException error = Problem(() => VdpaDecision.MustDelete("vdpa0", true, true, [User]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.InUse));
        Assert.That(error.Message, Is.EqualTo("the vDPA device vdpa0 is in use by domain web1 (qemu-kvm, pid 4242)"));
    }

    [Test]
    public void A_device_that_is_not_there_is_done_when_asked_so()
    {
        Assert.That(VdpaDecision.MustDelete("vdpa0", true, false, []), Is.False);
        Assert.That(VdpaDecision.MustDelete("vdpa0", false, true, []), Is.True);
        Assert.That(Problem(() => VdpaDecision.MustDelete("vdpa0", false, false, [])).Problem, Is.EqualTo(HostDeviceProblem.NotFound));
    }

    private static HostDeviceException Problem(Func<bool> action) => Assert.Throws<HostDeviceException>(() => action())!;
}
