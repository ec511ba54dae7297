using System.Diagnostics;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A guest's whole life, from its definition to its undefinition, over and over by the library.</summary>
public sealed class LifeRoundsTests
{
    private const string Guest = "many-lives";

    // Two hundred in full; a few of them in every run.
    private static int Rounds => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1" ? 200 : 3;

    [Test]
    public async Task The_whole_life_over_and_over()
    {
        LabGuest guest = await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a", MemoryMiB = GuestOptions.LeastMemoryMiB });
        try
        {
            await using LibvirtHost host = await LibvirtHost.ConnectAsync(new("lab-a", CliLab.Lab.GetHost("lab-a").Uri));
            var claims = new DomainClaims();
            var definer = new DomainDefiner(host, claims: claims);
            var lifecycle = new DomainLifecycle(host, claims);
            DomainDocument definition = DomainDocument.Parse((await host.GetDefinitionAsync(guest.Uuid, default))!);
            await BecomesAsync("shutoff/destroyed", new DestroyRequest(Guest));
            await BecomesAsync("absent", new UndefineRequest(Guest));
            for (int round = 0; round < Rounds; round++)
            {
                Assert.That((await definer.DefineAsync(definition)).Action, Is.EqualTo(DefinitionAction.Created));
                await BecomesAsync("paused/user", new StartRequest(Guest) { Paused = true });
                await BecomesAsync("running/unpaused", new ResumeRequest(Guest));
                await BecomesAsync("paused/user", new SuspendRequest(Guest));
                await BecomesAsync("running/unpaused", new ResumeRequest(Guest));
                await TicksAsync(guest);
                await BecomesAsync("running/unpaused", new RebootRequest(Guest));
                await TicksAsync(guest);
                await BecomesAsync("running/unpaused", new ResetRequest(Guest));
                await TicksAsync(guest);
                await BecomesAsync("shutoff/shutdown", new ShutdownRequest(Guest));
                await BecomesAsync("running/booted", new StartRequest(Guest));
                await BecomesAsync("shutoff/destroyed", new DestroyRequest(Guest));
                await BecomesAsync("absent", new UndefineRequest(Guest));
                Assert.That(await host.FindDomainAsync($"{guest.Uuid}", default), Is.Null);
            }

            async Task BecomesAsync(string state, LifecycleRequest request) => Assert.That((await lifecycle.RunAsync(request)).After, Is.EqualTo(state), $"{request.Operation}");
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync(Guest);
        }
    }

    /// <summary>Waits for a tick from now on: the guest has booted, and hears its power button.</summary>
    private static async Task TicksAsync(LabGuest guest)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        long start = Stopwatch.GetTimestamp();
        await CliLab.Lab.SetDirtyRateAsync(guest.Name, 0); // a guest that is going down still ticks, and does not answer
        while (TickLogReader.Read(guest.TickLog, now, DateTimeOffset.MaxValue).Count == 0)
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromMinutes(2)), "the guest does not tick");
            await Task.Delay(20);
        }
    }
}
