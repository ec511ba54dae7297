using System.Diagnostics;
using Faults;

namespace Chaos.Tests;

/// <summary>Faults at phases of real migrations: a few in every run, the whole matrix when that is asked for.</summary>
public sealed class FaultMatrixTests
{
    private static bool IsFull => Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_FAULTS") == "1";

    [Test]
    public async Task After_a_fault_everything_is_as_it_must_be()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        string record = Environment.GetEnvironmentVariable("ORCHESTRATOR_FAULTS_RECORD") is { Length: > 0 } file ? file : Path.Combine(TestContext.CurrentContext.WorkDirectory, "faults.ndjson");
        foreach (string argument in (string[])[typeof(FaultCell).Assembly.Location, .. IsFull ? ["--all"] : (string[])["--sample", "1", "--seed", "5"], "--record", record])
        {
            start.ArgumentList.Add(argument);
        }

        using Process faults = Process.Start(start)!;
        string report = await faults.StandardOutput.ReadToEndAsync();
        await faults.WaitForExitAsync();
        TestContext.Out.WriteLine(report);

        Assert.That(faults.ExitCode, Is.Zero, report);
        Assert.That(report, Does.Contain($"{(IsFull ? FaultCell.All.Count : FaultCell.Sample(5, 1).Count)} cells").And.Contain(" 0 not"));
    }
}
