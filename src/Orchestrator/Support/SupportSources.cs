using Orchestrator.Configuration;

namespace Orchestrator.Support;

/// <summary>What a support bundle is made of.</summary>
public sealed record SupportSources
{
    /// <summary>The configuration's files and variables.</summary>
    public required ConfigurationSources Configuration { get; init; }

    /// <summary>The folder of the journal.</summary>
    public required string StateFolder { get; init; }

    /// <summary>The file of the run that it is about; <see langword="null"/> for none.</summary>
    public string? RunFile { get; init; }

    /// <summary>Other files to put in: evidence that <c>migrate --evidence</c> saved, logs.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>The variables of the process.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
}

/// <summary>What a support bundle holds.</summary>
/// <param name="File">The bundle.</param>
/// <param name="Entries">What is in it.</param>
/// <param name="LeftOut">What is not, and why, in words.</param>
public sealed record SupportContents(string File, IReadOnlyList<SupportEntry> Entries, IReadOnlyList<string> LeftOut);

/// <summary>One file of a support bundle.</summary>
/// <param name="Name">Its name in the bundle.</param>
/// <param name="Bytes">Its length.</param>
public sealed record SupportEntry(string Name, long Bytes);
