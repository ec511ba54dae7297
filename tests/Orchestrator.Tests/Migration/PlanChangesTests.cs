using Orchestrator.Migration;
using static Orchestrator.Tests.Migration.Mapping.MappingSamples;

namespace Orchestrator.Tests.Migration;

/// <summary>What a plan that is carried out must not differ in from the one that was looked at.</summary>
public sealed class PlanChangesTests
{
    private static readonly MigrationPlan Seen = At(4, 5, 6);

    [Test]
    public void The_same_plan_has_not_changed() => Assert.That(PlanChanges.Between(Seen, At(4, 5, 6)), Is.Empty);

    [Test]
    public void Another_device_is_named_once() =>
        Assert.That(PlanChanges.Between(Seen, At(4, 7, 6)), Is.EqualTo(new[] { "/dev/vhost-vdpa-1: /dev/vhost-vdpa-7 instead of /dev/vhost-vdpa-5" }));

    [Test]
    public void A_device_that_would_be_made_in_another_way_is_named()
    {
        MigrationPlan seen = Made(1500);
        Assert.That(PlanChanges.Between(seen, Made(1500)), Is.Empty);
        Assert.That(PlanChanges.Between(seen, Made(9000)), Has.Count.EqualTo(3).And.Some.Contains("mtu 9000").And.Some.Contains("mtu 1500"));
    }

    [Test]
    public void A_document_that_changed_is_shown_without_its_passwords()
    {
        IReadOnlyList<string> changes = PlanChanges.Between(Seen, At(4, 5, 6, VdpaGuest.Replace("</devices>", "<graphics type='vnc' passwd='hunter2'/>\n</devices>", StringComparison.Ordinal)));
        Assert.That(changes, Has.Count.EqualTo(2));
        Assert.That(changes[0], Does.StartWith("destination_xml: ").And.Contains("+<graphics type=\"vnc\" passwd=\"***\" />"));
        Assert.That(changes[1], Does.StartWith("persistent_xml: ").And.Not.Contains("hunter2"));
    }

    [Test]
    public void Another_parameter_is_named() =>
        Assert.That(PlanChanges.Between(Samples.Plan(), Samples.Plan(Samples.Request with { MigrateUri = "tcp://b" })), Has.Some.StartsWith("migrate_uri: tcp://b instead of "));

    private static MigrationPlan At(int first, int second, int third, string guest = VdpaGuest) =>
        Plan(guest, VdpaSource, new() { Vdpa = [Card(first, Mac(0)), Card(second, Mac(1)), Card(third, Mac(2))] });

    private static MigrationPlan Made(int mtu) => Plan(
        VdpaGuest, VdpaSource with { Vdpa = [.. VdpaSource.Vdpa!.Select(card => card with { Mtu = mtu })] },
        new() { Vdpa = [], Management = [.. Enumerable.Range(0, 3).Select(number => Parent(number))] });
}
