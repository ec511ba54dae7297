using Libvirt.Interop;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using static Libvirt.Xml.Tests.Dialects;

namespace Orchestrator.Tests.Migration.Mapping;

/// <summary>Which devices are detached, and which refuse the migration all the same.</summary>
public sealed class DetachmentPlannerTests
{
    private const string Vf = "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x41' slot='0x10' function='0x0'/></source><alias name='hostdev0'/><address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/></hostdev>";
    private const string Nic = "<interface type='vdpa'><mac address='52:54:00:00:00:01'/><source dev='/dev/vhost-vdpa-0'/><model type='virtio'/><alias name='net0'/></interface>";
    private const string VfBlocked = "0000:41:10.0: VFIO migration is not supported in kernel";
    private const string SvqBlocked = "vdpa svq does not work with features 0x200000";
    private const string GenericBlocked = "non-migratable device: 0000:00:01.1:00.0/vhost-vdpa-device";
    private const string Argument = """<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{"driver":"vhost-vdpa-device-pci","id":"vd1","vhostdev":"/dev/vhost-vdpa-0","bus":"pci.8"}'/></qemu:commandline>""";

    private static readonly DeviceMapEntry VfMap = new("0000:41:10.0", "0000:42:10.2");
    private static readonly DeviceMapEntry VdpaMap = new("/dev/vhost-vdpa-0", "/dev/vhost-vdpa-9");

    [Test]
    public void A_function_without_a_migrating_driver_is_detached_and_becomes_the_other_hosts()
    {
        MigrationPlan plan = Plan(Vf, "", [VfBlocked], VfMap);

        DeviceDetachment detachment = plan.Detachments.Single().Detachment!;
        Assert.Multiple(() =>
        {
            Assert.That(detachment.SourceXml, Does.Contain("bus=\"0x41\" slot=\"0x10\" function=\"0x0\"").And.Contain("bus=\"0x05\"").And.Not.Contain("hostdev0"));
            Assert.That(detachment.DestinationXml, Does.Contain("bus=\"0x42\" slot=\"0x10\" function=\"0x2\"").And.Contain("bus=\"0x05\"").And.Not.Contain("0x41"));
            Assert.That(detachment.QemuId, Is.Null);
            Assert.That(Refusals(plan), Is.Empty);
        });
    }

    [Test]
    public void What_migrates_by_itself_stays_in_the_guest()
    {
        MigrationPlan plan = Plan(Nic, "", [], VdpaMap);

        Assert.That(plan.Detachments, Is.Empty);
        Assert.That(plan.DestinationXml, Does.Contain("/dev/vhost-vdpa-9"));
        Assert.That(plan.Consents, Is.Empty);
    }

    [Test]
    public void Of_two_the_one_that_is_blocked_is_detached_and_the_document_is_of_the_other_alone()
    {
        MigrationPlan plan = Plan(Vf + Nic, "", [VfBlocked], VfMap, VdpaMap);

        Assert.That(plan.Detachments.Select(device => device.Source), Is.EqualTo(new[] { "0000:41:10.0" }));
        Assert.That(plan.DestinationXml, Does.Contain("/dev/vhost-vdpa-9").And.Not.Contain("hostdev"));
        Assert.That(plan.PersistentXml, Does.Contain("/dev/vhost-vdpa-9").And.Contain("hostdev"));
    }

    [Test]
    public void An_argument_of_QEMUs_is_taken_out_of_the_document_that_travels_and_stays_in_the_definition()
    {
        MigrationPlan plan = Plan("", Argument, [GenericBlocked], VdpaMap);

        Assert.Multiple(() =>
        {
            Assert.That(plan.Detachments.Single().Detachment!.QemuId, Is.EqualTo("vd1"));
            Assert.That(plan.DestinationXml, Does.Not.Contain("vhost-vdpa"), "libvirt does not know that it is gone");
            Assert.That(plan.PersistentXml, Does.Contain("/dev/vhost-vdpa-9"));
            Assert.That(Refusals(plan), Is.Empty);
        });
    }

    [Test]
    public void A_document_given_by_hand_loses_what_is_detached()
    {
        string given = Document(Vf.Replace("'0x41'", "'0x42'", StringComparison.Ordinal).Replace("function='0x0'/></source>", "function='0x2'/></source>", StringComparison.Ordinal), "");

        MigrationPlan plan = Plan(Vf, "", [VfBlocked], request => request with { DestinationXml = given });

        Assert.That(plan.Detachments.Single().Detachment!.DestinationXml, Does.Contain("bus=\"0x42\" slot=\"0x10\" function=\"0x2\""), "it says what the device becomes");
        Assert.That(plan.Call.Parameters.First(parameter => parameter.Key == MigrateParameter.DestinationXml).Value, Does.Not.Contain("hostdev"));
    }

    [Test]
    public void A_device_that_is_made_first_gets_into_what_is_attached()
    {
        MigrationPlan plan = Plan(Nic, "", [SvqBlocked], VdpaMap) is var planned
            ? planned with { Devices = [planned.Devices[0] with { Detachment = planned.Devices[0].Detachment! with { DestinationXml = "<interface><source dev='/dev/vhost-vdpa-of-vdpa0'/></interface>" } }] } : null!;

        MigrationPlan made = MigrationPlanner.WithNodes(plan, new Dictionary<string, string> { ["/dev/vhost-vdpa-of-vdpa0"] = "/dev/vhost-vdpa-3" });

        Assert.That(made.Devices[0].Detachment!.DestinationXml, Is.EqualTo("<interface><source dev='/dev/vhost-vdpa-3'/></interface>"));
    }

