using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;
using Orchestrator.Tests.Migration.Mapping;
using static Libvirt.Xml.Tests.Dialects;

namespace Orchestrator.Tests.Migration.Checks;

/// <summary>Each check of a plan: what it takes to pass, to fail, and to be unknown.</summary>
public sealed class PlanChecksTests
{
    private const string Devices = "<domain type='kvm'><name>web1</name><memory unit='GiB'>4</memory>{0}<devices>{1}</devices></domain>";

    private static IEnumerable<TestCaseData> Table()
    {
        PlanningFacts here = Samples.Facts(Samples.Host("lab-a"));
        PlanningFacts there = Samples.Facts(Samples.Host("lab-b"));
        PlanningFacts silent = there with { Offer = new() };

        yield return Row("snapshots", CheckResult.Pass, here: here);
        yield return Row("snapshots", CheckResult.Fail, here: With(new() { Snapshots = 2 }), refuses: true);
        yield return Row("snapshots", CheckResult.Unknown, here: With(new()));
        yield return Row("block-jobs", CheckResult.Fail, here: With(new() { BlockJobs = ["vda"] }), refuses: true);
        yield return Row("block-jobs", CheckResult.Unknown, here: With(new()));
        yield return Row("qemu-devices", CheckResult.Pass, here: here);
        yield return Row("qemu-devices", CheckResult.Pass, here: With(new() { MonitorUsed = true }) with { UnknownDevices = [] });
        yield return Row("qemu-devices", CheckResult.Fail, here: With(new() { MonitorUsed = true }) with { UnknownDevices = [new("/machine/peripheral/vd1", "vd1", "vhost-vdpa-device-pci", "pci.3", null)] }, refuses: true);
        yield return Row("qemu-devices", CheckResult.Unknown, here: With(new()));
        yield return Row("qemu-blockers", CheckResult.Pass, here: here with { BlockedReasons = [] });
        yield return Row("qemu-blockers", CheckResult.Fail, here: here with { BlockedReasons = ["non-migratable device"] }, refuses: true);

        yield return Row("cpu", CheckResult.Pass);
        yield return Row("cpu", CheckResult.Pass, xml: Cpu, there: there with { Offer = new() { Cpu = CpuComparison.Identical } });
        yield return Row("cpu", CheckResult.Fail, xml: Cpu, there: there with { Offer = new() { Cpu = CpuComparison.Incompatible } }, refuses: true);
        yield return Row("cpu", CheckResult.Unknown, xml: Cpu, there: silent);
        yield return Row("cpu", CheckResult.Pass, xml: Passthrough, here: With(new() { HostCpu = "<cpu/>" }), there: there with { Offer = new() { HostCpu = "<cpu/>" } });
        yield return Row("cpu", CheckResult.Fail, xml: Passthrough, here: With(new() { HostCpu = "<cpu/>" }), there: there with { Offer = new() { HostCpu = "<cpu><x/></cpu>" } });
        yield return Row("cpu", CheckResult.Unknown, xml: Passthrough);
        yield return Row("machine-type", CheckResult.Pass);
        yield return Row("machine-type", CheckResult.Fail, there: there with { Offer = new() { Machine = false, MachineProblem = "unsupported machine" } }, refuses: true);
        yield return Row("machine-type", CheckResult.Unknown, there: silent);
        yield return Row("memory", CheckResult.Pass, xml: Format("", ""));
        yield return Row("memory", CheckResult.Fail, xml: Format("", ""), there: there with { Offer = new() { FreeMemoryKiB = 1 << 20 } }, refuses: true);
        yield return Row("memory", CheckResult.Fail, xml: Format("", ""), there: there with { Offer = new() { FreeMemoryKiB = 1 << 20 } }, request: Allow("overcommit"));
        yield return Row("memory", CheckResult.Unknown, xml: Format("", ""), there: silent);
        yield return Row("hugepages", CheckResult.Pass, xml: Huge, there: there with { Offer = new() { FreePages = new Dictionary<int, long> { [2048] = 2048 } } });
        yield return Row("hugepages", CheckResult.Fail, xml: Huge, there: there with { Offer = new() { FreePages = new Dictionary<int, long> { [2048] = 2047 } } }, refuses: true);
        yield return Row("hugepages", CheckResult.Unknown, xml: Huge, there: silent);

        yield return Row("storage", CheckResult.Pass, xml: Format("", ""));
        yield return Row("storage", CheckResult.Pass, xml: Disk("none"), there: there with { Files = new Dictionary<string, bool> { ["/a.img"] = true } });
        yield return Row("storage", CheckResult.Fail, xml: Disk("none"), there: there with { IsThisMachine = true, Files = new Dictionary<string, bool> { ["/a.img"] = false } }, refuses: true);
        yield return Row("storage", CheckResult.Unknown, xml: Disk("none"));
        yield return Row("storage", CheckResult.Unknown, xml: Disk("none"), there: there with { Files = new Dictionary<string, bool> { ["/a.img"] = false } });
        yield return Row("storage", CheckResult.Fail, xml: Disk("none"), request: Samples.Request with { Unsafe = true }, refuses: true);
        yield return Row("storage", CheckResult.Unknown, xml: Disk("none"), request: Allow("unknown-storage") with { Unsafe = true });
        yield return Row("storage", CheckResult.Unknown, xml: Format("<os><kernel>/boot/vmlinuz</kernel></os>", ""));
        yield return Row("cache-mode", CheckResult.Pass, xml: Disk("none"));
        yield return Row("cache-mode", CheckResult.Pass, xml: Disk("directsync"));
        yield return Row("cache-mode", CheckResult.Fail, xml: Disk("writeback"));
        yield return Row("transient-disk", CheckResult.Fail, xml: Format("", "<disk type='file'><source file='/a.img'/><target dev='vda'/><transient/></disk>"), refuses: true);
        yield return Row("virtiofs", CheckResult.Fail, xml: Format("", "<filesystem><driver type='virtiofs'/><source dir='/srv'/><target dir='srv'/></filesystem>"));
        yield return Row("shmem", CheckResult.Fail, xml: Format("", "<shmem name='m' role='peer'/>"), refuses: true);

        yield return Row("pair-reach", CheckResult.Unknown);
        yield return Row("pair-reach", CheckResult.Pass, there: there with { IsThisMachine = true });
        yield return Row("pair-clock", CheckResult.Pass);
        yield return Row("vhost-user-backend", CheckResult.Fail, xml: Socket, refuses: true);
        yield return Row("vhost-user-backend", CheckResult.Unknown, xml: Socket, request: Map("/run/a.sock=/run/b.sock"));
        yield return Row("vhost-user-backend", CheckResult.Pass, xml: Socket, request: Map("/run/a.sock=/run/b.sock"), there: there with { Inventory = new() { Sockets = new Dictionary<string, bool> { ["/run/b.sock"] = true } } });
        yield return Row("vhost-user-backend", CheckResult.Fail, xml: Socket, request: Map("/run/a.sock=/run/b.sock"), there: there with { Inventory = new() { Sockets = new Dictionary<string, bool> { ["/run/b.sock"] = false } } }, refuses: true);
        yield return Row("given-document", CheckResult.Fail, request: Samples.Request with { DestinationXml = "<network/>" }, refuses: true);
        yield return Row("given-document", CheckResult.Fail, request: Samples.Request with { DestinationXml = "<domain><name>db1</name></domain>" }, refuses: true);
        yield return Row("given-document", CheckResult.Pass, request: Samples.Request with { DestinationXml = $"<domain><name>web1</name><uuid>{Samples.Uuid}</uuid></domain>" });
        yield return Row("given-document", CheckResult.Fail, request: Samples.Request with { Persistence = MigrationPersistence.Transient, PersistentXml = "<domain/>" }, refuses: true);

        PlanningFacts With(DomainObstacles obstacles) => here with { Obstacles = obstacles };
    }

