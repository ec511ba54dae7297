using Orchestrator.Acceptance;

namespace Orchestrator.Tests.Acceptance;

/// <summary>What cases make on the hosts, and what is left of a run.</summary>
public sealed class CaseBenchTests
{
    private const string First = "pci/0000:08:01.4";
    private const string Second = "pci/0000:08:01.5";

    [Test]
    public async Task Each_device_is_made_on_a_management_device_of_its_own()
    {
        using AcceptancePair pair = WithFunctions(First, Second);
        CaseResult result = (await pair.RunAsync(Planned("vdpa-create-list-delete", 2))).Cases.Single();
        Assert.That(result.Verdict, Is.EqualTo(CaseVerdict.Pass), result.Reason);
        Assert.That(result.Checks.Select(check => check.What), Does.Contain($"acc0001-1-0s is on {First}").And.Contain($"acc0001-1-1s is on {Second}"));
        Assert.That(pair.VdpaDevices, Is.Empty);
    }

    [TestCase(new[] { First, Second }, "the plan names 2 of the management devices for net (pci/0000:08:01.4, pci/0000:08:01.5), each of which is good for one device, and this takes 3")]
    [TestCase(new[] { First }, "the plan names 1 of the management devices for net (pci/0000:08:01.4), each of which is good for one device, and this takes 2")]
    [TestCase(new string[0], "the plan names no management device for net")]
    public async Task Too_few_management_devices_are_no_failure_and_it_is_said(string[] named, string reason)
    {
        using AcceptancePair pair = WithFunctions(named);
        CaseResult result = (await pair.RunAsync(Planned("lifecycle-start-destroy", 3))).Cases.Single();
        Assert.That((result.Verdict, result.Reason), Is.EqualTo((CaseVerdict.NotApplicable, (string?)reason)));
        Assert.That(pair.VdpaDevices, Is.Empty);
    }

    [Test]
    public async Task Devices_move_to_the_management_devices_of_the_same_names()
    {
        using AcceptancePair pair = WithFunctions(First, Second);
        var there = new List<string>();
        pair.OnMoved = (_, _, _) => there.AddRange(pair.VdpaDevices.Order().Select(name => $"{name} {File.ReadAllText(pair.Tree.Real($"/sys/devices/{name}/mgmtdev")).Trim()}"));
        CaseResult result = (await pair.RunAsync(Planned("persistence-migration", 2))).Cases.Single();
        Assert.That(result.Verdict, Is.EqualTo(CaseVerdict.Pass), result.Reason);
        Assert.That(there, Is.EqualTo(new[] { $"acc0001-1-0d {First}", $"acc0001-1-0s {First}", $"acc0001-1-1d {Second}", $"acc0001-1-1s {Second}" }));
    }

    [Test]
    public async Task A_device_that_a_wrong_name_made_is_deleted()
    {
        using var pair = new AcceptancePair();

        // The kernel takes the name, and changes it, between the first look and the next.
        pair.WriteTool("'dev show -j'", """
            d='acc0001-1-0s!x'
            if [ -e "$root/looked" ] && [ ! -e "$root/made" ]; then
                : > "$root/made"
                mkdir -p "$root/sys/devices/$d/vhost-vdpa-77"
                echo vdpasim_net > "$root/sys/devices/$d/mgmtdev"
                : > "$root/sys/devices/$d/config"
                : > "$root/dev/vhost-vdpa-77"
                ln -s "../../../devices/$d" "$root/sys/bus/vdpa/devices/$d"
            fi
            : > "$root/looked"
            printf '{"dev":{'; shown; echo '}}'
            """);
        CaseResult result = (await pair.RunAsync(Planned("vdpa-create-invalid", 1))).Cases.Single();
        Assert.That((result.Verdict, result.Reason), Is.EqualTo((CaseVerdict.Fail, (string?)$"there is no vDPA device acc0001-1-0s!x on {pair.Source.Address.Name}: it is listed, /dev/vhost-vdpa-77")));
        Assert.That(File.Exists(Path.Combine(pair.Tree.Root, "made")), Is.True);
        Assert.That(pair.VdpaDevices, Is.Empty);
    }

    [Test]
    public async Task A_downtime_is_held_against_the_limit_wherever_it_is_recorded()
    {
        using var pair = new AcceptancePair();
        CaseResult result = (await pair.RunAsync(Planned("concurrency-suspend-migrate", 1) with { Kind = CaseDeviceKind.Rng, Limit = TimeSpan.FromSeconds(1) })).Cases.Single();
        Assert.That(result.Downtimes.Select(run => run.LimitMs), Is.EqualTo(new double?[] { 1000 }));
        Assert.That(result.Checks.Select(check => check.What), Has.Exactly(1).Contains("is at most 1000 ms"));
    }

    [Test]
    public async Task The_run_so_far_is_given_after_each_case()
    {
        using var pair = new AcceptancePair();
        var given = new List<AcceptanceRun>();
        pair.OnCase = given.Add;
        AcceptanceRun run = await pair.RunAsync(Planned("lifecycle-define", 0), Planned("lifecycle-define-invalid", 0) with { Id = "second" });
        Assert.That(given.Select(so => string.Join(' ', so.Cases.Select(result => result.Id))), Is.EqualTo(new[] { "lifecycle-define", "lifecycle-define second" }));
        Assert.That(given.Select(so => so.Ended), Has.All.Null);
        Assert.That(run.Ended, Is.Not.Null);
        Assert.That(AcceptanceRun.Parse(given[0].ToJson()).Cases.Single().Verdict, Is.EqualTo(CaseVerdict.Pass));
    }

    private static AcceptancePair WithFunctions(params string[] named)
    {
        var pair = new AcceptancePair { NetManagementDevices = named };
        string[] there = [First, Second, "pci/0000:08:01.6"];
        pair.WriteTool("'mgmtdev show -j'", "echo '{\"mgmtdev\":{" + string.Join(',', there.Select(name => $"\"{name}\":{{\"supported_classes\":[\"net\"]}}")) + "}}'");
        return pair;
    }

    private static PlannedCase Planned(string id, int devices) => new() { Id = id, Case = AcceptanceCatalogue.Find(id)!, Kind = CaseDeviceKind.Net, Devices = devices };
}
