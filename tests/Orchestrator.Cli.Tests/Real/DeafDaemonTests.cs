using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A libvirt call that never returns meets a deadline, is not called failed, and keeps neither the process nor later calls.</summary>
public sealed class DeafDaemonTests
{
    private const string Guest = "deaf";

    private static readonly OperationOptions Short = new() { Wait = TimeSpan.FromSeconds(1) };
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private static string Socket => CliLab.Lab.GetHost("lab-a").Uri.Split("socket=")[1];

    [OneTimeSetUp]
    public async Task StartGuest() => await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a" });

    [OneTimeTearDown]
    public async Task RemoveGuest() => await CliLab.Lab.RemoveGuestAsync(Guest);

    [Test]
    public async Task A_daemon_that_accepts_and_says_nothing_is_unreachable_and_the_process_ends()
    {
        await using var silent = new DeafDaemon(null);

        CliResult result = await CliProcess.RunAsync("-c", silent.Uri, "domain", "list", "--json");

        Assert.That(result.ExitCode, Is.EqualTo(ExitCode.Unreachable), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("did not answer within"));
    }

    [Test]
    public async Task A_start_that_is_never_answered_is_unknown_the_process_ends_and_the_next_one_starts_it()
    {
        await RunAsync(0, "lab-a", "destroy", Guest, "--if-needed");
        await using var deaf = new DeafDaemon(Socket, DeafDaemon.DomainCreateWithFlags);

        CliResult hung = await RunAsync(ExitCode.NeedsPerson, deaf.Uri, "start", Guest, "--wait", "1s");

        Assert.That(deaf.Swallowed, Is.EqualTo(1));
        Assert.That(hung.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("it is not known whether").And.Contain(Guest));
        await RunAsync(0, "lab-a", "start", Guest);
    }

    [Test]
    public async Task An_attachment_that_is_never_answered_may_still_come_and_the_host_can_be_asked_on()
    {
        await RunAsync(0, "lab-a", "start", Guest, "--if-needed");
        await using var deaf = new DeafDaemon(Socket, DeafDaemon.DomainAttachDeviceFlags);
        await using LibvirtHost host = await ConnectAsync(deaf);

        DefinitionException unknown = Assert.ThrowsAsync<DefinitionException>(() => new DeviceAttacher(host)
            .AttachAsync(Guest, DeviceDocument.Parse("<interface type='user'><mac address='52:54:00:00:00:77'/></interface>"), DomainModificationImpact.Config, Short).WaitAsync(Deadline))!;

        Assert.That((unknown.Stage, deaf.Swallowed), Is.EqualTo((DefinitionStage.Unknown, 1)));
        Assert.That(unknown.Message, Does.Contain("may still get it").And.Contain("did not answer within"));
        Assert.That((await host.FindDomainAsync(Guest, CancellationToken.None))!.IsActive, "the other calls are answered");
    }

    [Test]
    public async Task A_definition_that_is_never_answered_may_still_come()
    {
        await using var deaf = new DeafDaemon(Socket, DeafDaemon.DomainDefineXmlFlags);
        await using LibvirtHost host = await ConnectAsync(deaf);
        var document = DomainDocument.Parse("<domain type='qemu'><name>deaf-new</name><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>");

        DefinitionException unknown = Assert.ThrowsAsync<DefinitionException>(() => new DomainDefiner(host).DefineAsync(document, options: Short).WaitAsync(Deadline))!;

        Assert.That((unknown.Stage, deaf.Swallowed), Is.EqualTo((DefinitionStage.Unknown, 1)));
        Assert.That(unknown.Message, Does.Contain("did not answer within"));
        Assert.That(await host.ListDomainsAsync(CancellationToken.None), Has.None.Property("Name").EqualTo("deaf-new"));
    }

    private static Task<LibvirtHost> ConnectAsync(DeafDaemon deaf) =>
        LibvirtHost.ConnectAsync(new("lab-a", deaf.Uri), new() { CallTimeout = TimeSpan.FromSeconds(2) });

    private static async Task<CliResult> RunAsync(int expected, string host, string verb, params string[] arguments)
    {
        CliResult result = await CliProcess.RunAsync(["-c", host, "--json", "domain", verb, .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(expected), $"{result}");
        return result;
    }
}
