using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VdpaOutputTests
{
    [Test]
    public void Management_devices_are_read()
    {
        IReadOnlyList<VdpaManagementDevice> devices = VdpaOutput.ManagementDevices(VdpaRecordings.ManagementDevices);
        Assert.That(devices.Select(device => device.Name), Is.EqualTo(new[] { "vdpasim_net", "vdpasim_blk", "vduse" }));
        Assert.That(devices[0].Classes, Is.EqualTo(new[] { VdpaClass.Net }));
        Assert.That(devices[0].MaxVirtqueues, Is.EqualTo(3));
        Assert.That(devices[0].Features, Does.Contain("CTRL_MAC_ADDR"));
        Assert.That(devices[2].Classes, Is.EqualTo(new[] { VdpaClass.Net, VdpaClass.Block }));
    }

    [Test]
    public void Features_without_a_name_are_bits()
    {
        VdpaManagementDevice device = VdpaOutput.ManagementDevices(VdpaRecordings.PciManagementDevice).Single();
        Assert.That(device.Features.Take(2), Is.EqualTo(new[] { "bit_2", "bit_4" }));
        Assert.That(device.Features.TakeLast(2), Is.EqualTo(new[] { "ACCESS_PLATFORM", "bit_40" }));
    }

    [Test]
    public void Devices_get_their_configuration()
    {
        VdpaDevice device = VdpaOutput.WithConfiguration(VdpaOutput.Devices(VdpaRecordings.Devices), VdpaRecordings.Configuration).Single();
        Assert.That((device.Name, device.Class, device.ManagementDevice, device.VendorId), Is.EqualTo(("vdpa0", VdpaClass.Net, "vdpasim_net", (long?)0)));
        Assert.That((device.MaxVirtqueues, device.MaxVirtqueueSize, device.Mac, device.Mtu), Is.EqualTo(((int?)3, (int?)256, "00:00:00:00:00:00", (int?)1500)));
        Assert.That(device.Features, Is.Empty);
    }

    [Test]
    public void A_driver_that_is_up_has_negotiated_features()
    {
        const string Up = """{"config":{"vdpa0":{"mac":"52:54:00:00:00:01","negotiated_features":["STATUS","CTRL_VQ",40],"max_vq_pairs":2}}}""";
        VdpaDevice device = VdpaOutput.WithConfiguration(VdpaOutput.Devices(VdpaRecordings.Devices), Up).Single();
        Assert.That(device.Features, Is.EqualTo(new[] { "STATUS", "CTRL_VQ", "bit_40" }));
        Assert.That((device.MaxVirtqueuePairs, device.Mtu), Is.EqualTo(((int?)2, (int?)null)));
    }

    [Test]
    public void Keys_that_end_in_a_space_are_their_names()
    {
        VdpaDevice device = VdpaOutput.WithConfiguration(VdpaOutput.Devices(VdpaRecordings.Devices), """{"config":{"vdpa0":{"mac ":"52:54:00:00:00:01","mtu ":9000}}}""").Single();
        Assert.That((device.Mac, device.Mtu), Is.EqualTo(("52:54:00:00:00:01", (int?)9000)));
    }

    [Test]
    public void An_unknown_kind_is_another()
    {
        VdpaDevice device = VdpaOutput.Devices("""{"dev":{"x":{"type":"<unknown type>","mgmtdev":"auxiliary/mlx5_core.sf.2","vendor_id":5555}}}""").Single();
        Assert.That((device.Class, device.ScalableFunction, device.MaxVirtqueues), Is.EqualTo((VdpaClass.Other, "mlx5_core.sf.2", (int?)null)));
        Assert.That(VdpaOutput.ManagementDevices("""{"mgmtdev":{"x":{"supported_classes":["< unknown class >"]}}}""").Single().Classes, Is.EqualTo(new[] { VdpaClass.Other }));
    }

    [Test]
    public void No_device_is_no_error()
    {
        Assert.That(VdpaOutput.Devices(RecordedVdpa.NoDevices), Is.Empty);
        Assert.That(VdpaOutput.ManagementDevices("""{"mgmtdev":{}}"""), Is.Empty);
    }

    [TestCase("", TestName = "nothing")]
    [TestCase("{\"dev\":{\"vdpa0\":{\"type\":\"netw", TestName = "half a document")]
    [TestCase("vdpa0: type network mgmtdev vdpasim_net", TestName = "an old tool that knows no -j")]
    [TestCase("{\"mgmtdev\":{}}", TestName = "another document")]
    [TestCase("[]", TestName = "a list")]
    [TestCase("{\"dev\":[]}", TestName = "a list of devices")]
    public void What_is_no_document_is_an_error_that_names_the_tool(string output)
    {
        HostDeviceException error = Assert.Throws<HostDeviceException>(() => VdpaOutput.Devices(output))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.UnreadableOutput));
        Assert.That(error.Message, Does.Contain("vdpa tool"));
        Assert.That(error.Remedy, Does.Contain("iproute2").And.Contain("5.12"));
    }

    [Test]
    public void Numbers_out_of_their_range_are_not_told()
    {
        VdpaDevice device = VdpaOutput.Devices("""{"dev":{"x":{"max_vqs":-1,"vendor_id":99999999999,"max_vq_size":1.5}}}""").Single();
        Assert.That((device.MaxVirtqueues, device.VendorId, device.MaxVirtqueueSize), Is.EqualTo(((int?)null, (long?)null, (int?)null)));
    }
}
