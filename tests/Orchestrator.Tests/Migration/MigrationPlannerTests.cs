using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Tests.Migration;

public sealed class MigrationPlannerTests
{
    private static readonly Guid Other = new("99999999-9999-9999-9999-999999999999");

    [Test]
    public void Plan_of_a_running_domain_between_two_lab_hosts_passes_every_check()
    {
        MigrationPlan plan = Samples.Plan();
        Assert.That(plan.IsRefused, Is.False);
        Assert.That(plan.Checks.Where(check => check.Warns), Is.Empty);
    }

    [TestCase(MigrationPersistence.Keep, true, DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource)]
    [TestCase(MigrationPersistence.Keep, false, DomainMigrateFlags.None)]
    [TestCase(MigrationPersistence.Persistent, true, DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource)]
    [TestCase(MigrationPersistence.Persistent, false, DomainMigrateFlags.PersistDest)]
    [TestCase(MigrationPersistence.Transient, true, DomainMigrateFlags.None)]
    [TestCase(MigrationPersistence.Transient, false, DomainMigrateFlags.None)]
    public void Flags_follow_the_wanted_persistence(MigrationPersistence persistence, bool persistent, DomainMigrateFlags expected)
    {
        MigrationPlan plan = Samples.Plan(Samples.Request with { Persistence = persistence }, Samples.Domain(persistent: persistent));
        const DomainMigrateFlags About = DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource;
        Assert.That(plan.Call.Flags & About, Is.EqualTo(expected));
    }

    [TestCase("qemu+unix:///session?socket=/a", "qemu+unix:///session?socket=/b", MigrationMode.P2P)]
    [TestCase("qemu:///system", "qemu+ssh://b/system", MigrationMode.P2P)]
    [TestCase("qemu+ssh://a/system", "qemu+ssh://b/system", MigrationMode.P2P)]
    [TestCase("qemu+ssh://a/system", "qemu:///system", MigrationMode.Direct)] // "this machine" to the source would be the source itself
    public void Mode_is_p2p_where_the_sources_daemon_can_use_the_destinations_uri(string source, string destination, MigrationMode expected)
    {
        MigrationPlan plan = Samples.Plan(source: Samples.Host("lab-a", source), destination: new(Samples.Host("lab-b", destination), null, null));
        Assert.That(plan.Mode, Is.EqualTo(expected));
        Assert.That(plan.Call.Flags.HasFlag(DomainMigrateFlags.Peer2Peer), Is.EqualTo(expected == MigrationMode.P2P));
        Assert.That(plan.Checks.Single(check => check.Id == "mode").Warns, Is.EqualTo(expected == MigrationMode.Direct));
    }

    [Test]
    public void Addresses_between_two_daemons_of_one_machine_default_to_loopback()
    {
        Dictionary<string, object> parameters = Samples.Plan().Call.Parameters.ToDictionary();
        Assert.That(parameters["migrate_uri"], Is.EqualTo("tcp://127.0.0.1"));
        Assert.That(parameters["listen_address"], Is.EqualTo("127.0.0.1"));
    }

    [Test]
    public void Addresses_between_two_machines_are_left_to_libvirt()
    {
        MigrationPlan plan = Samples.Plan(destination: new(Samples.Host("lab-b", "qemu+ssh://b/system"), null, null));
        Assert.That(plan.Call.Parameters, Is.Empty);
    }

    [Test]
    public void A_configured_destination_is_reached_by_its_peers_at_its_own_uri_and_receives_at_its_own_address()
    {
        HostAddress address = new("b", "qemu+ssh://b/system") { PeerUri = "qemu+tls://b.internal/system", MigrationAddress = "2001:db8::2" };
        HostSnapshot destination = new(Samples.Host("lab-b", address.Uri), null, null);
        MigrationPlan plan = MigrationPlanner.Plan(Samples.Request, Samples.Domain(), Samples.Host("lab-a"), destination, address);
        Assert.That((plan.Mode, plan.Call.DestinationUri), Is.EqualTo((MigrationMode.P2P, address.PeerUri)));
        Assert.That(plan.Call.Parameters.ToDictionary(), Is.EquivalentTo(new Dictionary<string, object> { ["migrate_uri"] = "tcp://[2001:db8::2]", ["listen_address"] = "2001:db8::2" }));

        MigrationPlan direct = MigrationPlanner.Plan(Samples.Request with { Mode = MigrationMode.Direct }, Samples.Domain(), Samples.Host("lab-a"), destination, address);
        Assert.That(direct.Call.DestinationUri, Is.EqualTo(address.Uri), "this process reaches it as it did");
    }

    [Test]
    public void A_peer_uri_makes_p2p_possible_where_ours_means_this_machine()
    {
        HostSnapshot destination = new(Samples.Host("lab-b", "qemu:///system"), null, null);
        MigrationPlan plan = MigrationPlanner.Plan(
            Samples.Request, Samples.Domain(), Samples.Host("lab-a", "qemu+ssh://a/system"), destination, new("b", "qemu:///system") { PeerUri = "qemu+tls://b/system" });
        Assert.That((plan.Mode, plan.Call.DestinationUri), Is.EqualTo((MigrationMode.P2P, "qemu+tls://b/system")));
    }

