using FsCheck;
using FsCheck.Fluent;
using Libvirt.Xml;
using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VfPickTests
{
    private static readonly AcceleratorEngine[] All = [AcceleratorEngine.Zip, AcceleratorEngine.Hpre, AcceleratorEngine.Sec];

    [Test]
    public void One_of_each_engine_comes_from_one_node()
    {
        SriovInventory inventory = new([], [Zip("0000:31:00.1", 0), Zip("0000:b1:00.1", 1), Hpre("0000:b9:00.1", 1), Sec("0000:b5:00.1", 1), Sec("0000:35:00.1", 0)]);
        var pick = VfPick.Choose(inventory, All);
        Assert.That(pick.NumaNode, Is.EqualTo(1));
        Assert.That(pick.Functions.Select(function => function.Address), Is.EqualTo(new[] { "0000:b1:00.1", "0000:b9:00.1", "0000:b5:00.1" }));
        Assert.That(pick.PassedOver, Is.EqualTo(new[] { new PassedOver("0000:31:00.1", "on NUMA node 0"), new PassedOver("0000:35:00.1", "on NUMA node 0") }));
    }

    [Test]
    public void Each_that_is_passed_over_has_its_reason()
    {
        SriovInventory inventory = new(
            [],
            [
                Zip("0000:31:00.1", 0) with { Users = [new("web1", 100, "qemu-kvm")] },
                Zip("0000:31:00.2", 0) with { Driver = "hisi_zip" },
                Zip("0000:31:00.3", 0) with { Driver = null },
                Zip("0000:31:00.4", 0) with { IommuGroup = null },
                Zip("0000:31:00.5", 0) with { IommuGroupSize = 2 },
                Zip("0000:31:00.6", 0) with { Driver = "vfio-pci" },
                Zip("0000:31:00.7", 0),
                Zip("0000:31:01.0", 0),
                Zip("0000:b1:00.1", 1),
                Sec("0000:35:00.1", 0),
            ]);
        var pick = VfPick.Choose(inventory, [AcceleratorEngine.Zip], 0, "hisi_acc_vfio_pci");
        Assert.That(pick.Functions.Single().Address, Is.EqualTo("0000:31:00.7"));
        Assert.That(
            pick.PassedOver.Select(function => $"{function.Address[^4..]}: {function.Reason}"),
            Is.EqualTo(new[]
            {
                "00.1: in use by domain web1 (qemu-kvm, pid 100)",
                "00.2: bound to hisi_zip, which keeps it for the host: orchestrator vf bind 0000:31:00.2",
                "00.3: has no driver: orchestrator vf bind 0000:31:00.3",
                "00.4: in no IOMMU group: the IOMMU (SMMU) is off in the firmware or on the kernel's command line",
                "00.5: shares the IOMMU group 10 with 1 other device(s)",
                "00.6: bound to vfio-pci, and this host migrates with hisi_acc_vfio_pci: orchestrator vf bind 0000:31:00.6",
                "00.1: on NUMA node 1",
            }));
    }

    [Test]
    public void What_no_node_has_is_told_by_node()
    {
        SriovInventory inventory = new([], [Zip("0000:31:00.1", 0), Sec("0000:b5:00.1", 1), Hpre("0000:b9:00.1", 1) with { Driver = null }]);
        HostDeviceException error = Assert.Throws<HostDeviceException>(() => VfPick.Choose(inventory, All))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.NothingFits));
        Assert.That(error.Message, Does.Contain("NUMA node 0 lacks hpre, sec; NUMA node 1 lacks zip, hpre; 0000:b9:00.1: has no driver: orchestrator vf bind 0000:b9:00.1"));
        Assert.That(Assert.Throws<HostDeviceException>(() => VfPick.Choose(new([], []), All))!.Message, Does.EndWith("none has any"));
    }

    [Test]
    public void A_node_that_lacks_one_is_refused_though_another_has_all()
    {
        SriovInventory inventory = new([], [Zip("0000:31:00.1", 0), Zip("0000:b1:00.1", 1), Sec("0000:b5:00.1", 1)]);
        Assert.That(Assert.Throws<HostDeviceException>(() => VfPick.Choose(inventory, [AcceleratorEngine.Zip, AcceleratorEngine.Sec], 0))!.Message, Does.Contain("NUMA node 0 lacks sec"));
    }

    [Test]
    public void A_choice_is_free_of_one_node_and_of_each_engine_whatever_the_host_has() => Prop.ForAll(
        Hosts().ToArbitrary(),
        functions =>
        {
            try
            {
                var pick = VfPick.Choose(new([], functions), All);
                return pick.Functions.Select(function => function.Engine!.Value).SequenceEqual(All)
                    && pick.Functions.All(function => function.NumaNode == pick.NumaNode && function.Users.Count == 0 && function.Driver == "vfio-pci")
                    && !pick.PassedOver.Any(passed => pick.Functions.Any(function => function.Address == passed.Address));
            }
            catch (HostDeviceException e) when (e.Problem == HostDeviceProblem.NothingFits)
            {
                return !functions.GroupBy(function => function.NumaNode).Any(node => All.All(engine => node.Any(function => function.Engine == engine && function is { Users: [], Driver: "vfio-pci" })));
            }
        }).QuickCheckThrowOnFailure();

    [Test]
    public void The_element_is_the_release_s_own()
    {
        Assert.That(
            VfPick.HostDevice(Zip("0000:31:00.1", 0)).ToString(System.Xml.Linq.SaveOptions.DisableFormatting),
            Is.EqualTo("""<hostdev mode="subsystem" type="pci" managed="no" migration="on"><driver name="vfio" /><source><address domain="0x0000" bus="0x31" slot="0x00" function="0x1" /></source></hostdev>"""));
        Assert.That(VfPick.HostDevice(Zip("0000:31:00.1", 0) with { Driver = "vfio-pci" }).Attribute("managed"), Is.Null);
    }

    [TestCase(true, 9_010_000, "hisi_acc_vfio_pci", "no", "on")]
    [TestCase(true, 9_010_000, "vfio-pci", "no", "on")]
    [TestCase(true, 6_002_000, "vfio-pci", null, "on")]
    [TestCase(false, 11_003_000, "hisi_acc_vfio_pci", "no", null)]
    [TestCase(false, 11_003_000, "vfio-pci", null, null)]
    public void The_element_is_written_for_the_host_s_own_libvirt(bool attribute, long libvirt, string driver, string? managed, string? migration)
    {
        HostDialect dialect = new() { MigrationAttribute = attribute, VdpaHostDevice = attribute, LibvirtVersion = libvirt };
        System.Xml.Linq.XElement element = VfPick.HostDevice(Zip("0000:31:00.1", 0) with { Driver = driver }, dialect);
        Assert.That(((string?)element.Attribute("managed"), (string?)element.Attribute("migration")), Is.EqualTo((managed, migration)));
        Assert.That(VfPick.DialectNote(dialect), attribute ? Is.Null : Does.Contain("no migration='on'").And.Contain("11.3.0"));
        Assert.That(VfPick.DialectNote(null), Does.Contain("openEuler"));
    }

    private static Gen<VirtualFunction[]> Hosts() => Gen.ArrayOf(
        from number in Gen.Choose(0, 0xff)
        from engine in Gen.Elements(All)
        from node in Gen.Elements<int?>(0, 1, null)
        from driver in Gen.Elements("vfio-pci", "vfio-pci", "hisi_zip", null!)
        from used in Gen.Elements(true, false, false)
        select Function($"0000:{number:x2}:00.1", engine, node) with { Driver = driver, Users = used ? [new("web1", null, null)] : [] })
        .Select(functions => functions.DistinctBy(function => function.Address).ToArray());

    private static VirtualFunction Zip(string address, int node) => Function(address, AcceleratorEngine.Zip, node);

    private static VirtualFunction Sec(string address, int node) => Function(address, AcceleratorEngine.Sec, node);

    private static VirtualFunction Hpre(string address, int node) => Function(address, AcceleratorEngine.Hpre, node);

    private static VirtualFunction Function(string address, AcceleratorEngine engine, int? node) => new()
    {
        Address = address,
        Id = "19e5:a251",
        PhysicalFunction = address[..^1] + "0",
        Engine = engine,
        NumaNode = node,
        Driver = "hisi_acc_vfio_pci",
        IommuGroup = 10,
        IommuGroupSize = 1,
    };
}
