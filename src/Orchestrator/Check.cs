using System.Text.Json.Serialization;

namespace Orchestrator;

/// <summary>How much a check weighs.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckSeverity>))]
public enum CheckSeverity
{
    /// <summary>Worth knowing.</summary>
    [JsonStringEnumMemberName("info")]
    Info,

    /// <summary>Worth a second thought.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>A failure refuses the operation.</summary>
    [JsonStringEnumMemberName("error")]
    Error,
}

/// <summary>What a check found.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckResult>))]
public enum CheckResult
{
    /// <summary>It holds.</summary>
    [JsonStringEnumMemberName("pass")]
    Pass,

    /// <summary>It does not hold.</summary>
    [JsonStringEnumMemberName("fail")]
    Fail,

    /// <summary>It could not be told.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,
}

/// <summary>One check, made before anything is touched.</summary>
/// <param name="Id">A stable id, in kebab case.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Result">What it found.</param>
/// <param name="Message">What was found, naming the thing and the host.</param>
/// <param name="Remedy">What to do about it; <see langword="null"/> where there is nothing to do.</param>
public sealed record Check(string Id, CheckSeverity Severity, CheckResult Result, string Message, string? Remedy = null)
{
    /// <summary>Whether this check refuses the operation.</summary>
    [JsonIgnore]
    public bool Refuses => Severity == CheckSeverity.Error && Result == CheckResult.Fail;

    /// <summary>Whether a person should see it.</summary>
    [JsonIgnore]
    public bool Warns => Severity != CheckSeverity.Info && Result != CheckResult.Pass;
}
