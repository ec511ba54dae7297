using Orchestrator.Tests.Recovery;

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
            default:
                throw new ArgumentException($"no such part: {string.Join(' ', arguments)}", nameof(arguments));
        }
    }
}
