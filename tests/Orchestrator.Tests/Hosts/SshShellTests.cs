using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>Shells that fail, hang and end, of an <c>ssh</c> that runs on this machine what it was told to run on the other.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SshShellTests
{
    private const string Works = "for last; do :; done; exec sh -c \"$last\"";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("orchestrator-shell-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("exit 255", ":")]
    [TestCase(Works, "kill $$")]
    [TestCase(Works, "sleep 1000")]
    public void Failures_leave_no_descriptors_open(string script, string command)
    {
        const int Times = 8;
        using SshShell shell = Shell(script);
        Fail();
        int before = Descriptors();

        for (int i = 0; i < Times; i++)
        {
            Fail();
        }

        Assert.That(Descriptors() - before, Is.LessThan(Times));

        void Fail() => Assert.That(() => shell.Ask(command, command == "sleep 1000" ? TimeSpan.FromMilliseconds(1) : null), Throws.TypeOf<HostUnreachableException>());
        static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;
    }

    [Test]
    public async Task An_ssh_that_gives_no_shell_is_ended()
    {
        var time = new HeldTime();
        using SshShell shell = Shell("exec sleep 1000", time);
        Task<ShellAnswer> asked = shell.AskAsync(":", null, CancellationToken.None);
        int pid = await PidAsync();

        time.Ring();

        Assert.That(async () => await asked.WaitAsync(Deadline), Throws.TypeOf<HostUnreachableException>().With.Message.Contains("gave no shell within 30 s"));
        await EndsAsync(pid);
    }

    [Test]
    public async Task A_cancelled_question_is_ended_with_its_ssh()
    {
        using SshShell shell = Shell(Works);
        using var cancelled = new CancellationTokenSource();
        Task<ShellAnswer> asked = shell.AskAsync($"echo >{_folder}/begun; sleep 1000", null, cancelled.Token);
        await FileAsync("begun");

        await cancelled.CancelAsync();

        Assert.That(async () => await asked.WaitAsync(Deadline), Throws.InstanceOf<OperationCanceledException>());
        await EndsAsync(await PidAsync());
    }

    [Test]
    public async Task A_late_change_is_left_alone_and_its_ssh_ends_after_it()
    {
        var time = new HeldTime();
        using SshShell shell = Shell(Works, time);
        Task<ShellAnswer> asked = shell.AskAsync(Change, null, CancellationToken.None, changes: true);
        await FileAsync("begun");
        time.Ring();
        Assert.That(async () => await asked.WaitAsync(Deadline), Throws.TypeOf<TimeoutException>());

        File.WriteAllText(Path.Combine(_folder, "go"), "");

        await FileAsync("done");
        await EndsAsync(await PidAsync());
    }

    [Test]
    public async Task The_outcome_of_a_change_that_has_begun_is_waited_for_after_a_cancellation()
    {
        using SshShell shell = Shell(Works);
        using var cancelled = new CancellationTokenSource();
        Task<ShellAnswer> asked = shell.AskAsync(Change, Deadline, cancelled.Token, changes: true);
        await FileAsync("begun");

        await cancelled.CancelAsync();
        File.WriteAllText(Path.Combine(_folder, "go"), "");

        Assert.That((await asked).ExitCode, Is.Zero);
    }

    [Test]
    public async Task A_question_whose_shell_is_closed_here_is_lost()
    {
        SshShell shell = Shell(Works);
        Task<ShellAnswer> asked = shell.AskAsync($"echo >{_folder}/begun; sleep 1000", null, CancellationToken.None);
        await FileAsync("begun");

        shell.Dispose();

        Assert.That(async () => await asked.WaitAsync(Deadline), Throws.TypeOf<HostUnreachableException>().With.Property("IsUnderway").True);
        Assert.That(() => shell.Ask(":"), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task What_holds_the_error_output_of_an_ssh_that_ended_holds_nothing_up()
    {
        using SshShell shell = Shell("sleep 1000 >/dev/null & echo $! >\"$0.child\"; echo 'Connection refused' >&2; exit 255");
        try
        {
            Assert.That(
                async () => await shell.AskAsync(":", null, CancellationToken.None).WaitAsync(Deadline),
                Throws.TypeOf<HostUnreachableException>().With.Message.Contains("no SSH server answers there (Connection refused)"));
        }
        finally
        {
            using var child = System.Diagnostics.Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "ssh.child")), CultureInfo.InvariantCulture));
            child.Kill();
        }
    }

    private string Change => $"echo >{_folder}/begun; while ! [ -e {_folder}/go ]; do sleep 0.01; done; echo >{_folder}/done";

    private SshShell Shell(string script, TimeProvider? time = null)
    {
        string path = Path.Combine(_folder, "ssh");
        File.WriteAllText(path, $"#!/bin/sh\necho $$ >\"$0.new\"; mv \"$0.new\" \"$0.pid\"\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new("node1", new("guest"), path, time);
    }

    private async Task<int> PidAsync()
    {
        await FileAsync("ssh.pid");
        return int.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "ssh.pid")), CultureInfo.InvariantCulture);
    }

    private Task FileAsync(string name) => UntilAsync(() => File.Exists(Path.Combine(_folder, name)), name);

    private static Task EndsAsync(int pid) => UntilAsync(() => !Directory.Exists($"/proc/{pid}"), "the end of ssh");

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            Assert.That(deadline.IsCancellationRequested, Is.False, what);
            await Task.Delay(1);
        }
    }

    /// <summary>A time in which nothing is late before it is said.</summary>
    private sealed class HeldTime : TimeProvider
    {
        private readonly List<ITimer> _timers = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
            _timers.Add(timer);
            return timer;
        }

        internal void Ring() => _timers.ForEach(timer => timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
    }
}
