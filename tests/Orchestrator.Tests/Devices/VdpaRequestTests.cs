using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VdpaRequestTests
{
    [TestCase("vdpa0")]
    [TestCase("vdpa-0000:08:01.1")]
    [TestCase("a_b.c")]
    public void A_name_is_taken(string name) => Assert.That(() => VdpaRequest.ValidateName(name), Throws.Nothing);

    [TestCase("")]
    [TestCase("a/b")]
    [TestCase("..")]
    [TestCase("../vdpa0")]
    [TestCase("-j")]
    [TestCase("a b")]
    [TestCase("a\n")]
    [TestCase("ä")]
    public void What_is_no_name_is_refused(string name) =>
        Assert.That(Assert.Throws<HostDeviceException>(() => VdpaRequest.ValidateName(name))!.Problem, Is.EqualTo(HostDeviceProblem.InvalidInput));

    [Test]
    public void A_name_has_63_characters_at_most()
    {
        Assert.That(() => VdpaRequest.ValidateName(new('a', 63)), Throws.Nothing);
        Assert.That(() => VdpaRequest.ValidateName(new('a', 66)), Throws.InstanceOf<HostDeviceException>().With.Message.Contains("66 characters"));
    }

    [TestCase("00:00:00:00:00:00", "one network card")]
    [TestCase("01:00:5e:00:00:01", "one network card")]
    [TestCase("ff:ff:ff:ff:ff:ff", "one network card")]
    [TestCase("zz", "no MAC address")]
    [TestCase("52:54:00:00:00", "no MAC address")]
    [TestCase("52-54-00-00-00-01", "no MAC address")]
    public void A_mac_that_is_none_is_refused(string mac, string message) =>
        Assert.That(() => (Request() with { Mac = mac }).Validate(), Throws.InstanceOf<HostDeviceException>().With.Message.Contains(message));

    [TestCase(67)]
    [TestCase(65536)]
    [TestCase(-1)]
    public void An_mtu_out_of_range_is_refused(int mtu) =>
        Assert.That(() => (Request() with { Mtu = mtu }).Validate(), Throws.InstanceOf<HostDeviceException>().With.Message.Contains("MTU"));

    [TestCase(0)]
    [TestCase(32769)]
    public void Pairs_out_of_range_are_refused(int pairs) =>
        Assert.That(() => (Request() with { MaxVirtqueuePairs = pairs }).Validate(), Throws.InstanceOf<HostDeviceException>().With.Message.Contains("pairs"));

    [TestCase("pci/")]
    [TestCase("pci/../x")]
    [TestCase("a/b/c")]
    [TestCase("-x")]
    [TestCase("")]
    public void What_is_no_management_device_is_refused(string name) =>
        Assert.That(() => (Request() with { ManagementDevice = name }).Validate(), Throws.InstanceOf<HostDeviceException>().With.Message.Contains("management device"));

    [Test]
    public void The_command_has_what_was_asked_for_and_no_more()
    {
        Assert.That(VdpaDevices.CommandOf(Request()), Is.EqualTo("vdpa dev add name vdpa0 mgmtdev pci/0000:08:01.1"));
        Assert.That(
            VdpaDevices.CommandOf(Request() with { Mac = "52:54:00:00:00:01", Mtu = 9000, MaxVirtqueuePairs = 4 }),
            Is.EqualTo("vdpa dev add name vdpa0 mgmtdev pci/0000:08:01.1 mac 52:54:00:00:00:01 mtu 9000 max_vqp 4"));
    }

    [Test]
    public void Differences_are_told_one_by_one()
    {
        VdpaRequest request = Request() with { Mac = "52:54:00:00:00:01", Mtu = 9000, MaxVirtqueuePairs = 4 };
        var device = new VdpaDevice { Name = "vdpa0", ManagementDevice = "pci/0000:08:01.1", Mac = "52:54:00:00:00:01", Mtu = 9000, MaxVirtqueuePairs = 4 };
        Assert.That(request.DifferencesTo(device), Is.Empty);
        Assert.That(
            request.DifferencesTo(device with { ManagementDevice = "vdpasim_net", Mac = "52:54:00:00:00:02", Mtu = null, MaxVirtqueuePairs = null, ConfigurationTold = true }),
            Is.EqualTo(new[]
            {
                "its management device is vdpasim_net, not pci/0000:08:01.1", "its MAC is 52:54:00:00:00:02, not 52:54:00:00:00:01", "its MTU is not told, not 9000",
                "it has 1 pair(s) of virtqueues, not 4",
            }));
    }

    [Test]
    public void What_was_not_asked_for_is_no_difference()
    {
        Assert.That(Request().DifferencesTo(new() { Name = "vdpa0", ManagementDevice = "pci/0000:08:01.1", Mac = "52:54:00:00:00:01", Mtu = 1500 }), Is.Empty);
        Assert.That((Request() with { Mac = "52:54:00:AA:00:01", MaxVirtqueuePairs = 1 }).DifferencesTo(new() { Name = "vdpa0", Mac = "52:54:00:aa:00:01", ConfigurationTold = true }), Is.Empty);
    }

    private static VdpaRequest Request() => new() { Name = "vdpa0", ManagementDevice = "pci/0000:08:01.1" };
}