    [Test]
    public void What_is_asked_for_comes_before_what_is_configured()
    {
        HostAddress address = new("b", "qemu+ssh://b/system") { MigrationAddress = "192.0.2.2" };
        HostSnapshot destination = new(Samples.Host("lab-b", address.Uri), null, null);
        Dictionary<string, object> Parameters(MigrationRequest request) =>
            MigrationPlanner.Plan(request, Samples.Domain(), Samples.Host("lab-a"), destination, address).Call.Parameters.ToDictionary();

        Assert.That(Parameters(Samples.Request with { MigrateUri = "tcp://relay:7000" }), Is.EquivalentTo(new Dictionary<string, object> { ["migrate_uri"] = "tcp://relay:7000" }));
        Assert.That(
            Parameters(Samples.Request with { ListenAddress = "0.0.0.0" }),
            Is.EquivalentTo(new Dictionary<string, object> { ["migrate_uri"] = "tcp://192.0.2.2", ["listen_address"] = "0.0.0.0" }));
    }

    [Test]
    public void Parameters_carry_what_was_asked_for()
    {
        Dictionary<string, object> parameters = Samples.Plan(
            Samples.Request with { BandwidthMiBps = 32, MigrateUri = "tcp://10.0.0.2:49200", ListenAddress = "10.0.0.2" }).Call.Parameters.ToDictionary();
        Assert.That(parameters["bandwidth"], Is.EqualTo(32UL)); // libvirt wants an unsigned long long
        Assert.That(parameters["migrate_uri"], Is.EqualTo("tcp://10.0.0.2:49200"));
        Assert.That(parameters["listen_address"], Is.EqualTo("10.0.0.2"));
    }

    [Test]
    public void Hosts_with_one_uuid_are_the_same_host()
    {
        HostIdentity a = Samples.Host("lab-a");
        MigrationPlan plan = Samples.Plan(destination: new(a with { Name = "other", Uri = "qemu+ssh://other/system" }, null, null), source: a);
        AssertRefusedBy(plan, "two-hosts");
    }

    [Test]
    public void Hosts_of_two_architectures_are_refused() =>
        AssertRefusedBy(Samples.Plan(destination: new(Samples.Host("lab-b") with { Architecture = "aarch64" }, null, null)), "architecture");

    [Test]
    public void A_host_without_qemu_is_refused() =>
        AssertRefusedBy(Samples.Plan(destination: new(Samples.Host("lab-b") with { Driver = "Test" }, null, null)), "hypervisor");

    [TestCase(DomainState.Shutoff)]
    [TestCase(DomainState.Crashed)]
    public void A_domain_that_is_off_is_refused(DomainState state) => AssertRefusedBy(Samples.Plan(domain: Samples.Domain(state)), "domain-runs");

    [Test]
    public void A_paused_domain_is_migrated_with_a_warning()
    {
        MigrationPlan plan = Samples.Plan(domain: Samples.Domain(DomainState.Paused, (int)DomainPausedReason.User));
        Assert.That(plan.IsRefused, Is.False);
        Assert.That(plan.Checks.Single(check => check.Id == "domain-runs").Warns, Is.True);
    }

    [Test]
    public void A_domain_with_a_job_is_refused() => AssertRefusedBy(Samples.Plan(domain: Samples.Domain(job: DomainJobType.Unbounded)), "no-job");

    [Test]
    public void A_name_that_belongs_to_another_uuid_on_the_destination_is_refused() =>
        AssertRefusedBy(Samples.Plan(destination: new(Samples.Host("lab-b"), Samples.Domain(DomainState.Shutoff, uuid: Other), null)), "destination-free");

    [Test]
    public void A_uuid_that_belongs_to_another_name_on_the_destination_is_refused() =>
        AssertRefusedBy(Samples.Plan(destination: new(Samples.Host("lab-b"), null, Samples.Domain(DomainState.Shutoff, name: "db1"))), "destination-free");

    [TestCase(DomainState.Running)]
    [TestCase(DomainState.Paused)]
    public void A_copy_that_is_active_on_the_destination_is_refused(DomainState state)
    {
        DomainSnapshot copy = Samples.Domain(state);
        AssertRefusedBy(Samples.Plan(destination: new(Samples.Host("lab-b"), copy, copy)), "destination-free");
    }

    [TestCase(MigrationPersistence.Keep, "replaced")]
    [TestCase(MigrationPersistence.Transient, "stays")]
    public void A_shut_off_definition_on_the_destination_is_normal_and_reported(MigrationPersistence persistence, string word)
    {
        DomainSnapshot definition = Samples.Domain(DomainState.Shutoff);
        MigrationPlan plan = Samples.Plan(Samples.Request with { Persistence = persistence }, destination: new(Samples.Host("lab-b"), definition, definition));
        Assert.That(plan.IsRefused, Is.False);
        Assert.That(plan.Checks.Single(check => check.Id == "destination-free").Message, Does.Contain(word));
    }

    [TestCase(0.5)]
    [TestCase(2_000_001)]
    [TestCase(100.5)]
    public void A_limit_that_qemu_does_not_take_is_refused(double milliseconds) =>
        AssertRefusedBy(Samples.Plan(Samples.Request with { MaxDowntime = TimeSpan.FromMilliseconds(milliseconds) }), "max-downtime");

    [Test]
    public void A_domain_without_trace_events_is_told_so()
    {
        MigrationPlan plan = Samples.Plan(domain: Samples.Domain() with { Xml = "<domain type='kvm'><name>web1</name></domain>" });
        Check check = plan.Checks.Single(check => check.Id == "trace-events");
        Assert.That((plan.IsRefused, check.Result), Is.EqualTo((false, CheckResult.Fail)));
    }

    private static void AssertRefusedBy(MigrationPlan plan, string id) =>
        Assert.That(plan.Checks.Where(check => check.Refuses).Select(check => check.Id), Is.EqualTo(new[] { id }));
}
