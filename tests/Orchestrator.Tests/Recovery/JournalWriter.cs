using System.Diagnostics;
using Orchestrator.Recovery;

namespace Orchestrator.Tests.Recovery;

/// <summary>A process that writes operations into a journal, and says of each what is written, until it is killed or told to end.</summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly Process _process;

    private JournalWriter(Process process) => _process = process;

    internal static JournalWriter Start(string folder) => new(Process.Start(new ProcessStartInfo("dotnet", [typeof(JournalWriter).Assembly.Location, "write-journal", folder])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!);

    /// <summary>The other side: in the process itself.</summary>
    internal static void Run(string folder)
    {
        using Journal journal = Journal.Open(folder);
        using var input = new StreamReader(Console.OpenStandardInput()); // Console.In would wait in the call itself
        Task<string?> told = input.ReadLineAsync();
        while (!told.IsCompleted)
        {
            Guid id = journal.Begin(JournalSamples.Intent).Id;
            Console.WriteLine($"begun {id}");
            journal.SetPhase(id, OperationPhase.Migrating);
            Console.WriteLine($"migrating {id}");
            journal.End(id, "completed", "web1 is on lab-b");
            Console.WriteLine($"ended {id}");
        }
    }

    /// <summary>The next thing that it has written, and of which operation.</summary>
    internal (string What, Guid Id)? Next() => _process.StandardOutput.ReadLine() is { } line ? (line.Split(' ')[0], Guid.Parse(line.Split(' ')[1])) : null;

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    internal void TellToEnd() => _process.StandardInput.Close();

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
