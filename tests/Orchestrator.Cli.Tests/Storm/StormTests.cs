using System.Diagnostics;
using Storm;

namespace Orchestrator.Cli.Tests.Storm;

/// <summary>A storm: sixteen workers in two processes, eight guests on two hosts whose daemons are killed meanwhile.</summary>
public sealed class StormTests
{
    private static bool IsFull => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FULL") == "1";

    [Test]
    public async Task After_a_storm_everything_is_as_the_model_says()
    {
        // The same storm in each run, a big one in full; another one by hand with another seed.
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (string argument in (string[])[typeof(StormRecord).Assembly.Location, "--seed", "20261121", "--requests", IsFull ? "5000" : "300", "--kills", IsFull ? "20" : "3"])
        {
            start.ArgumentList.Add(argument);
        }

        using Process storm = Process.Start(start)!;
        string report = await storm.StandardOutput.ReadToEndAsync();
        await storm.WaitForExitAsync();

        Assert.That(storm.ExitCode, Is.Zero, report);
        Assert.That(report, Does.Contain($"{(IsFull ? 5000 : 300)} requests of 16 workers in 2 processes at 8 guests, {(IsFull ? 20 : 3)} daemons killed").And.Contain("0 problems"));
    }
}
