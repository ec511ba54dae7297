using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VfDecisionTests
{
    private static readonly PhysicalFunction Zip = new() { Address = "0000:31:00.0", Id = "19e5:a250", Engine = AcceleratorEngine.Zip, Driver = "hisi_zip", TotalVfs = 63, NumVfs = 2, NumaNode = 0 };

    private static readonly VirtualFunction First = new() { Address = "0000:31:00.1", Id = "19e5:a251", PhysicalFunction = Zip.Address, Engine = AcceleratorEngine.Zip, Driver = "hisi_zip" };

    private static readonly SriovInventory Inventory = new([Zip, Zip with { Address = "0000:b1:00.0", NumaNode = 1, NumVfs = 0 }], [First]);

    [TestCase("0000:31:00.0", null, "0000:31:00.0")]
    [TestCase("31:00.0", null, "0000:31:00.0")]
    [TestCase("zip", 1, "0000:b1:00.0")]
    [TestCase("ZIP", 0, "0000:31:00.0")]
    public void A_target_is_an_address_or_an_engine_of_a_node(string target, int? node, string address) =>
        Assert.That(VfDecision.FindPhysical(Inventory, target, node).Address, Is.EqualTo(address));

    [TestCase("zip", null, HostDeviceProblem.InvalidInput, "several zip engines: 0000:31:00.0 (NUMA node 0), 0000:b1:00.0 (NUMA node 1)")]
    [TestCase("zip", 2, HostDeviceProblem.NotFound, "no zip engine on NUMA node 2")]
    [TestCase("sec", null, HostDeviceProblem.NotFound, "no sec engine")]
    [TestCase("0000:31:00.1", null, HostDeviceProblem.NotFound, "is a virtual function, of 0000:31:00.0")]
    [TestCase("0000:99:00.0", null, HostDeviceProblem.NotFound, "no physical function 0000:99:00.0")]
    [TestCase("0000:31:20.0", null, HostDeviceProblem.InvalidInput, "slot is out of range")]
    [TestCase("../0000:31:00.0", null, HostDeviceProblem.InvalidInput, "is not a PCI address")]
    [TestCase("-1", null, HostDeviceProblem.InvalidInput, "is not a PCI address")]
    [TestCase("rde", null, HostDeviceProblem.InvalidInput, "is not a PCI address")]
    public void A_target_of_nothing_is_refused(string target, int? node, HostDeviceProblem problem, string message)
    {
        HostDeviceException error = Problem(() => VfDecision.FindPhysical(Inventory, target, node));
        Assert.That(error.Problem, Is.EqualTo(problem));
        Assert.That(error.Message, Does.Contain(message));
    }

    [Test]
    public void A_number_goes_to_another_through_zero()
    {
        Assert.That(Writes(Zip, 3), Is.EqualTo(new[] { "echo 0 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs", "echo 3 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs" }));
        Assert.That(Writes(Zip, 0), Is.EqualTo(new[] { "echo 0 > /sys/bus/pci/devices/0000:31:00.0/sriov_numvfs" }));
        Assert.That(Writes(Inventory.PhysicalFunctions[1], 3), Is.EqualTo(new[] { "echo 3 > /sys/bus/pci/devices/0000:b1:00.0/sriov_numvfs" }));
    }

    [Test]
    public void The_number_that_is_there_will_do_when_asked_so()
    {
        Assert.That(VfDecision.SetCount(Inventory, Zip, 2, ifNeeded: true), Is.Empty);
        Assert.That(Problem(() => VfDecision.SetCount(Inventory, Zip, 2, ifNeeded: false)).Problem, Is.EqualTo(HostDeviceProblem.AlreadyExists));
    }

    [TestCase(64, HostDeviceProblem.OverTotal)]
    [TestCase(-1, HostDeviceProblem.InvalidInput)]
    public void A_number_that_cannot_be_is_refused(int count, HostDeviceProblem problem) =>
        Assert.That(Problem(() => VfDecision.SetCount(Inventory, Zip, count, false)).Problem, Is.EqualTo(problem));

    [Test]
    public void A_function_without_its_driver_makes_none()
    {
        HostDeviceException error = Problem(() => VfDecision.SetCount(Inventory, Zip with { Driver = null }, 3, false));
        Assert.That((error.Problem, error.Remedy), Is.EqualTo((HostDeviceProblem.ModuleNotLoaded, (string?)"Load it: modprobe hisi_zip.")));
    }

    [TestCase(0)]
    [TestCase(3)]
    public void A_function_in_use_keeps_the_number(int count)
    {
        SriovInventory used = Inventory with { VirtualFunctions = [First with { Users = [new("web1", 100, "qemu-kvm")] }] };
        HostDeviceException error = Problem(() => VfDecision.SetCount(used, Zip, count, false));
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.InUse));
        Assert.That(error.Message, Does.Contain("0000:31:00.1 is in use by domain web1 (qemu-kvm, pid 100)"));
    }

    [Test]
    public void Binding_unbinds_overrides_and_probes() => Assert.That(
        VfDecision.Bind(First, "vfio-pci").Select(write => write.Command),
        Is.EqualTo(new[]
        {
            "echo 0000:31:00.1 > /sys/bus/pci/drivers/hisi_zip/unbind",
            "echo vfio-pci > /sys/bus/pci/devices/0000:31:00.1/driver_override",
            "echo 0000:31:00.1 > /sys/bus/pci/drivers_probe",
        }));

    [Test]
    public void Binding_what_is_bound_takes_no_write()
    {
        Assert.That(VfDecision.Bind(First with { Driver = "vfio-pci", DriverOverride = "vfio-pci" }, "vfio-pci"), Is.Empty);
        Assert.That(VfDecision.Bind(First with { Driver = "vfio-pci" }, "vfio-pci").Select(write => write.Text), Is.EqualTo(new[] { "vfio-pci" }));
        Assert.That(VfDecision.Bind(First with { Driver = null }, "vfio-pci"), Has.Count.EqualTo(2));
    }

    [Test]
    public void Binding_a_function_in_use_is_refused() =>
        Assert.That(Problem(() => VfDecision.Bind(First with { Users = [new(null, 100, "nginx")] }, "vfio-pci")).Problem, Is.EqualTo(HostDeviceProblem.InUse));

    [Test]
    public void A_physical_function_is_not_bound()
    {
        HostDeviceException error = Problem(() => VfDecision.FindVirtual(Inventory, ["0000:31:00.0"]));
        Assert.That(error.Message, Does.Contain("physical function"));
        Assert.That(Problem(() => VfDecision.FindVirtual(Inventory, ["0000:31:00.7"])).Problem, Is.EqualTo(HostDeviceProblem.NotFound));
        Assert.That(VfDecision.FindVirtual(Inventory, ["31:00.1", "0000:31:00.1"]), Has.Count.EqualTo(1));
    }

    [Test]
    public void Restoring_clears_the_override_and_gives_the_old_driver_back()
    {
        Assert.That(
            VfDecision.Restore(First, "vfio-pci").Select(write => (write.Path, write.Text)),
            Is.EqualTo(new[]
            {
                ("/sys/bus/pci/drivers/vfio-pci/unbind", "0000:31:00.1"), ("/sys/bus/pci/devices/0000:31:00.1/driver_override", "\n"), ("/sys/bus/pci/drivers_probe", "0000:31:00.1"),
            }));
        Assert.That(VfDecision.Restore(First with { Driver = null, DriverOverride = "x" }, null).Select(write => write.Text), Is.EqualTo(new[] { "x" }));
    }

    private static IEnumerable<string> Writes(PhysicalFunction function, int count) => VfDecision.SetCount(Inventory, function, count, false).Select(write => write.Command);

    private static HostDeviceException Problem(Action action) => Assert.Throws<HostDeviceException>(() => action())!;
}
