using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Tests;

/// <summary>A folder for the labs of one test, so that the developer's own lab is none of its business.</summary>
internal sealed class LabFixture
{
    public LabOptions Options { get; } = new() { Folder = $"/tmp/olt-{Guid.NewGuid().ToString("N")[..8]}" };

    /// <summary>What lives in the folder.</summary>
    public IReadOnlyList<LabProcess> Processes => LabProcess.FindIn(Options.Folder);

    /// <summary>A deadline for what a broken lab would never do.</summary>
    public static CancellationToken Deadline(int seconds) => new CancellationTokenSource(TimeSpan.FromSeconds(seconds)).Token;

    /// <summary>Polls a condition until it holds.</summary>
    public static async Task<bool> EventuallyAsync(Func<bool> condition, int seconds = 20)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(seconds); !condition(); await Task.Delay(20))
        {
            if (DateTime.UtcNow > deadline)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Removes what a failed test left.</summary>
    public void RemoveLeftovers()
    {
        foreach (var process in Processes)
        {
            Posix.Signal(process.Pid, Posix.SigKill);
        }

        if (Directory.Exists(Options.Folder))
        {
            Directory.Delete(Options.Folder, recursive: true);
        }
    }
}
