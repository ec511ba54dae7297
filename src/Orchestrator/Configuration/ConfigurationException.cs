namespace Orchestrator.Configuration;

/// <summary>A configuration that cannot be used, with the place in it that is wrong.</summary>
/// <param name="origin">Where: the file or variable, its line and column.</param>
/// <param name="path">The setting: <c>hosts.node1.uri</c>; <see langword="null"/> when the text could not be read that far.</param>
/// <param name="problem">What is wrong; never a value that may be a secret.</param>
/// <param name="remedy">What to write instead.</param>
public sealed class ConfigurationException(SettingOrigin origin, string? path, string problem, string? remedy = null)
    : Exception($"{origin}: {(path is null ? "" : path + ": ")}{problem}")
{
    /// <summary>Where it is wrong.</summary>
    public SettingOrigin Origin { get; } = origin;

    /// <summary>The setting, if one could be told.</summary>
    public string? Path { get; } = path;

    /// <summary>What is wrong, without the place.</summary>
    public string Problem { get; } = problem;

    /// <summary>What to write instead, if that can be told.</summary>
    public string? Remedy { get; } = remedy;
}