    [Test]
    public void A_device_for_which_the_destination_has_nothing_refuses()
    {
        MigrationPlan plan = Plan(Nic, "", [SvqBlocked]);

        Assert.That(plan.Detachments.Single().Detachment!.DestinationXml, Is.Null);
        Assert.That(Refusals(plan), Does.Contain("device-mapping"));
    }

    [Test]
    public void What_else_blocks_refuses_all_the_same()
    {
        MigrationPlan plan = Plan(Nic, "", [SvqBlocked, "non-migratable device: 0000:00:03.0/nvme"], VdpaMap);

        Assert.That(Refusals(plan), Is.EqualTo(new[] { "qemu-blockers" }));
        Assert.That(MappingSamples.Of(plan, "qemu-blockers").Message, Does.Contain("nvme").And.Not.Contain("svq"));
    }

    [TestCase("<boot order='1'/>", DomainState.Running, "boots from it")]
    [TestCase("", DomainState.Paused, "only one that runs lets go")]
    public void A_device_that_the_guest_cannot_let_go_of_refuses_with_the_reason(string more, DomainState state, string why)
    {
        MigrationPlan plan = Plan(Vf.Replace("<alias", $"{more}<alias", StringComparison.Ordinal), "", [VfBlocked], request => request with { Map = [VfMap] }, state: state);

        Check check = MappingSamples.Of(plan, "device-migration");
        Assert.That(plan.Detachments, Is.Empty);
        Assert.That(check.Refuses);
        Assert.That(check.Remedy, Does.Contain(why));
    }

    [TestCase("\"page-per-vq\":\"on\",\"packed\":\"on\",", "page-per-vq, packed")]
    [TestCase("\"queue-size\":256,", "another size of its queues")]
    public void What_could_not_be_given_back_as_it_was_is_not_taken(string more, string why)
    {
        MigrationPlan plan = Plan("", Argument.Replace("\"bus\"", $"{more}\"bus\"", StringComparison.Ordinal), [GenericBlocked], request => request with { Map = [VdpaMap] });

        Check check = MappingSamples.Of(plan, "device-migration");
        Assert.That(plan.Detachments, Is.Empty);
        Assert.That(check.Refuses);
        Assert.That(check.Remedy, Does.Contain(why));
    }

    [Test]
    public void An_accelerator_is_never_unplugged()
    {
        MigrationPlan plan = Plan(Vf, "", [VfBlocked], request => request with { Map = [VfMap] }, MappingSamples.Functions(MappingSamples.Function("0000:41:10.0", "19e5:a251", user: "web1")));

        Check check = MappingSamples.Of(plan, "device-migration");
        Assert.That(plan.Detachments, Is.Empty);
        Assert.That((check.Refuses, check.Remedy), Is.EqualTo((true, "Shut web1 down, and start it on lab-b: a function of the accelerator KAE comes and goes only with the start of its domain (no hot swap).")));
    }

    [Test]
    public void A_disk_is_not_torn_from_the_guest()
    {
        var inventory = new DeviceInventory { Vdpa = [MappingSamples.Card(0, "", user: "web1") with { Class = VdpaClass.Block }] };

        MigrationPlan plan = Plan("", Argument, [GenericBlocked], request => request with { Map = [VdpaMap] }, inventory);

        Assert.That(plan.Detachments, Is.Empty);
        Assert.That(Refusals(plan), Does.Contain("device-migration"));
        Assert.That(MappingSamples.Of(plan, "device-migration").Remedy, Does.Contain("it is a disk"));
    }

    [Test]
    public void What_is_detached_costs_nothing_of_the_blackout()
    {
        Assert.That(Plan(Nic, "", [SvqBlocked], VdpaMap).PolicyContext.DeviceCost, Is.EqualTo(TimeSpan.Zero));
        Assert.That(Plan(Nic, "", [], VdpaMap).PolicyContext.DeviceCost, Is.GreaterThan(TimeSpan.Zero));
    }

    private static string[] Refusals(MigrationPlan plan) => [.. plan.Checks.Where(check => check.Refuses).Select(check => check.Id)];

    private static string Document(string devices, string commandLine) => $"""
        <domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>web1</name><uuid>{Samples.Uuid}</uuid><memory unit='GiB'>1</memory>
        <memtune><hard_limit unit='GiB'>25</hard_limit></memtune><devices>{devices}</devices>{commandLine}</domain>
        """;

    private static MigrationPlan Plan(string devices, string commandLine, string[] blocked, params DeviceMapEntry[] map) => Plan(devices, commandLine, blocked, request => request with { Map = map });

    private static MigrationPlan Plan(
        string devices, string commandLine, string[] blocked, Func<MigrationRequest, MigrationRequest> change, DeviceInventory? inventory = null, DomainState state = DomainState.Running)
    {
        string xml = Document(devices, commandLine);
        HostIdentity from = Samples.Host("lab-a", "qemu+ssh://a/system");
        HostIdentity to = Samples.Host("lab-b", "qemu+ssh://b/system");
        PlanningFacts here = Samples.Facts(from) with { Dialect = Upstream, MigratableXml = xml, DefinitionXml = xml, BlockedReasons = blocked, UnknownDevices = [], Inventory = inventory ?? new() };
        return Samples.Plan(
            change(Samples.Request with { DetachDevices = true }), Samples.Domain(state) with { Xml = xml }, new(to, null, null), from, here, Samples.Facts(to) with { Dialect = Upstream });
    }
}
