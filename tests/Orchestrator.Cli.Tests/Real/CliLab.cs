using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A lab for this assembly's tests, brought up and taken down by the tool itself, apart from any lab of the user's.</summary>
[SetUpFixture]
public sealed class CliLab
{
    private static readonly LabOptions Options = new() { Folder = $"/tmp/olab-{Guid.NewGuid().ToString()[..8]}" };

    internal static string Folder => Options.Folder;

    internal static VirtualLab Lab { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task BringUp()
    {
        CliResult up = await CliProcess.RunAsync("lab", "up", "--json");
        Assert.That(up.ExitCode, Is.Zero, $"{up}");
        Lab = await VirtualLab.FindAsync(Options) ?? throw new InvalidOperationException("lab up left no lab");
    }

    [OneTimeTearDown]
    public async Task TakeDown()
    {
        CliResult down = await CliProcess.RunAsync("lab", "down");
        Assert.That(down.ExitCode, Is.Zero, $"{down}");
        Assert.That(Directory.Exists(Folder), Is.False, "lab down leaves nothing");
    }

    /// <summary>Where a guest runs now: the hosts on which it is running.</summary>
    internal static async Task<IReadOnlyList<string>> RunsOnAsync(string guest)
    {
        LabStatus status = await Lab.GetStatusAsync();
        return [.. status.Guests.Single(g => g.Guest.Name == guest).Places.Where(place => place.State == "running").Select(place => place.Host)];
    }
}
