using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary><c>domain watch</c> on lab guests.</summary>
public sealed class WatchTests
{
    private const string Guest = "watched";

    [SetUp]
    public Task StartGuest() => CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", MemoryMiB = 96 });

    [TearDown]
    public async Task RemoveGuest()
    {
        await CliLab.Lab.RepairAsync();
        await CliLab.Lab.RemoveGuestAsync(Guest);
    }

    [Test]
    public async Task What_happens_to_a_guest_is_told_in_order()
    {
        using CliProcess watch = CliProcess.Start("domain", "watch", Guest, "-c", "lab-a", "--until", "stopped", "--for", "2m", "--json");
        await watch.SeeOutputAsync("\"connected\"");

        await OnGuestAsync(domain =>
        {
            domain.Suspend();
            domain.Resume();
            domain.Destroy();
        });
        CliResult result = await watch.EndAsync();

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        List<JsonElement> lines = Lines(result);
        Assert.That(lines.Select(Describe), Is.EqualTo(new[] { "connected", "lifecycle suspended/paused", "lifecycle resumed/unpaused", "lifecycle shutdown/host", "lifecycle stopped/destroyed" })
            .Or.EqualTo(new[] { "connected", "lifecycle suspended/paused", "lifecycle resumed/unpaused", "lifecycle stopped/destroyed" }));
        Assert.That(lines[0].GetProperty("domains").EnumerateArray().Single(domain => domain.GetProperty("name").GetString() == Guest).GetProperty("state").GetString(), Is.EqualTo("running/booted"));
        Assert.That(lines.Skip(1).Select(line => line.GetProperty("domain").GetProperty("name").GetString()), Is.All.EqualTo(Guest));
    }

    [Test]
    public async Task A_killed_daemon_is_told_of_and_its_events_after_that_are_seen()
    {
        using CliProcess watch = CliProcess.Start("domain", "watch", "--host", "lab-a,lab-b", "--until", "stopped", "--for", "2m", "--json");
        await watch.SeeOutputAsync("\"host\":\"lab-a\"");
        await watch.SeeOutputAsync("\"host\":\"lab-b\"");

        await CliLab.Lab.KillDaemonAsync("lab-a");
        await watch.SeeOutputAsync("\"connection_lost\"");
        await CliLab.Lab.RepairAsync();
        await watch.SeeOutputAsync("\"events_missed\"");
        await OnGuestAsync(domain => domain.Destroy());
        CliResult result = await watch.EndAsync();

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        List<JsonElement> lines = [.. Lines(result).Where(line => line.GetProperty("host").GetString() == "lab-a")];
        Assert.That(lines.Select(line => line.GetProperty("event").GetString()).Take(4), Is.EqualTo(new[] { "connected", "connection_lost", "reconnected", "events_missed" }));
        Assert.That(lines[1].GetProperty("detail").GetString(), Does.StartWith("eof"));
        Assert.That(lines[3].TryGetProperty("missed", out _), Is.False, "nobody can know how many");
        Assert.That(lines[3].GetProperty("domains").EnumerateArray().Select(domain => domain.GetProperty("name").GetString()), Does.Contain(Guest));
        Assert.That(Describe(lines[^1]), Is.EqualTo("lifecycle stopped/destroyed"));
    }

    [Test]
    public async Task Devices_that_come_and_go_are_told_by_their_alias()
    {
        string folder = CliLab.Lab.GetHost("lab-a").Root;
        string image = Path.Combine(folder, "plugged.img");
        await using (FileStream file = File.Create(image))
        {
            file.SetLength(1 << 20);
        }

        File.SetUnixFileMode(image, (UnixFileMode)0b110_110_110);
        using CliProcess watch = CliProcess.Start("domain", "watch", Guest, "-c", "lab-a", "--until", "device_removed/ua-plugged", "--for", "2m", "--json", "--qemu");
        await watch.SeeOutputAsync("\"connected\"");
        string disk = $"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{image}'/><target dev='vdz' bus='virtio'/><alias name='ua-plugged'/></disk>";

        await OnGuestAsync(domain => domain.AttachDevice(disk, DomainModificationImpact.Live));
        await watch.SeeOutputAsync("\"device_added\"");
        await DetachAsync(watch, disk);
        CliResult result = await watch.EndAsync();

        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        List<JsonElement> lines = Lines(result);
        Assert.That(lines.Select(Describe).Where(line => line.StartsWith("device", StringComparison.Ordinal)), Is.EqualTo(new[] { "device_added ua-plugged", "device_removed ua-plugged" }));
        JsonElement deleted = lines.First(line => Describe(line) == "monitor DEVICE_DELETED");
        Assert.That(deleted.GetProperty("stamp").GetDateTimeOffset(), Is.EqualTo(deleted.GetProperty("at").GetDateTimeOffset()).Within(TimeSpan.FromSeconds(10)));
        Assert.That(deleted.GetProperty("data").GetProperty("path").GetString(), Does.StartWith("/machine/"));
    }

