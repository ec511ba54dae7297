using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The files and the vdpa tool of a machine behind a real server of OpenSSH's: this one, so that what comes over SSH can be compared with what is here.</summary>
public sealed class SshFilesTests
{
    private PrivateSshd _server = null!;
    private SshShell _shell = null!;
    private string _folder = "";

    [SetUp]
    public async Task Start()
    {
        _server = await PrivateSshd.StartAsync();
        _shell = new("node1", new(PrivateSshd.Name), _server.Ssh);
        _folder = Directory.CreateTempSubdirectory("it's $HOME; \n").FullName;
    }

    [TearDown]
    public async Task End()
    {
        _shell.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void Files_are_over_ssh_what_they_are_here()
    {
        File.WriteAllText(Path.Combine(_folder, "text"), " \n öne\nm00 0\n\n");
        File.WriteAllText(Path.Combine(_folder, ".hidden*"), "");
        File.CreateSymbolicLink(Path.Combine(_folder, "dangling"), "/no where\n/at all");
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), "text");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "folder link"), "..");
        File.CreateSymbolicLink(Path.Combine(_folder, "loop"), "loop");
        File.WriteAllText(Path.Combine(_folder, "-n"), "x\0y");
        var here = new HostFiles();
        HostFiles there = HostMachine.Over(_shell).Files;

        string[] paths = [_folder, .. here.List(_folder).Append("none").Select(name => $"{_folder}/{name}"), $"{_folder}/text/x", "/proc/1/cmdline", "/proc/sys/kernel/osrelease", "/dev/null", "/sys/class/net/lo", "/", "/.."];
        Assert.Multiple(() =>
        {
            foreach (string path in paths)
            {
                Assert.That(there.Exists(path), Is.EqualTo(here.Exists(path)), path);
                Assert.That(there.ReadText(path), Is.EqualTo(here.ReadText(path)), path);
                Assert.That(there.List(path), Is.EqualTo(here.List(path)), path);
                Assert.That(there.MayList(path), Is.EqualTo(here.MayList(path)), path);
                Assert.That(there.Owner(path), Is.EqualTo(here.Owner(path)), path);
                Assert.That(there.Resolve(path), Is.EqualTo(here.Resolve(path)), path);
                Assert.That(there.LinkTarget(path), Is.EqualTo(here.LinkTarget(path)), path);
            }
        });
    }

    [Test]
    public void What_was_read_ahead_is_what_is_there()
    {
        var here = new HostFiles();
        HostFiles seen = Sysfs.PciAhead(HostMachine.Over(_shell).Files).Ahead("/sys/class/net", "mtu", "device", "queues/", "none").Ahead("/sys/module", "version", "parameters/pf_q_num");
        _server.StopAsync().GetAwaiter().GetResult(); // nothing is asked for any more

        Assert.Multiple(() =>
        {
            foreach (string card in here.List("/sys/class/net").Where(card => here.Exists($"/sys/class/net/{card}/")))
            {
                string folder = $"/sys/class/net/{card}";
                Assert.That(seen.ReadText($"{folder}/mtu"), Is.EqualTo(here.ReadText($"{folder}/mtu")));
                Assert.That(seen.Resolve(folder), Is.EqualTo(here.Resolve(folder)));
                Assert.That(seen.List($"{folder}/queues"), Is.EqualTo(here.List($"{folder}/queues")).And.Not.Empty);
                Assert.That((seen.Exists($"{folder}/none"), seen.ReadText($"{folder}/none"), seen.Resolve($"{folder}/none")), Is.EqualTo((false, (string?)null, (string?)null)));
            }

            Assert.That(seen.List("/sys/module"), Is.EqualTo(here.List("/sys/module")).And.Not.Empty);
            Assert.That(seen.List(Sysfs.PciDevices), Is.EqualTo(here.List(Sysfs.PciDevices)));
        });
    }

    [Test]
    public void Who_has_a_device_open_is_seen()
    {
        HostFiles there = HostMachine.Over(_shell).Files;
        using FileStream open = File.OpenRead("/dev/zero");

        (IReadOnlyList<(int Pid, string Node)> found, bool complete) = there.OpenDevices();

        Assert.That(found, Does.Contain((Environment.ProcessId, "/dev/zero")));
        Assert.That(complete, Is.EqualTo(new HostFiles().LinkTarget("/proc/1/fd/0") is not null), "root of a container may be kept out of others' processes, too");
        Assert.That((there.Try("/dev/zero"), there.Try("/dev/none")), Is.EqualTo((NodeState.Free, NodeState.Free)));
    }

    [Test]
    public void A_write_is_made_in_one_piece_and_its_refusal_is_the_kernels()
    {
        HostFiles there = HostMachine.Over(_shell).Files;
        string file = Path.Combine(_folder, "attribute");
        File.WriteAllText(file, "before, and longer");

        there.Write(file, "it's 100% \\n");
        Assert.That(File.ReadAllText(file), Is.EqualTo("it's 100% \\n"));
        there.Write(file, "\n");
        Assert.That(File.ReadAllText(file), Is.EqualTo("\n"));
        Assert.That(() => there.Write(Path.Combine(_folder, "none"), "1"), Throws.TypeOf<FileNotFoundException>());
        Assert.That(() => there.Write("/dev/full", "1"), Throws.TypeOf<IOException>().With.Message.EndsWith("No space left on device"));
    }

    [Test]
    public void A_wrong_key_a_changed_host_key_an_unknown_host_and_a_closed_port_each_have_a_text_of_their_own()
    {
        string other = Path.Combine(_folder, "other");
        Assert.Multiple(() =>
        {
            Assert.That(Failure(("IdentityFile ", $"IdentityFile {_server.OtherKey} #")), Does.StartWith("node1: ssh to guest failed: it does not let us in (").And.Contain("authorized_keys"));
            Assert.That(Failure(("UserKnownHostsFile ", $"UserKnownHostsFile {_server.OtherHosts} #")), Does.StartWith("node1: ssh to guest failed: its host key is not the one that is known (").And.Contain("ssh-keygen -R"));
            Assert.That(Failure(("UserKnownHostsFile ", "UserKnownHostsFile /dev/null #")), Does.StartWith("node1: ssh to guest failed: its host key is not known (").And.Contain("fingerprint"));
            Assert.That(Failure(("Port ", "Port 1 #")), Does.StartWith("node1: ssh to guest failed: no SSH server answers there (").And.Contain("Connection refused"));
        });

        string Failure((string Key, string Value) change)
        {
            string text = File.ReadAllText(_server.Configuration);
            File.WriteAllText(other, text.Replace(change.Key, change.Value, StringComparison.Ordinal));
            using var shell = new SshShell("node1", new(PrivateSshd.Name) { Configuration = other });
            HostUnreachableException error = Assert.Throws<HostUnreachableException>(() => shell.Ask(":"))!;
            Assert.That((error.Host, error.IsUnderway), Is.EqualTo(("node1", false)));
            return error.Message;
        }
    }

    [Test]
    public async Task A_host_that_is_lost_is_unreachable_and_a_change_then_may_have_been_made()
    {
        Assert.That(_shell.Ask("echo x").Text, Is.EqualTo("x\n"));
        Task<ShellAnswer> running = _shell.AskAsync("echo >'" + Path.Combine(_folder, "begun").Replace("'", @"'\''") + "'; sleep 1000", null, CancellationToken.None);
        string begun = Path.Combine(_folder, "begun");
        while (!File.Exists(begun) && !running.IsCompleted)
        {
            await Task.Delay(10);
        }

        await _server.StopAsync();

        HostUnreachableException error = Assert.ThrowsAsync<HostUnreachableException>(() => running)!;
        Assert.That(error.IsUnderway, Is.True);
        Assert.That(error.Message, Does.StartWith("node1: ssh to guest was lost"));
        Assert.That(() => _shell.Ask(":"), Throws.TypeOf<HostUnreachableException>().With.Property("IsUnderway").False);
    }

    [Test]
    public async Task Nothing_waits_behind_a_command_that_hangs()
    {
        Task<ShellAnswer> hangs = _shell.AskAsync("exec sleep 1000", TimeSpan.FromSeconds(2), CancellationToken.None);
        Assert.That(_shell.Ask("echo x").Text, Is.EqualTo("x\n"));
        Assert.That(async () => await hangs, Throws.TypeOf<TimeoutException>());
        Assert.That(_shell.Ask("echo y").Text, Is.EqualTo("y\n"));
    }

    [Test]
    public void What_start_up_files_print_and_what_a_command_leaves_in_its_shell_spoil_nothing()
    {
        using var shell = new SshShell("node1", new(PrivateSshd.Name) { Program = _server.Noisy() }, _server.Ssh);
        Assert.That(shell.Ask("x=1; cd /; exit 3").ExitCode, Is.EqualTo(3));
        ShellAnswer answer = shell.Ask("printf '%s' \"[$x]\"; cat; echo e >&2; (exit 5)");
        Assert.That((answer.ExitCode, answer.Text, answer.Error), Is.EqualTo((5, "[]", "e")));
    }

    [TestCase("exit 127", "sh: 1: vdpa: not found", HostDeviceProblem.ToolMissing)]
    [TestCase("exit 1", "sudo: vdpa: command not found", HostDeviceProblem.ToolMissing)]
    [TestCase("exit 1", "sudo: a password is required", HostDeviceProblem.PermissionDenied)]
    [TestCase("exit 1", "Sorry, user ops is not allowed to execute '/usr/sbin/vdpa dev del vdpa0' as root on node1.", HostDeviceProblem.PermissionDenied)]
    [TestCase("exit 1", "sudo: unable to resolve host node1: Name or service not known\nkernel answers: File exists", HostDeviceProblem.AlreadyExists)]
    [TestCase("exit 1", "Failed to connect to vdpa Netlink", HostDeviceProblem.ModuleNotLoaded)]
    [TestCase("exit 1", "kernel answers: Operation not permitted", HostDeviceProblem.PermissionDenied)]
    [TestCase("exit 255", "Connection closed", HostDeviceProblem.Failed)]
    public void Each_failure_of_the_tool_elsewhere_is_told_from_those_of_the_way_to_it(string exit, string error, HostDeviceProblem problem)
    {
        using SshShell shell = WithTool($"echo \"{error}\" >&2; {exit}");
        HostDeviceException thrown = Assert.ThrowsAsync<HostDeviceException>(() => new VdpaTool(shell).ChangeAsync(["dev", "del", "vdpa0"], CancellationToken.None))!;
        Assert.That((thrown.Problem, thrown.Host), Is.EqualTo((problem, "node1")));
        Assert.That(thrown.Message, Does.Contain("node1").And.Contain(error.Split('\n')[^1]));
        Assert.That(thrown.Remedy, problem == HostDeviceProblem.PermissionDenied ? Does.Contain("samples/sudoers/orchestrator") : Is.Not.Empty);
    }

    [Test]
    public async Task The_tool_elsewhere_answers_and_a_late_change_is_left_alone()
    {
        using SshShell shell = WithTool($"if [ \"$2\" = del ]; then echo $$ >\"$0.pid\"; exec sleep 1000; fi; echo \"$*\"");
        var tool = new VdpaTool(shell, TimeSpan.FromSeconds(2));

        Assert.That(await tool.AskAsync(["dev", "show", "-j"], CancellationToken.None), Is.EqualTo("dev show -j\n"));
        HostDeviceException late = Assert.ThrowsAsync<HostDeviceException>(() => tool.ChangeAsync(["dev", "del", "vdpa0"], CancellationToken.None))!;
        Assert.That((late.Problem, late.Host), Is.EqualTo((HostDeviceProblem.OutcomeUnknown, "node1")));
        Assert.That(late.Message, Does.Contain("is left alone"));
        Assert.That(await tool.AskAsync(["dev", "show", "-j"], CancellationToken.None), Is.EqualTo("dev show -j\n"), "in another shell");
        using var process = System.Diagnostics.Process.GetProcessById(int.Parse(File.ReadAllText(_server.Program("vdpa") + ".pid"), System.Globalization.CultureInfo.InvariantCulture));
        Assert.That(process.HasExited, Is.False);
        process.Kill();
    }

    private SshShell WithTool(string script)
    {
        _server.Make("vdpa", script);
        return new("node1", new(PrivateSshd.Name), _server.Ssh);
    }
}
