using System.Globalization;
using Orchestrator.Tests.Recovery;
using Orchestrator.Tests.Regression.Store;

namespace Orchestrator.Tests;

/// <summary>A process of its own for a test that needs two, or one to kill.</summary>
internal static class Program
{
    private static void Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["write-journal", var folder]:
                JournalWriter.Run(folder);
                break;
            case ["write-runs", var folder, var count]:
                RunWriter.Run(folder, int.Parse(count, CultureInfo.InvariantCulture));
                break;
            default:
                throw new ArgumentException($"no such part: {string.Join(' ', arguments)}", nameof(arguments));
        }
    }
}
