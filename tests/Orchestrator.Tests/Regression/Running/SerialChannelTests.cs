using Orchestrator.Regression.Running;

namespace Orchestrator.Tests.Regression.Running;

/// <summary>Real shells on real terminals.</summary>
public sealed class SerialChannelTests
{
    private const string Login = "while printf 'node1 login: ' && read -r name; do :; done";
    private const string Silent = "exec cat >/dev/null";

    [Test]
    public async Task Arguments_arrive_as_they_are_and_the_end_is_told(
        [Values("exec sh -i", "exec bash --norc --noprofile -i", "exec busybox sh -i", "stty -echo; PS1= exec sh -i")] string shell)
    {
        string last = new('x', 3000);
        GuestResult printed = await Channel(shell).RunAsync(["printf", @"%s\n", "a b", "it's", "$(reboot)", "!!", "", "漢", last], CancellationToken.None);
        Assert.That(printed, Is.EqualTo(new GuestResult(0, $"a b\nit's\n$(reboot)\n!!\n\n漢\n{last}\n")));

        GuestResult failed = await Channel(shell).RunAsync(["/bin/sh", "-c", "echo no >&2; exit 7"], CancellationToken.None);
        Assert.That(failed, Is.EqualTo(new GuestResult(7, "no\n")));
    }

    [Test]
    public async Task A_job_outlives_the_console()
    {
        SerialChannel channel = Channel("exec sh -i");
        string id = GuestJob.NewId();
        await new GuestJob(channel, id).StartAsync(["/bin/sh", "-c", "echo began; sleep 1000"]);
        Assert.That(await new GuestJob(channel, id).ExitCodeAsync(CancellationToken.None), Is.Null);
        Assert.That(await new GuestJob(channel, id).EndAsync(), Is.EqualTo("began\n"));
    }

    [TestCase(Login, "somebody has to log in on the console of web1 first")]
    [TestCase(Silent, "no shell answers on the console of web1")]
    [TestCase("exec true", "the console of web1: ")]
    public void A_console_without_a_shell_is_refused(string program, string message) => Assert.That(
        async () => await Channel(program).RunAsync(["true"], CancellationToken.None), Throws.TypeOf<NightException>().With.Message.StartsWith(message));

    [Test]
    public void A_program_that_does_not_end_is_given_up() => Assert.That(
        async () => await new SerialChannel(_ => Task.FromResult<Stream>(new TerminalStream("exec sh -i")), "web1", new FastTime(3)).RunAsync(["sleep", "1000"], CancellationToken.None),
        Throws.TypeOf<NightException>().With.Message.EqualTo("sleep on the console of web1 did not come to an end"));

    // What answers does so in its own time: only where nothing does is there no need to wait for it.
    private static SerialChannel Channel(string program) =>
        new(_ => Task.FromResult<Stream>(new TerminalStream(program)), "web1", program == Silent ? new FastTime(10) : TimeProvider.System);

    /// <summary>A clock whose timers come early.</summary>
    private sealed class FastTime(int times) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / times : dueTime, period);
    }
}
