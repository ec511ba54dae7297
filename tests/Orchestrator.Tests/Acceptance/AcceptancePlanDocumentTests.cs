using Orchestrator.Acceptance;
using Orchestrator.Configuration;
using Orchestrator.Tests.Migration.Policies;

namespace Orchestrator.Tests.Acceptance;

/// <summary>Plans as YAML, and the samples.</summary>
public sealed class AcceptancePlanDocumentTests
{
    private const string Guest = "guest: {lab: {memory_mib: 128}}\n";

    [TestCase("vdpa-acceptance.yaml", 22)]
    [TestCase("kae-acceptance.yaml", 10)]
    [TestCase("lab-acceptance.yaml", 22)]
    public void The_samples_are_plans(string file, int least)
    {
        AcceptancePlan plan = AcceptancePlanDocument.Load(Path.Combine(PolicyDocumentTests.Root, "samples", "plans", file));
        Assert.That(plan.Cases, Has.Count.GreaterThanOrEqualTo(least));
        Assert.That(plan.Cases.Select(planned => planned.Id), Is.Unique);
    }

    [Test]
    public void The_vdpa_sample_has_a_case_of_each_group_but_the_accelerators() => Assert.That(
        AcceptancePlanDocument.Load(Path.Combine(PolicyDocumentTests.Root, "samples", "plans", "vdpa-acceptance.yaml")).Cases.Select(planned => planned.Case.Group).Distinct(),
        Is.EquivalentTo(Enum.GetValues<CaseGroup>().Except([CaseGroup.Kae])));

    [Test]
    public void An_entry_is_a_case_for_each_kind_and_number()
    {
        AcceptancePlan plan = Parse("cases: [{case: lifecycle-define, kinds: [net, blk], devices: [0, 1, 3]}]");
        Assert.That(plan.Cases.Select(planned => planned.Id), Is.EqualTo(new[] { "lifecycle-define", "lifecycle-define.net1", "lifecycle-define.net3", "lifecycle-define.blk1", "lifecycle-define.blk3" }));
        Assert.That(plan.Cases[2].Setup, Is.EqualTo("3 net"));
    }

    [Test]
    public void A_case_has_what_the_plan_gives_it()
    {
        PlannedCase planned = Parse("kinds: [net]\ncases: [{case: downtime-limit, id: slow, limit: 1s, max_downtime: 300ms, repetitions: 3, unsafe: true, timeout: 1h, load: {channel: agent, command: [dd]}}]").Cases.Single();
        Assert.That(
            (planned.Id, planned.Limit, planned.MaxDowntime, planned.Repetitions, planned.Unsafe, planned.Timeout, planned.Load!.Command[0]),
            Is.EqualTo(("slow.net1", (TimeSpan?)TimeSpan.FromSeconds(1), (TimeSpan?)TimeSpan.FromMilliseconds(300), 3, true, TimeSpan.FromHours(1), "dd")));
    }

