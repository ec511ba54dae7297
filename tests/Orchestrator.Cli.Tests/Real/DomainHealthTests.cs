using System.Text.Json.Nodes;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A real QEMU is asked for its virtio devices; those of a guest without vDPA are none of this.</summary>
public sealed class DomainHealthTests
{
    private const string Guest = "healthy";

    [OneTimeSetUp]
    public async Task StartGuest() => await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a" });

    [OneTimeTearDown]
    public async Task RemoveGuest() => await CliLab.Lab.RemoveGuestAsync(Guest);

    [TestCase("always", true)]
    [TestCase("never", false)]
    public async Task A_guest_without_vdpa_devices_has_nothing_dead(string ask, bool asked)
    {
        CliResult health = await CliProcess.RunAsync("-c", "lab-a", "--json", "domain", "health", Guest, "--ask-qemu", ask);

        Assert.That(health.ExitCode, Is.EqualTo(ExitCode.Done), $"{health}");
        Assert.That(JsonSchema.Load("domain-health.schema.json").Problems(JsonNode.Parse(health.Output)), Is.Empty);
        Assert.That(health.Json.GetProperty("qemu_asked").GetBoolean(), Is.EqualTo(asked));
        Assert.That(health.Json.GetProperty("devices").GetArrayLength(), Is.Zero);
        Assert.That(health.Json.GetProperty("problems").GetArrayLength(), Is.Zero);
    }
}
