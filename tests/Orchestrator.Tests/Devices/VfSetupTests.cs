using System.Diagnostics;
using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

/// <summary>Writes to a made sysfs, with a double of the kernel behind it.</summary>
public sealed class VfSetupTests
{
    [Test]
    public async Task A_number_is_written_and_read_back()
    {
        using HostTree host = HostTree.Kunpeng();
        VfCountPlan plan = await new VfSetup(host.Files).SetCountAsync("sec", 5);
        Assert.That(plan.Writes.Select(write => write.Text), Is.EqualTo(new[] { "0", "5" }));
        Assert.That(host.Read("/sys/bus/pci/devices/0000:35:00.0/sriov_numvfs"), Is.EqualTo("5"));
        Assert.That((await new VfSetup(host.Files).SetCountAsync("sec", 5, ifNeeded: true)).Writes, Is.Empty);
    }

    [Test]
    public void A_refused_number_changes_nothing()
    {
        using HostTree host = HostTree.Kunpeng().Process(100, "qemu-kvm", "qemu\0", "/dev/vfio/12");
        Assert.That(Problem(new VfSetup(host.Files).SetCountAsync("sec", 5)).Problem, Is.EqualTo(HostDeviceProblem.InUse));
        Assert.That(Problem(new VfSetup(host.Files).SetCountAsync("hpre", 64)).Problem, Is.EqualTo(HostDeviceProblem.OverTotal));
        Assert.That((host.Read("/sys/devices/0000:35:00.0/sriov_numvfs"), host.Read("/sys/devices/0000:39:00.0/sriov_numvfs")), Is.EqualTo(("2", "2")));
    }

    [Test]
    public async Task Functions_are_bound_to_the_driver_that_migrates()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        using var kernel = new KernelDouble(host);
        VfBindPlan plan = await new VfSetup(host.Files).BindAsync(["0000:31:00.1", "0000:35:00.1"]);
        Assert.That((plan.Driver, plan.Notes.Single()), Is.EqualTo(("hisi_acc_vfio_pci", "The driver is hisi_acc_vfio_pci: hisi_acc_vfio_pci is loaded.")));
        foreach (string address in new[] { "0000:31:00.1", "0000:35:00.1" })
        {
            Assert.That(host.Files.Resolve($"/sys/bus/pci/devices/{address}/driver"), Is.EqualTo("/sys/bus/pci/drivers/hisi_acc_vfio_pci"));
            Assert.That(host.Read($"/sys/bus/pci/devices/{address}/driver_override"), Is.EqualTo("hisi_acc_vfio_pci"));
        }

