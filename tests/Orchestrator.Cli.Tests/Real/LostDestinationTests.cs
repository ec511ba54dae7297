using System.Diagnostics;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The destination's daemon dies in the middle: the guest still runs on the source.</summary>
public sealed class LostDestinationTests
{
    [Test]
    public async Task The_guest_still_runs_on_the_source([Values("p2p", "direct")] string mode)
    {
        await using VirtualLab lab = await VirtualLab.StartAsync(new() { Folder = CliLab.Folder });
        await lab.StartGuestAsync(new() { Name = "kept", DirtyMiBPerSecond = 16 });
        using CliProcess migration = CliProcess.Start(
            "migrate", "kept", "--from", lab.GetHost("lab-a").Uri, "--to", lab.GetHost("lab-b").Uri, "--mode", mode, "--bandwidth", "8", "--json");
        await migration.SeeAsync("\"iteration\":1");
        using (Process daemon = Process.GetProcessById(lab.FindDaemon("lab-b")!.Value))
        {
            daemon.Kill();
        }

        CliResult result = await migration.EndAsync();
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(result.Json.GetProperty("outcome").GetString(), Is.EqualTo("unreachable"));
        LabStatus status = await lab.GetStatusAsync();
        Assert.That(status.Guests.Single().Places, Is.EqualTo(new[] { new GuestPlace("lab-a", "running") }));
    }
}
