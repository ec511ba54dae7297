using System.Diagnostics;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;
using Orchestrator.Tests.Regression.Judging;

namespace Orchestrator.Tests.Regression.Store;

/// <summary>A process that begins runs, all under the same id, and ends them but the last, which it holds until it is killed.</summary>
internal sealed class RunWriter : IDisposable
{
    private readonly Process _process;

    private RunWriter(Process process) => _process = process;

    internal int Pid => _process.Id;

    internal static RunWriter Start(string folder, string? connection, int count)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(RunWriter).Assembly.Location, "write-runs", folder, $"{count}"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment[RegressionStore.Variable] = connection ?? "";
        return new(Process.Start(start)!);
    }

    /// <summary>The other side: in the process itself.</summary>
    internal static void Run(string folder, int count) => RunAsync(folder, count).GetAwaiter().GetResult();

    /// <summary>The id of the next run that it has begun; <see langword="null"/> when it has ended.</summary>
    internal string? Next() => _process.StandardOutput.ReadLine();

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static async Task RunAsync(string folder, int count)
    {
        await using RegressionStore store = await RegressionStore.OpenAsync(folder, Environment.GetEnvironmentVariable(RegressionStore.Variable));
        for (int i = 0; i < count; i++)
        {
            RegressionRun begun = await store.BeginAsync(RunSamples.Run(30, 31) with { Ended = null });
            if (i < count - 1)
            {
                await store.SaveAsync(begun with { Ended = begun.Started.AddMinutes(1) });
            }

            Console.WriteLine(begun.Id);
        }

        await Console.In.ReadLineAsync();
    }
}
