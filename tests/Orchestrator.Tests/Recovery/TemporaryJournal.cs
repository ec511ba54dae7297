using Orchestrator.Recovery;

namespace Orchestrator.Tests.Recovery;

/// <summary>A journal in a folder of its own, which goes with it.</summary>
internal sealed class TemporaryJournal : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ojournal-").FullName;

    internal TemporaryJournal() => Journal = Journal.Open(_folder);

    internal Journal Journal { get; }

    public void Dispose()
    {
        Journal.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