    [TestCase("cases: [{case: lifecycle-defien}]", "lifecycle-defien", "lifecycle-define")]
    [TestCase("cases: [{case: downtime-limit}]", "limit", null)]
    [TestCase("cases: [{case: vdpa-create-twice, kinds: [rng]}]", "net, blk", null)]
    [TestCase("cases: [{case: hotplug-cold, devices: [0]}]", "devices", null)]
    [TestCase("cases: [{case: hotplug-cold, devices: [4]}]", "0 to 3", null)]
    [TestCase("cases: [{case: lifecycle-define}, {case: lifecycle-define}]", "already", null)]
    [TestCase("cases: [{case: lifecycle-define, device: [1]}]", "no such setting", "devices")]
    [TestCase("cases: []", "nothing to run", null)]
    [TestCase("cases: [{case: hotplug-cold, repetitions: 2}]", "hotplug-cold makes no use of this", "Leave it out")]
    [TestCase("cases: [{case: lifecycle-define, load: {channel: agent, command: [dd]}}]", "makes no use", null)]
    [TestCase("cases: [{case: concurrency-suspend-migrate, load: {channel: agent, command: [dd]}}]", "makes no use", null)]
    [TestCase("cases: [{case: migration-paused, limit: 1s}]", "makes no use", null)]
    [TestCase("cases: [{case: concurrency-destroy-migrate, limit: 1s}]", "makes no use", null)]
    [TestCase("cases: [{case: hotplug-running, max_downtime: 1s}]", "makes no use", null)]
    [TestCase("cases: [{case: exclusivity-start, kinds: [net], unsafe: true}]", "makes no use", null)]
    [TestCase("cases: [{case: kae-two-nodes, kinds: [kae], devices: [3]}]", "kae-two-nodes has 2", null)]
    [TestCase("cases: [{case: concurrency-hotplug-migrate, devices: [1, 2]}]", "concurrency-hotplug-migrate has 1", null)]
    [TestCase("cases: [{case: lifecycle-define-invalid, kinds: [net]}]", "has no devices", null)]
    public void What_is_wrong_is_named_with_its_place(string yaml, string named, string? remedy)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => Parse(yaml))!;
        Assert.That(error.Message, Does.Contain(named).And.Contain("p.yaml:3:"));
        Assert.That(error.Remedy ?? "", Does.Contain(remedy ?? ""));
    }

    [Test]
    public void A_guest_that_is_there_is_not_taken() => Assert.That(
        () => AcceptancePlanDocument.Parse("name: p\nguest: {domain: web1}\ncases: [{case: lifecycle-define}]", "/plans/p.yaml", _ => throw new FileNotFoundException()),
        Throws.TypeOf<ConfigurationException>().With.Message.Contains("cases make their guests"));

    [Test]
    public void A_case_with_a_number_of_devices_of_its_own_has_that_one()
    {
        AcceptancePlan plan = Parse(
            "kinds: [kae]\ndevices: [3]\ncases: [{case: kae-two-nodes, limit: 1s}, {case: kae-hotplug-refused, devices: [1]}, {case: kae-driver-missing}, {case: kae-one-node, repetitions: 2}, {case: concurrency-suspend-migrate, limit: 1s}]");
        Assert.That(plan.Cases.Select(planned => $"{planned.Id}: {planned.Setup}"), Is.EqualTo(new[]
        {
            "kae-two-nodes.kae2: 2 kae, at most 1000 ms", "kae-hotplug-refused.kae1: 1 kae", "kae-driver-missing.kae1: 1 kae", "kae-one-node.kae3: 3 kae, 2 times", "concurrency-suspend-migrate.kae3: 3 kae, at most 1000 ms",
        }));
    }

    [TestCase("{net: a, blk: [b, c]}", "a", "b c")]
    [TestCase("{net: [pci/1, pci/1]}", "pci/1 pci/1", "")]
    public void A_kind_has_one_management_device_or_a_list(string yaml, string net, string blk)
    {
        AcceptancePlan plan = Parse($"management_devices: {yaml}\ncases: [{{case: lifecycle-define}}]");
        Assert.That((string.Join(' ', plan.NetManagementDevices), string.Join(' ', plan.BlkManagementDevices)), Is.EqualTo((net, blk)));
    }

    [Test]
    public void A_guest_of_the_lab_that_would_dirty_memory_is_refused() => Assert.That(
        () => AcceptancePlanDocument.Parse("name: p\nguest: {lab: {memory_mib: 128, dirty_mib_s: 5}}\ncases: [{case: lifecycle-define}]", "/plans/p.yaml", _ => throw new FileNotFoundException()),
        Throws.TypeOf<ConfigurationException>().With.Message.Contains("dirty").And.Message.Contains("p.yaml:2:"));

    [TestCase("<hostdev mode='subsystem' type='usb'><source/></hostdev>")]
    [TestCase("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>")]
    [TestCase("<interface type='hostdev'><source><address type='pci' domain='0' bus='0x31' slot='0' function='1'/></source></interface>")]
    [TestCase("<disk type='vhostvdpa' device='disk'><source dev='/dev/vhost-vdpa-0'/></disk>")]
    [TestCase("", "<q:commandline><q:arg value='-device'/><q:arg value='vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-1'/></q:commandline>")]
    [TestCase("", "<q:commandline><q:arg value='-device'/><q:arg value='vfio-pci,host=31:00.1'/></q:commandline>")]
    public void A_template_with_a_device_of_its_host_is_refused_however_it_says_it(string device, string more = "") => Assert.That(
        () => AcceptancePlanDocument.Parse(
            "name: p\nguest: {xml: g.xml}\ncases: [{case: lifecycle-define}]", "/plans/p.yaml",
            _ => $"<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>g</name><devices>{device}</devices>{more}</domain>"),
        Throws.TypeOf<ConfigurationException>().With.Message.Contains("device of its host"));

    [Test]
    public void A_template_with_devices_of_its_host_is_refused() => Assert.That(
        () => AcceptancePlanDocument.Parse(
            "name: p\nguest: {xml: g.xml}\ncases: [{case: lifecycle-define}]", "/plans/p.yaml",
            _ => "<domain type='kvm'><name>g</name><devices><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>"),
        Throws.TypeOf<ConfigurationException>().With.Message.Contains("device of its host"));

    [Test]
    public void Cases_are_selected_by_their_ids_in_the_plan_or_their_own()
    {
        AcceptancePlan plan = Parse("devices: [0]\ncases: [{case: lifecycle-define}, {case: lifecycle-define, id: again}, {case: lifecycle-reset}, {case: lifecycle-reboot, id: twice, devices: [1, 2]}]");
        Assert.That(AcceptanceRunner.Select(plan, ["twice"]).Select(planned => planned.Id), Is.EqualTo(new[] { "twice.rng1", "twice.rng2" }));
        Assert.That(AcceptanceRunner.Select(plan, ["lifecycle-define"]), Has.Count.EqualTo(2));
        Assert.That(AcceptanceRunner.Select(plan, ["again"]).Single().Id, Is.EqualTo("again"));
        Assert.That(() => AcceptanceRunner.Select(plan, ["nothing"]), Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("nothing"));
    }

    private static AcceptancePlan Parse(string yaml) => AcceptancePlanDocument.Parse($"name: p\n{Guest}{yaml}", "/plans/p.yaml", _ => throw new FileNotFoundException());
}