    [TestCaseSource(nameof(Table))]
    public void A_check_finds(string id, CheckResult expected, bool refuses, MigrationRequest request, string? xml, PlanningFacts? here, PlanningFacts? there)
    {
        DomainSnapshot domain = xml is null ? Samples.Domain() : Samples.Domain() with { Xml = xml };
        MigrationPlan plan = Emitted.Checked(Samples.Plan(request, domain, here: here, there: there));
        Check check = plan.Checks.First(check => check.Id == id);
        Assert.That((check.Result, check.Refuses), Is.EqualTo((expected, refuses)), check.Message);
        Assert.That(expected == CheckResult.Pass || check.Severity == CheckSeverity.Info || check.Remedy is not null, Is.True, $"what a person should see has a remedy: {check.Message}");
    }

    [Test]
    public void Consents_that_are_used_are_written_down_and_others_are_not()
    {
        MigrationRequest request = Allow("overcommit", "unknown-storage") with { Unsafe = true };
        PlanningFacts full = Samples.Facts(Samples.Host("lab-b")) with { Offer = new() { FreeMemoryKiB = 1 } };
        MigrationPlan plan = Samples.Plan(request, Samples.Domain() with { Xml = Format("", "") }, there: full);
        Assert.That(plan.Consents.Select(consent => consent.Flag), Is.EqualTo(new[] { "--unsafe", "--allow overcommit" }));
    }

