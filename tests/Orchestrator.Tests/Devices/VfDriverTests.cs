using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VfDriverTests
{
    private const string Release = "5.10.0-216.0.0.115.oe2203sp4.aarch64";

    [Test]
    public void The_accelerators_own_driver_is_chosen_where_it_is()
    {
        using HostTree host = Kernel().File($"/lib/modules/{Release}/extra/hisi-acc-vfio-pci.ko");
        Assert.That(VfDriver.Choose(host.Files), Is.EqualTo(("hisi_acc_vfio_pci", $"this kernel has /lib/modules/{Release}/extra/hisi-acc-vfio-pci.ko")));
        host.PciDriver("hisi_acc_vfio_pci");
        Assert.That(VfDriver.Choose(host.Files), Is.EqualTo(("hisi_acc_vfio_pci", "hisi_acc_vfio_pci is loaded")));
    }

    [TestCase("kernel/drivers/vfio/pci/hisilicon/hisi-acc-vfio-pci.ko.xz", "modprobe hisi_acc_vfio_pci")]
    [TestCase("kernel/drivers/vfio/pci/hisilicon/hisi_acc_vfio_pci.ko", "modprobe hisi_acc_vfio_pci")]
    [TestCase("updates/hisi-acc-vfio-pci.ko.zst", "modprobe hisi_acc_vfio_pci")]
    [TestCase("extra/hisi-acc-vfio-pci.ko", $"insmod /lib/modules/{Release}/extra/hisi-acc-vfio-pci.ko")]
    public void A_module_is_loaded_as_its_place_wants(string file, string command)
    {
        using HostTree host = Kernel().File($"/lib/modules/{Release}/{file}");
        HostDeviceException error = Assert.Throws<HostDeviceException>(() => VfDriver.Require(host.Files, VfDriver.HisiAccVfioPci))!;
        Assert.That((error.Problem, error.Remedy), Is.EqualTo((HostDeviceProblem.ModuleNotLoaded, (string?)$"Load it: {command}")));
    }

    [TestCase("extra/hisi-acc-vfio-pci.ko.bak")]
    [TestCase("extra/hisi-acc-vfio-pci2.ko")]
    [TestCase("kernel/drivers/net/hisi-acc-vfio-pci.ko")]
    public void Another_file_is_no_module(string file)
    {
        using HostTree host = Kernel().File($"/lib/modules/{Release}/{file}");
        HostDeviceException error = Assert.Throws<HostDeviceException>(() => VfDriver.Require(host.Files, VfDriver.HisiAccVfioPci))!;
        Assert.That(error.Remedy, Does.Contain("driver_migration"));
    }

    [Test]
    public void An_older_release_takes_vfio_pci()
    {
        using HostTree host = Kernel();
        Assert.That(VfDriver.Choose(host.Files).Reason, Does.Contain("will not migrate"));
        host.File($"/lib/modules/{Release}/kernel/drivers/crypto/hisilicon/migration/hisi_migration.ko");
        Assert.That(VfDriver.Choose(host.Files).Driver, Is.EqualTo("vfio-pci"));
        Assert.That(VfDriver.Choose(host.Files).Reason, Does.Contain("hisi_migration.ko").And.Contain("22.03"));
        host.Folder("/sys/module/hisi_migration");
        Assert.That(VfDriver.Choose(host.Files), Is.EqualTo(("vfio-pci", "hisi_migration is loaded, as on openEuler 22.03")));
    }

    [TestCase("igb")]
    [TestCase("../igb")]
    [TestCase("")]
    public void No_other_driver_gives_functions_to_guests(string driver)
    {
        using HostTree host = Kernel();
        Assert.That(Assert.Throws<HostDeviceException>(() => VfDriver.Require(host.Files, driver))!.Problem, Is.EqualTo(HostDeviceProblem.InvalidInput));
    }

    private static HostTree Kernel() => new HostTree().File("/proc/sys/kernel/osrelease", Release + "\n");
}
