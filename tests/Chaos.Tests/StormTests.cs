using System.Diagnostics;
using Storm;

namespace Chaos.Tests;

/// <summary>A storm: sixteen workers in two processes, eight guests on two hosts whose daemons are killed meanwhile.</summary>
public sealed class StormTests
{
    private static bool IsFull => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1";

    // The same storms in each run, big ones in full; others by hand with other seeds.
    [Test]
    public async Task After_a_storm_everything_is_as_the_model_says()
    {
        (int code, string report) = await RunAsync("--seed", "20261121", "--requests", IsFull ? "5000" : "300", "--kills", IsFull ? "20" : "3");
        Assert.That(code, Is.Zero, report);
        Assert.That(report, Does.Contain($"{(IsFull ? 5000 : 300)} requests of 16 workers in 2 processes at 8 guests, {(IsFull ? 20 : 3)} daemons killed").And.Contain("0 problems"));
    }

    [Test]
    public async Task After_a_storm_with_migrations_every_guest_is_where_the_model_says()
    {
        int requests = IsFull ? 10_000 : 300;
        (int code, string report) = await RunAsync("--seed", "20261122", "--requests", $"{requests}", "--hosts", "2", "--migrate");
        Assert.That(code, Is.Zero, report);
        Assert.That(report, Does.Contain($"{requests} requests of 16 workers in 2 processes at 8 guests over 2 hosts").And.Contain("0 problems"));
        Assert.That(report, Does.Match(@"(?m)^Migrate +\d+ Done"));
    }

    private static async Task<(int Code, string Report)> RunAsync(params string[] arguments)
    {
        using Process storm = Process.Start(new ProcessStartInfo("dotnet", [typeof(StormRecord).Assembly.Location, .. arguments]) { RedirectStandardOutput = true })!;
        string report = await storm.StandardOutput.ReadToEndAsync();
        await storm.WaitForExitAsync();
        return (storm.ExitCode, report);
    }
}