    [Test]
    public void An_unknown_consent_is_refused_and_the_known_are_listed() => Assert.That(
        () => Samples.Plan(Allow("everything")), Throws.ArgumentException.With.Message.Contains("cross-vendor, foreign-operation, foreign-owner, overcommit, unknown-storage"));

    [TestCase(null, 500, CheckResult.Fail, "the 500 ms that the policy mine allows")]
    [TestCase(null, 600, CheckResult.Pass, "the 600 ms that the policy mine allows")]
    [TestCase(100, 900, CheckResult.Fail, "the limit of 100 ms")]
    [TestCase(600, 100, CheckResult.Pass, "the limit of 600 ms")]
    public void A_limit_below_what_three_vdpa_devices_cost_is_a_warning(int? limit, int ceiling, CheckResult expected, string words)
    {
        MigrationRequest request = Samples.Request with
        {
            MaxDowntime = limit is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            Policy = MigrationPolicy.Fixed with { Name = "mine", MaxDowntime = new(null, TimeSpan.FromMilliseconds(ceiling)) },
        };
        Check check = MappingSamples.Of(Emitted.Checked(MappingSamples.Plan(MappingSamples.VdpaGuest, MappingSamples.VdpaSource, MappingSamples.VdpaSource, request)), "device-floor");
        Assert.That((check.Result, check.Refuses), Is.EqualTo((expected, false)));
        Assert.That(check.Message, Does.Contain("600 to 800 ms").And.Contain(words));
    }

