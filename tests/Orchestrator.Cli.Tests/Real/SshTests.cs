using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Regression.Running;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>What goes over the system's <c>ssh</c>, to a real server of OpenSSH's.</summary>
public sealed class SshTests
{
    private const string Guest = "overssh";

    private PrivateSshd _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await PrivateSshd.StartAsync();

    [TearDown]
    public async Task EndServer() => await _server.DisposeAsync();

    [Test]
    public async Task A_log_is_read_where_libvirt_itself_is_reached_over_ssh()
    {
        LabHost host = CliLab.Lab.GetHost("lab-a");
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = host.Name });
        try
        {
            string uri = $"{host.Uri.Replace("qemu+unix:///", $"qemu+ssh://{PrivateSshd.Name}/", StringComparison.Ordinal)}&proxy=native&command={_server.Ssh}";
            await using LibvirtHost connected = await LibvirtHost.ConnectAsync(HostAddress.FromUri(uri), new() { Ssh = _server.Ssh });

            LogEvidence read = await connected.ReadLogAsync(Guest, DateTimeOffset.UnixEpoch, CancellationToken.None);

            Assert.That(read.Problem, Is.Null);
            Assert.That(read.ReadBy, Is.EqualTo("ssh"));
            Assert.That(read.Lines, Is.Not.Empty.And.EqualTo(QemuLog.ReadSlice(host.GuestLog(Guest)).Lines));
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync(Guest);
        }
    }

    [Test]
    public async Task What_ssh_says_of_its_failure_is_told()
    {
        await _server.StopAsync();
        using var shell = new SshShell("node1", new(PrivateSshd.Name), _server.Ssh);
        Assert.That(
            async () => await SshLog.ReadAsync(shell, "/nowhere", DateTimeOffset.UnixEpoch, CancellationToken.None),
            Throws.TypeOf<HostUnreachableException>().With.Message.Match(@"^node1: ssh to guest failed: no SSH server answers there \(ssh: connect to host 127.0.0.1 port [0-9]+: Connection refused\)"));
    }

    [Test]
    public async Task A_port_and_a_path_with_every_sign_arrive()
    {
        string folder = Directory.CreateTempSubdirectory("it's $HOME ").FullName;
        try
        {
            string log = Path.Combine(folder, "a;b.log");
            await File.WriteAllLinesAsync(log, ["130@1795226215.692892:all_vcpus_paused "]);

            using var shell = new SshShell("node1", new(PrivateSshd.Name, _server.Port), _server.Ssh);
            LogEvidence read = await SshLog.ReadAsync(shell, log, DateTimeOffset.UnixEpoch, CancellationToken.None);

            Assert.That(read.Lines, Is.EqualTo(await File.ReadAllLinesAsync(log)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task Settings_of_a_host_are_read_and_written()
    {
        var settings = new HostSettings(new(), _server.Ssh, TimeProvider.System);
        var there = new SettingPlace("node1", PrivateSshd.Name, Sudo: false);
        var here = new SettingPlace("node1", null, Sudo: false);
        const string Name = "kernel.printk";

        string? value = await settings.ReadAsync(there, Name);

        Assert.That(value, Is.Not.Null.And.EqualTo(await settings.ReadAsync(here, Name)));
        Assert.That(await settings.ReadAsync(there, "kernel.nothing"), Is.Null);

        // What it is already: the machine stays as it is. Its containers may forbid even that, here as there.
        string? local = await settings.WriteAsync(here, Name, value!);
        Assert.That(await settings.WriteAsync(there, Name, value!), Is.EqualTo(local is null ? null : "ssh guest could not set it"));
        Assert.That(await settings.WriteAsync(there, "kernel.nothing", "1"), Is.EqualTo("ssh guest could not set it"));
    }

    [Test]
    public async Task A_load_outlives_the_connection_and_is_ended_over_another_one()
    {
        await using PrivateSshd other = await PrivateSshd.StartAsync();
        SshChannel channel = Channel(other);
        string id = GuestJob.NewId();
        await new GuestJob(channel, id).StartAsync(["/bin/sh", "-c", "echo \"$1\"; sleep 1000", "sh", "it's $HOME"]);
        Assert.That(await new GuestJob(channel, id).ExitCodeAsync(CancellationToken.None), Is.Null);

        await other.StopAsync();
        Assert.That(async () => await new GuestJob(channel, id).EndAsync(), Throws.TypeOf<NightException>().With.Message.EqualTo("ssh could not reach guest, or lost it"));

        Assert.That(await new GuestJob(Channel(_server), id).EndAsync(), Is.EqualTo("it's $HOME\n"));
        Assert.That(await new GuestJob(Channel(_server), id).EndAsync(), Is.Null);
    }

    private static SshChannel Channel(PrivateSshd server) => new(server.Ssh, PrivateSshd.Name, TimeProvider.System);
}
