using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>Logs over SSH, with an <c>ssh</c> that runs on this machine what it was told to run on the other.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SshLogTests
{
    private const string Header = "2026-11-21 01:50:00.101+0000: starting up libvirt version: 11.3.0";
    private const string Old = "1@1795226000.000000:all_vcpus_prepared ";
    private const string Pause = "130@1795226215.692892:all_vcpus_paused ";

    private static readonly DateTimeOffset Since = DateTimeOffset.FromUnixTimeSeconds(1795226100);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("ssh log '").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task The_end_of_a_log_is_read_with_the_part_before_it_whatever_its_path()
    {
        string log = Path.Combine(_folder, "it's $HOME.log");
        File.WriteAllLines(log + ".0", [Header, Old, "1@1795226110.000000:all_vcpus_prepared "]);
        File.WriteAllLines(log, [Pause]);

        LogEvidence slice = await ReadAsync(log, 2222);

        Assert.That(slice.Problem, Is.Null);
        Assert.That(slice.Lines, Is.EqualTo(new[] { "1@1795226110.000000:all_vcpus_prepared ", Pause }));
        Assert.That(File.ReadAllLines(Path.Combine(_folder, "arguments"))[..11], Is.EqualTo(
            new[] { "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-p", "2222", "-T", "--", "node1" }));
    }

    [Test]
    public async Task A_log_that_is_not_there_is_a_problem()
    {
        LogEvidence slice = await ReadAsync(Path.Combine(_folder, "no.log"));

        Assert.That(slice.Problem, Does.EndWith("no.log does not exist there"));
    }

    [TestCase("sudo: a password is required", "sudo on root@node1 does not let us read /var/log/x.log without a password (samples/sudoers/orchestrator has the line): sudo: a password is required")]
    [TestCase("tail: cannot open '/var/log/x.log' for reading: Permission denied", "/var/log/x.log on root@node1 cannot be read: tail: cannot open '/var/log/x.log' for reading: Permission denied")]
    public void What_sudo_or_tail_refuse_is_said(string error, string message) =>
        Assert.That(() => SshLog.Part(new("root@node1", null, Sudo: true), "/var/log/x.log", new(1, [], error)), Throws.TypeOf<IOException>().With.Message.EqualTo(message));

    [Test]
    public void A_log_that_is_not_there_is_told_by_the_last_line_whatever_was_said_before() =>
        Assert.That(
            SshLog.Part(new("node1", null, Sudo: true), "/var/log/x.log", new(1, [], $"{new string('=', 400)}\ntail: cannot open '/var/log/x.log' for reading: No such file or directory")), Is.Null);

    [Test]
    public async Task A_banner_of_the_machine_is_no_part_of_what_tail_says()
    {
        string log = Path.Combine(_folder, "new.log");
        File.WriteAllLines(log, [Pause]);

        LogEvidence slice = await ReadAsync(log, before: $"echo {new string('=', 400)} >&2; ");

        Assert.That((slice.Problem, slice.Lines), Is.EqualTo(((string?)null, new[] { Pause })));
    }

    [Test]
    public void A_uri_also_tells_the_key_and_the_program()
    {
        const string Uri = "qemu+ssh://ops@node1:2222/system?keyfile=/home/ops/my%20key&command=/opt/ssh&no_tty=1";
        SshTarget target = SshTarget.Of(HostAddress.FromUri("alias"), Uri)!;

        Assert.That((target.Program, target.Sudo), Is.EqualTo(("/opt/ssh", false)));
        Assert.That(SshCommand.Arguments(target, ["a b"]), Is.EqualTo(new[]
        {
            "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15", "-i", "/home/ops/my key", "-p", "2222", "-T", "--", "ops@node1", "'a b'",
        }));
        Assert.That(SshTarget.Of(HostAddress.FromUri("alias"), Uri.Replace("+ssh", "+libssh", StringComparison.Ordinal))!.Program, Is.Null, "libssh runs no program");
    }

    [Test]
    public void A_configuration_of_the_side_channel_is_the_one_that_ssh_reads()
    {
        SshTarget target = SshTarget.Of(new("n", "qemu+tls://node1/system") { SideChannel = new("ops@node1", Sudo: false) { SshConfig = "/etc/orchestrator/ssh_config" } }, "qemu+tls://node1/system")!;

        Assert.That(SshCommand.Arguments(target, ["true"]).Take(2), Is.EqualTo(new[] { "-F", "/etc/orchestrator/ssh_config" }));
    }

    [TestCase("qemu+ssh://root@node1/system", "root@node1", null)]
    [TestCase("qemu+ssh://node1:2222/system", "node1", 2222)]
    [TestCase("qemu+libssh2://me:secret@node1/session", "me@node1", null)]
    [TestCase("qemu+tls://node1/system", null, null)]
    [TestCase("qemu:///system", null, null)]
    [TestCase("qemu+ssh://-oProxyCommand=x@node1/system", null, null)]
    public void The_target_is_told_from_the_uri(string uri, string? host, int? port)
    {
        SshTarget? target = SshTarget.Of(HostAddress.FromUri(uri), uri);

        Assert.That((target?.Host, target?.Port), Is.EqualTo((host, port)));
    }

    [Test]
    public void The_side_channel_goes_before_the_uri() =>
        Assert.That(
            SshTarget.Of(new("n", "qemu+ssh://root@node1/system") { SideChannel = new("ops@node1", Sudo: true) }, "qemu+ssh://root@node1/system"),
            Is.EqualTo(new SshTarget("ops@node1", null, Sudo: true)));

    private async Task<LogEvidence> ReadAsync(string log, int? port = null, string before = "")
    {
        using var shell = new SshShell("host", new("node1", port), Ssh($"{before}for last; do :; done; exec sh -c \"$last\""));
        return await SshLog.ReadAsync(shell, log, Since, CancellationToken.None);
    }

    private string Ssh(string script)
    {
        string path = Path.Combine(_folder, "ssh");
        File.WriteAllText(path, $"#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$(dirname \"$0\")/arguments\"\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
