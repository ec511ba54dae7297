using System.Diagnostics;
using Orchestrator.Regression.Running;

namespace Orchestrator.Tests.Regression.Running;

/// <summary>Jobs in real shells, on this machine.</summary>
[TestFixture("dash")]
[TestFixture("bash")]
[TestFixture("busybox", "sh")]
public sealed class GuestJobTests(params string[] shell)
{
    private string _id = "";

    private string Folder => $"/tmp/orchestrator-load-{_id}";

    private GuestJob Job => new(new LocalChannel(shell), _id);

    [SetUp]
    public void Name() => _id = GuestJob.NewId();

    [TearDown]
    public async Task EndIt()
    {
        await Job.EndAsync();
        Assert.That(Directory.Exists(Folder), Is.False);
    }

    [Test]
    public async Task It_tells_its_end_and_what_it_printed_to_whoever_knows_its_name()
    {
        await Job.StartAsync(["/bin/sh", "-c", "echo \"$1\"; echo wrong >&2; exit 3", "sh", "it's $HOME"]);
        Assert.That(await UntilEndAsync(), Is.EqualTo(3));
        Assert.That(await Job.EndAsync(), Is.EqualTo("it's $HOME\nwrong\n"));
        Assert.That(await Job.EndAsync(), Is.Null, "there is none any more");
    }

    [Test]
    public async Task It_is_ended_with_all_that_it_has_started()
    {
        await Job.StartAsync(["/bin/sh", "-c", "sleep 1000 & echo $!; sleep 1000"]);
        string started = await SeeAsync();
        Assert.That(await Job.ExitCodeAsync(CancellationToken.None), Is.Null);
        Assert.That(File.Exists($"/proc/{started}/cmdline"));
        Assert.That(await Job.EndAsync(), Is.EqualTo(started + "\n"));
        Assert.That(() => State(started), Is.AnyOf(null, "Z").After(10_000, 20));
    }

    [Test]
    public async Task One_that_will_not_end_is_killed()
    {
        await Job.StartAsync(["/bin/sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done"]);
        string started = await SeeAsync();
        await Job.EndAsync();
        Assert.That(() => State(started), Is.AnyOf(null, "Z").After(10_000, 20));
    }

    [Test]
    public async Task What_says_much_is_kept_in_part_and_not_stopped()
    {
        await Job.StartAsync(["/bin/sh", "-c", "yes | head -c 1000000; exit 4"]);
        Assert.That(await UntilEndAsync(), Is.EqualTo(4));
        Assert.That((await Job.EndAsync())!, Has.Length.EqualTo(32768));
    }

    [Test]
    public async Task A_process_that_has_got_its_number_meanwhile_is_not_ended()
    {
        using Process other = Process.Start("sleep", "1000");
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, "pid"), $"{other.Id}\n");

        Assert.That(async () => await Job.ExitCodeAsync(CancellationToken.None), Throws.TypeOf<NightException>().With.Message.Contains("ended by another"));
        await Job.EndAsync();

        Assert.That(other.HasExited, Is.False);
        other.Kill();
        await other.WaitForExitAsync();
    }

    [Test]
    public async Task A_folder_that_somebody_else_has_put_there_is_not_used()
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, "pid"), "0\n");
        Assert.That(async () => await Job.StartAsync(["true"]), Throws.TypeOf<NightException>().With.Message.Contains("File exists"));
    }

    private async Task<int> UntilEndAsync()
    {
        while (true)
        {
            if (await Job.ExitCodeAsync(CancellationToken.None) is { } code)
            {
                return code;
            }

            await Task.Delay(20);
        }
    }

    /// <summary>The number that it prints. What it prints is kept when it ends: its processes tell earlier.</summary>
    private async Task<string> SeeAsync()
    {
        string leader = (await File.ReadAllTextAsync(Path.Combine(Folder, "pid"))).Trim();
        while (true)
        {
            // All of its session; the one that says its number is the shell that the test gave, or the first sleep.
            foreach (string stat in Directory.EnumerateDirectories("/proc").Select(folder => Path.Combine(folder, "cmdline")))
            {
                try
                {
                    string pid = stat.Split('/')[2];
                    string command = await File.ReadAllTextAsync(stat);
                    if ((command.StartsWith("sleep\01000", StringComparison.Ordinal) || command.Contains("trap '' TERM; echo $$", StringComparison.Ordinal) && !command.Contains(_id, StringComparison.Ordinal))
                        && Session(pid) == leader)
                    {
                        return pid;
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // It has ended.
                }
            }

            await Task.Delay(20);
        }
    }

    private static string Session(string pid) => Stat(pid)[3];

    private static string? State(string pid)
    {
        try
        {
            return Stat(pid)[0];
        }
        catch (IOException)
        {
            return null; // it is gone
        }
    }

    private static string[] Stat(string pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ');
}
