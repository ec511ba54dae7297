using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Recovery;

namespace Orchestrator.Tests.Hosts;

/// <summary>Which machine is behind a host, and what is said of it.</summary>
public sealed class HostMachineTests
{
    [Test]
    public void A_host_elsewhere_never_gets_the_files_of_this_machine()
    {
        FakeHost host = Tests.Checks.Samples.Host(FakeLibvirt.Stock113, uri: "qemu+ssh://root@node1/system");

        Assert.That(HostMachine.Behind(host), Is.Null);
        HostDeviceException error = Assert.Throws<HostDeviceException>(() => VdpaSteps.Of(host))!;
        Assert.That((error.Problem, error.Host), Is.EqualTo((HostDeviceProblem.NotThisMachine, "node1")));
        Assert.That(error.Remedy, Does.Contain("side_channel"));
    }

    [TestCase("qemu+ssh://root@node1/system", "qemu:///system")]
    [TestCase("qemu+tls://node1:16514/session", "qemu:///session")]
    [TestCase("qemu+ssh://node1/session?proxy=native&socket=%2Fa%20b%2Fsock", "qemu+unix:///session?socket=%2Fa%20b%2Fsock")]
    [TestCase("qemu+unix:///system?socket=/x", "qemu+unix:///system?socket=/x")]
    public void A_daemon_has_the_places_that_it_has_for_its_own_machine(string uri, string own) => Assert.That(QemuLogLocation.FromItsMachine(uri), Is.EqualTo(own));

    [TestCase(new[] { "virt-ssh-helper" }, CheckResult.Pass)]
    [TestCase(new[] { "nc", "netcat" }, CheckResult.Pass)]
    [TestCase(new[] { "netcat" }, CheckResult.Fail)]
    [TestCase(new string[0], CheckResult.Fail)]
    [TestCase(null, CheckResult.Unknown)]
    public void A_host_that_libvirt_cannot_reach_over_ssh_is_named(string[]? helpers, CheckResult result)
    {
        HostFacts facts = Tests.Checks.Samples.Unseen with { SshHelpers = helpers, Host = Tests.Checks.Samples.Unseen.Host with { Uri = "qemu+ssh://root@node1/system" } };
        Check check = HostChecks.Of(facts).Single(check => check.Check.Id == "ssh-helper").Check;

        Assert.That(check.Result, Is.EqualTo(result));
        Assert.That(check.Message, Does.Contain(facts.Host.Name));
    }

    [Test]
    public void Why_a_machine_could_not_be_looked_into_stands_beside_what_is_unknown_for_it()
    {
        HostFacts facts = Tests.Checks.Samples.Unseen with { ChannelProblem = "ssh to node1 failed: it does not let us in" };
        IReadOnlyList<HostCheck> checks = HostChecks.Of(facts);

        Assert.That(checks.Single(check => check.Check.Id == "side-channel").Check.Result, Is.EqualTo(CheckResult.Fail));
        Assert.That(checks.Single(check => check.Check.Id == "migration-ports").Check.Message, Does.Contain("it does not let us in"));
        Assert.That(HostChecks.Of(facts with { ChannelProblem = null, Channel = "over SSH as ops@node1 with sudo", LogsReadable = true, MonitorEvents = true })
            .Single(check => check.Check.Id == "side-channel").Check.Message, Does.EndWith("is looked into over SSH as ops@node1 with sudo; so a downtime is measured there by trace, qmp, libvirt, observer"));
    }
}