    [Test]
    public async Task What_is_not_seen_in_time_is_exit_5_and_the_last_line_says_so()
    {
        CliResult result = await CliProcess.RunAsync("domain", "watch", "no-such-guest", "-c", "lab-a", "--until", "started", "--for", "500ms", "--json");

        Assert.That(result.ExitCode, Is.EqualTo(ExitCode.TimedOut), $"{result}");
        List<JsonElement> lines = Lines(result);
        Assert.That(lines[^1].GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("timed_out"));
        Assert.That(lines[^1].GetProperty("error").GetProperty("message").GetString(), Does.Contain("'started'").And.Contain("500ms"));
    }

    [TestCase(new string[0], ExitCode.Done)]
    [TestCase(new[] { "--until", "crashed" }, ExitCode.Cancelled)]
    public async Task An_interrupt_ends_a_watch_and_is_a_failure_only_of_one_that_waits_for_something(string[] options, int exitCode)
    {
        using CliProcess watch = CliProcess.Start(["domain", "watch", "-c", "lab-b", .. options]);
        await watch.SeeOutputAsync("connected");

        watch.Signal("INT");
        CliResult result = await watch.EndAsync();

        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{result}");
        Assert.That(result.Error, Is.Empty);
    }

    [Test]
    public async Task A_host_that_is_down_is_watched_for_beside_another_and_alone_is_an_error()
    {
        string gone = "qemu+unix:///session?socket=/nowhere/libvirt-sock";
        CliResult beside = await CliProcess.RunAsync("domain", "watch", "--host", "lab-b", "--host", gone, "--for", "1s", "--json");
        CliResult alone = await CliProcess.RunAsync("domain", "watch", "--host", gone, "--for", "1s", "--json");

        Assert.That(beside.ExitCode, Is.Zero, $"{beside}");
        Assert.That(Lines(beside).Select(line => $"{line.GetProperty("host")} {line.GetProperty("event")}"), Is.EquivalentTo(new[] { "lab-b connected", $"{gone} connection_lost" }));
        Assert.That(alone.ExitCode, Is.EqualTo(ExitCode.Unreachable), $"{alone}");
        Assert.That(alone.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("host_unreachable"));
    }

    [TestCase("--until", "stoped", "'stoped' is no event")]
    [TestCase("--count", "0", "--count wants a number of events, 1 or more")]
    [TestCase("--for", "soon", "'soon' is not a duration")]
    public async Task An_option_that_makes_no_sense_is_a_usage_error(string option, string value, string error)
    {
        CliResult result = await CliProcess.RunAsync("domain", "watch", "-c", "lab-a", option, value);

        Assert.That(result.ExitCode, Is.EqualTo(ExitCode.Usage), $"{result}");
        Assert.That(result.Error, Does.Contain(error));
    }

    [Test]
    public async Task Nobody_who_reads_any_more_ends_it_quietly()
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "\"$@\" | head -n 1; exit 0", "sh", "dotnet", Path.Combine(AppContext.BaseDirectory, "orchestrator.dll"), "domain", "watch", "-c", "lab-a"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [LabFolderOption.Variable] = CliLab.Folder },
        })!;
        Assert.That(await shell.StandardOutput.ReadLineAsync(), Does.Contain("connected"));

        // It finds out when it has something to tell.
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Task ended = shell.WaitForExitAsync(deadline.Token);
        while (!ended.IsCompleted && !deadline.IsCancellationRequested)
        {
            await OnGuestAsync(domain =>
            {
                domain.Suspend();
                domain.Resume();
            });
            await Task.WhenAny(ended, Task.Delay(50));
        }

        await ended;
        Assert.That(await shell.StandardError.ReadToEndAsync(), Is.Empty);
    }

    private static List<JsonElement> Lines(CliResult result)
    {
        JsonSchema schema = JsonSchema.Load("watch.schema.json");
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.SelectMany(line => schema.Problems(JsonNode.Parse(line))), Is.Empty);
        return [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static string Describe(JsonElement line) =>
        $"{line.GetProperty("event").GetString()} {(line.TryGetProperty("detail", out JsonElement detail) ? detail.GetString() : "")}".TrimEnd();

    // A guest that still boots does not hear the request: it is made again until the device is gone.
    private static async Task DetachAsync(CliProcess watch, string disk)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!watch.Output.Contains("\"device_removed\"", StringComparison.Ordinal))
        {
            try
            {
                await OnGuestAsync(domain => domain.DetachDevice(disk, DomainModificationImpact.Live));
            }
            catch (LibvirtException e) when (e.Code is LibvirtErrorCode.OperationFailed or LibvirtErrorCode.DeviceMissing or LibvirtErrorCode.InternalError)
            {
                // "already in the process of unplug", or gone between two questions
            }

            await Task.Delay(100, deadline.Token);
        }
    }

    private static Task OnGuestAsync(Action<LibvirtDomain> act)
    {
        using LibvirtConnection connection = LibvirtConnection.Open(CliLab.Lab.GetHost("lab-a").Uri);
        using LibvirtDomain domain = connection.LookupByName(Guest);
        act(domain);
        return Task.CompletedTask;
    }
}