    [Test]
    public void What_the_devices_cost_is_kept_free_of_what_the_policy_may_use()
    {
        MigrationPlan vdpa = MappingSamples.Plan(MappingSamples.VdpaGuest, MappingSamples.VdpaSource, MappingSamples.VdpaSource);
        Assert.That(vdpa.PolicyContext.DeviceCost, Is.EqualTo(TimeSpan.FromMilliseconds(800)), "the most that was measured");
        Assert.That(TransferCall.ContextOf(vdpa.Request, vdpa.Domain).DeviceCost, Is.EqualTo(vdpa.PolicyContext.DeviceCost), "also when another process goes on with it");
        Assert.That(MappingSamples.Plan(MappingSamples.KaeGuest, MappingSamples.KaeSource, MappingSamples.KaeSource).PolicyContext.DeviceCost, Is.EqualTo(TimeSpan.FromMilliseconds(158)));
        Assert.That(Samples.Plan().PolicyContext.DeviceCost, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void The_floor_of_accelerators_is_that_of_their_report() =>
        Assert.That(DeviceFloor.Of(0, 3) is { LowMs: 147, HighMs: 158 } && DeviceFloor.Of(0, 0) is null && DeviceFloor.Of(3, 3) is { LowMs: 747 }, Is.True);

    [Test]
    public void A_guest_with_accelerators_has_nothing_else_passed_through()
    {
        const string Gpu = """<hostdev mode="subsystem" type="pci"><source><address domain="0" bus="0x41" slot="0" function="0"/></source></hostdev></devices>""";
        Assert.That(Kae().Result, Is.EqualTo(CheckResult.Pass));
        Assert.That(Kae(MappingSamples.KaeGuest.Replace("</devices>", Gpu, StringComparison.Ordinal)).Refuses, Is.True);

        static Check Kae(string? xml = null) => MappingSamples.Of(Emitted.Checked(Plan(xml ?? MappingSamples.KaeGuest)), "kae-only");
    }

    [Test]
    public void Accelerators_are_written_as_their_release_wants()
    {
        Assert.That(MappingSamples.Of(Plan(MappingSamples.KaeGuest), "kae-driver").Result, Is.EqualTo(CheckResult.Pass));
        Assert.That(MappingSamples.Of(Plan(MappingSamples.KaeGuest.Replace("managed=\"no\"", "managed=\"yes\"", StringComparison.Ordinal)), "kae-driver").Refuses, Is.True);
        Assert.That(MappingSamples.Of(Plan(MappingSamples.KaeGuest.Replace(" migration=\"on\"", "", StringComparison.Ordinal)), "kae-driver").Warns, Is.True);
        Assert.That(MappingSamples.Of(Plan(MappingSamples.KaeGuest, Upstream), "kae-driver").Result, Is.EqualTo(CheckResult.Unknown));
    }

    [TestCase(null)]
    [TestCase("hisi_zip")]
    public void A_function_that_no_driver_for_guests_has_does_not_migrate(string? driver)
    {
        VirtualFunction first = MappingSamples.KaeSource.Functions!.VirtualFunctions[0];
        DeviceInventory source = MappingSamples.Functions([.. MappingSamples.KaeSource.Functions!.VirtualFunctions.Select(function => function == first ? function with { Driver = driver } : function)]);
        DeviceInventory destination = MappingSamples.Functions([.. MappingSamples.KaeSource.Functions!.VirtualFunctions.Select(function => function with { Users = [] })]);
        Check check = MappingSamples.Of(MappingSamples.Plan(MappingSamples.KaeGuest, source, destination), "kae-driver");
        Assert.That((check.Refuses, check.Message.Contains(first.Address, StringComparison.Ordinal)), Is.EqualTo((true, true)), check.Message);
    }

    [Test]
    public void Another_numa_node_and_a_virtual_iommu_are_found()
    {
        DeviceInventory far = MappingSamples.Functions([.. MappingSamples.KaeSource.Functions!.VirtualFunctions.Select(function => function with { Users = [], NumaNode = 3 })]);
        MigrationPlan plan = MappingSamples.Plan(MappingSamples.KaeGuest.Replace("</devices>", "<iommu model=\"smmuv3\"/></devices>", StringComparison.Ordinal), MappingSamples.KaeSource, far);
        Assert.That((MappingSamples.Of(plan, "numa-node").Warns, MappingSamples.Of(plan, "viommu").Refuses), Is.EqualTo((true, true)));
        Assert.That(MappingSamples.Of(Plan(MappingSamples.KaeGuest), "numa-node").Result, Is.EqualTo(CheckResult.Pass));
    }

    [Test]
    public void Memory_that_devices_lock_has_to_be_allowed_on_both_sides()
    {
        Assert.That(Lock(MappingSamples.VdpaGuest).Result, Is.EqualTo(CheckResult.Pass));
        Check missing = Lock(MappingSamples.VdpaGuest.Replace("<memtune><hard_limit unit=\"GiB\">25</hard_limit></memtune>", "", StringComparison.Ordinal));
        Assert.That((missing.Warns, missing.Remedy), Is.EqualTo((true, $"Write <memtune><hard_limit unit='KiB'>26214400</hard_limit></memtune>; for this run: virsh memtune {Samples.Uuid} --hard-limit 26214400 --live.")));
        Orchestrator.Checks.HostFacts small = Tests.Checks.Samples.VdpaHost with { Daemon = new() { IsPrivileged = false, LockedMemoryLimit = 8 << 20 } };
        Assert.That(MappingSamples.Of(MappingSamples.Plan(MappingSamples.VdpaGuest, MappingSamples.VdpaSource, MappingSamples.VdpaSource, layers: small), "memlock").Refuses, Is.True);

        static Check Lock(string xml) => MappingSamples.Of(MappingSamples.Plan(xml, MappingSamples.VdpaSource, MappingSamples.VdpaSource), "memlock");
    }

    [TestCase(256, true)]
    [TestCase(1024, false)]
    public void Rings_that_are_too_small_on_the_destination_are_a_warning(int size, bool warns)
    {
        string guest = $"""
            <domain type="kvm"><name>web1</name><uuid>UUID</uuid><memory unit="GiB">8</memory><devices>
            <interface type="vdpa"><mac address="{MappingSamples.VdpaSource.Vdpa![0].Mac}"/><source dev="/dev/vhost-vdpa-0"/><model type="virtio"/></interface>
            </devices></domain>
            """;
        DeviceInventory there = MappingSamples.VdpaSource with { Vdpa = [.. MappingSamples.VdpaSource.Vdpa!.Select(device => device with { MaxVirtqueueSize = size, Users = [] })] };

        Check rings = MappingSamples.Of(MappingSamples.Plan(guest, MappingSamples.VdpaSource, there), "vdpa-ring-size");

        Assert.That(rings.Warns, Is.EqualTo(warns));
        Assert.That(rings.Message, Does.Contain("/dev/vhost-vdpa-0").And.Contain("lab-b").And.Contain("1024"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Rollback_of_several_vdpa_devices_is_a_warning_on_one_release(bool affected)
    {
        HostDialect dialect = affected ? OpenEuler2403 : OpenEuler2203;
        Assert.That(MappingSamples.Of(MappingSamples.Plan(MappingSamples.VdpaGuest, MappingSamples.VdpaSource, MappingSamples.VdpaSource, dialect: dialect), "qemu-rollback").Warns, Is.EqualTo(affected));
    }

    [Test]
    public void Devices_that_the_definition_alone_has_are_refused()
    {
        string live = MappingSamples.VdpaGuest.Replace("UUID", $"{Samples.Uuid}", StringComparison.Ordinal);
        string definition = live.Replace("</devices>", "<hostdev mode=\"subsystem\" type=\"vdpa\"><source dev=\"/dev/vhost-vdpa-9\"/></hostdev></devices>", StringComparison.Ordinal);
        PlanningFacts here = Samples.Facts(Samples.Host("lab-a")) with { Inventory = MappingSamples.VdpaSource, MigratableXml = live, DefinitionXml = definition };
        MigrationPlan plan = Emitted.Checked(Samples.Plan(domain: Samples.Domain() with { Xml = live }, here: here));
        Check check = plan.Checks.Single(check => check.Id == "definition-devices");
        Assert.That((check.Refuses, check.Message.Contains("/dev/vhost-vdpa-9", StringComparison.Ordinal)), Is.EqualTo((true, true)));
    }

    private static MigrationPlan Plan(string xml, HostDialect? dialect = null) => MappingSamples.Plan(
        xml, MappingSamples.KaeSource, MappingSamples.Functions([.. MappingSamples.KaeSource.Functions!.VirtualFunctions.Select(function => function with { Users = [] })]), dialect: dialect);

    private static string Format(string head, string devices) => Devices.Replace("{0}", head, StringComparison.Ordinal).Replace("{1}", devices, StringComparison.Ordinal);

    private static string Cpu => Format("<cpu mode='custom'><model>Skylake-Server</model></cpu>", "");

    private static string Passthrough => Format("<cpu mode='host-passthrough'/>", "");

    private static string Huge => Format("<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>", "");

    private static string Socket => Format("", "<disk type='vhostuser' device='disk'><source type='unix' path='/run/a.sock'/><target dev='vda' bus='virtio'/></disk>");

    private static string Disk(string cache) => Format("", $"<disk type='file' device='disk'><driver name='qemu' cache='{cache}'/><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>");

    private static MigrationRequest Allow(params string[] names) => Samples.Request with { Allow = names.ToHashSet() };

    private static MigrationRequest Map(string map) => Samples.Request with { Map = [DeviceMapEntry.Parse(map)] };

    private static TestCaseData Row(
        string id, CheckResult expected, string? xml = null, PlanningFacts? here = null, PlanningFacts? there = null, MigrationRequest? request = null, bool refuses = false,
        [System.Runtime.CompilerServices.CallerLineNumber] int line = 0) =>
        new TestCaseData(id, expected, refuses, request ?? Samples.Request, xml, here, there).SetArgDisplayNames(id, $"{expected}", refuses ? "refuses" : "lets_pass", $"line{line}");
}