        Assert.That((host.Read("/sys/bus/pci/drivers/hisi_zip/unbind"), host.Read("/sys/bus/pci/drivers_probe")), Is.EqualTo(("0000:35:00.1", "0000:35:00.1")));
        Assert.That((await new VfSetup(host.Files).BindAsync(["0000:31:00.1"])).Functions.Single().Writes, Is.Empty);
    }

    [Test]
    public void A_driver_that_does_not_take_one_gives_all_back()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        ResetOverrides(host);
        using var kernel = new KernelDouble(host) { Refused = { "0000:31:00.2 hisi_acc_vfio_pci" } };
        var setup = new VfSetup(host.Files) { BindTimeout = TimeSpan.FromSeconds(1) };
        HostDeviceException error = Problem(setup.BindAsync(["0000:31:00.1", "0000:31:00.2"]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Failed), error.Message);
        Assert.That(error.Message, Does.StartWith("0000:31:00.2 has no driver after it was given to hisi_acc_vfio_pci").And.Contain("the old drivers are back"));
        foreach (string address in new[] { "0000:31:00.1", "0000:31:00.2" })
        {
            Assert.That(host.Files.Resolve($"/sys/bus/pci/devices/{address}/driver"), Is.EqualTo("/sys/bus/pci/drivers/hisi_zip"));
            Assert.That(host.Read($"/sys/bus/pci/devices/{address}/driver_override"), Is.Empty);
        }
    }

    [Test]
    public void A_driver_that_does_not_come_back_is_told()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        ResetOverrides(host);
        using var kernel = new KernelDouble(host) { Refused = { "0000:31:00.1 hisi_acc_vfio_pci", "0000:31:00.1 hisi_zip" } };
        HostDeviceException error = Problem(new VfSetup(host.Files) { BindTimeout = TimeSpan.FromMilliseconds(500) }.BindAsync(["0000:31:00.1"]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Degraded));
        Assert.That(error.Message, Does.Contain("not back at their old drivers: 0000:31:00.1"));
    }

    [Test]
    public void A_driver_that_is_not_loaded_changes_nothing()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        Directory.Delete(host.Real("/sys/bus/pci/drivers/vfio-pci"), recursive: true);
        HostDeviceException error = Problem(new VfSetup(host.Files).BindAsync(["0000:31:00.1"], "vfio-pci"));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.ModuleNotLoaded));
        Assert.That(host.Read("/sys/bus/pci/drivers/hisi_zip/unbind"), Is.Empty);
    }

    [Test]
    public async Task The_accelerators_driver_is_for_accelerators()
    {
        using HostTree host = HostTree.Kunpeng().Physical("0000:41:00.0", "8086:10c9", 7, 1, 1, "igb").Virtual("0000:41:10.0", "0000:41:00.0", "8086:10ca", 30, 1, null);
        Assert.That(Problem(new VfSetup(host.Files).BindAsync(["0000:41:10.0"], "hisi_acc_vfio_pci")).Problem, Is.EqualTo(HostDeviceProblem.NotSupported));
        Assert.That((await new VfSetup(host.Files).PlanBindAsync(["0000:41:10.0"])).Driver, Is.EqualTo("vfio-pci"));
    }

    [Test]
    public void A_kernel_that_does_not_come_back_is_not_waited_for()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        string unbind = host.Real("/sys/bus/pci/drivers/hisi_zip/unbind");
        File.Delete(unbind);
        using (Process fifo = Process.Start("mkfifo", [unbind]))
        {
            fifo.WaitForExit();
        }

        // A pipe that nobody reads keeps its writer, as a driver does that waits for the last user.
        HostDeviceException error = Problem(new VfSetup(host.Files) { WriteTimeout = TimeSpan.FromMilliseconds(200) }.BindAsync(["0000:31:00.1"]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.OutcomeUnknown));
        Assert.That(error.Message, Does.Contain("echo 0000:31:00.1 > /sys/bus/pci/drivers/hisi_zip/unbind"));
        using FileStream release = File.OpenRead(unbind);
    }

    [Test]
    public void The_functions_before_one_that_is_stuck_get_their_drivers_back()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        ResetOverrides(host);
        host.Virtual("0000:41:10.0", "0000:31:00.0", "19e5:a251", 40, 0, null).PciDriver("stuck").Link("/sys/devices/0000:41:10.0/driver", "/sys/bus/pci/drivers/stuck");
        string unbind = host.Real("/sys/bus/pci/drivers/stuck/unbind");
        File.Delete(unbind);
        using (Process fifo = Process.Start("mkfifo", [unbind]))
        {
            fifo.WaitForExit();
        }

        using var kernel = new KernelDouble(host);
        HostDeviceException error = Problem(new VfSetup(host.Files) { WriteTimeout = TimeSpan.FromSeconds(1) }.BindAsync(["0000:31:00.1", "0000:41:10.0", "0000:31:00.2"]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.OutcomeUnknown));
        Assert.That(error.Message, Does.EndWith("; 0000:41:10.0 was at stuck and may get hisi_acc_vfio_pci yet; back at their old drivers: 0000:31:00.1"));
        Assert.That(host.Files.Resolve("/sys/bus/pci/devices/0000:31:00.1/driver"), Is.EqualTo("/sys/bus/pci/drivers/hisi_zip"));
        Assert.That(host.Read("/sys/devices/0000:31:00.1/driver_override"), Is.Empty);
        using FileStream release = File.OpenRead(unbind);
    }

    [TestCase(true, HostDeviceProblem.Failed, "0000:31:00.0 has 2 virtual functions again, with their old drivers")]
    [TestCase(false, HostDeviceProblem.Degraded, "0000:31:00.0 has 2 virtual functions again, but not back at their old drivers: 0000:31:00.2")]
    public async Task An_old_number_comes_back_with_the_old_drivers(bool takes, HostDeviceProblem problem, string message)
    {
        using HostTree host = HostTree.Kunpeng();
        SriovInventory before = await SriovSysfs.ReadAsync(host.Files);
        PhysicalFunction zip = before.PhysicalFunctions[0];

        // As the kernel leaves it when it has taken the functions away and refuses the new number.
        host.File("/sys/devices/0000:31:00.0/sriov_numvfs", "0\n");
        ResetOverrides(host);
        foreach (string address in new[] { "0000:31:00.1", "0000:31:00.2" })
        {
            File.Delete(host.Real($"/sys/devices/{address}/driver"));
        }

        using var kernel = new KernelDouble(host);
        if (!takes)
        {
            kernel.Refused.Add("0000:31:00.2 hisi_acc_vfio_pci");
        }

        HostDeviceException error = await new VfSetup(host.Files) { BindTimeout = TimeSpan.FromSeconds(1) }.UndoCountAsync(zip, [.. before.Of(zip)], new(HostDeviceProblem.Failed, "refused"));
        Assert.That((error.Problem, error.Message), Is.EqualTo((problem, $"refused; {message}")));
        Assert.That(host.Read("/sys/devices/0000:31:00.0/sriov_numvfs"), Is.EqualTo("2"));
        Assert.That(host.Files.Resolve("/sys/devices/0000:31:00.1/driver"), Is.EqualTo("/sys/bus/pci/drivers/hisi_acc_vfio_pci"));
        Assert.That(host.Read("/sys/devices/0000:31:00.1/driver_override"), Is.EqualTo("hisi_acc_vfio_pci"));
    }

    [Test]
    public void An_attribute_that_is_not_there_is_an_error()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        File.Delete(host.Real("/sys/bus/pci/drivers/hisi_zip/unbind"));
        HostDeviceException error = Problem(new VfSetup(host.Files).BindAsync(["0000:31:00.1"]));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Failed));
        Assert.That(error.Message, Does.Contain("/sys/bus/pci/drivers/hisi_zip/unbind"));
    }

    private static HostDeviceException Problem(Task task) => Assert.ThrowsAsync<HostDeviceException>(() => task)!;

    private static void ResetOverrides(HostTree host)
    {
        host.File("/sys/devices/0000:31:00.1/driver_override", "(null)\n").File("/sys/devices/0000:31:00.2/driver_override", "(null)\n");
    }
}
