using Orchestrator.Cli.Tests.Real;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Tests.Devices;

public sealed class HostTargetTests
{
    [Test]
    public async Task Another_host_is_not_changed_but_told_how()
    {
        await using var target = new HostTarget("node1", null, null);
        HostDeviceException error = Assert.Throws<HostDeviceException>(() => target.RequireMachine("makes vDPA devices", () => ["vdpa dev add name vdpa0 mgmtdev pci/0000:08:01.1"]))!;
        Assert.That((error.Problem, error.Host), Is.EqualTo((HostDeviceProblem.NotThisMachine, (string?)"node1")));
        Assert.That(error.Message, Is.EqualTo("node1 is not this machine, and libvirt has no call that makes vDPA devices"));
        Assert.That(error.Remedy, Is.EqualTo("Say in hosts.yaml how it is reached over SSH (side_channel). Or on node1, as root: vdpa dev add name vdpa0 mgmtdev pci/0000:08:01.1"));
        Assert.That(OutcomeCode.Of(error.Problem), Is.EqualTo(4));
    }

    [TestCase("vf", "list")]
    [TestCase("vdpa", "list")]
    [TestCase("host", "show")]
    public async Task A_root_that_is_not_there_is_no_empty_host(params string[] arguments)
    {
        CliResult result = await CliProcess.RunAsync(new Dictionary<string, string> { [HostTarget.RootVariable] = "/nonexistent/root" }, ["--json", .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(2), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Is.EqualTo("ORCHESTRATOR_HOST_ROOT names /nonexistent/root, which is no folder."));
    }

    [TestCase("qemu:///system", true)]
    [TestCase("qemu+unix:///session?socket=/tmp/x/libvirt-sock", true)]
    [TestCase("qemu+ssh://root@node1/system", false)]
    [TestCase("nonsense", false)]
    public void A_uri_tells_whether_it_is_this_machine(string uri, bool local) =>
        Assert.That(HostMachine.IsHere(new() { Name = "x", Uri = uri, HostName = Environment.MachineName }, new()), Is.EqualTo(local));

    [Test]
    public void A_forwarded_socket_reaches_another_machine()
    {
        HostIdentity identity = new() { Name = "x", Uri = "qemu+unix:///system?socket=/tmp/forwarded", HostName = "another-" + Environment.MachineName };
        Assert.That(HostMachine.IsHere(identity, new()), Is.False);
        Assert.That(HostMachine.IsHere(identity with { HostName = Environment.MachineName + ".example.org" }, new()), Is.True);
        Assert.That(HostMachine.IsHere(identity with { HostName = null }, new()), Is.True);
    }
}
