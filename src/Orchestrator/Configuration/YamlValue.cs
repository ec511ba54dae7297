namespace Orchestrator.Configuration;

/// <summary>A value of a YAML document and where it begins.</summary>
internal abstract record YamlValue(SettingOrigin At)
{
    /// <summary>What it is, for messages about what it is not.</summary>
    internal abstract string Word { get; }
}

/// <param name="At">Where it begins.</param>
/// <param name="Text">The value.</param>
/// <param name="IsPlain">Whether it stands without quotes.</param>
internal sealed record YamlScalar(SettingOrigin At, string Text, bool IsPlain) : YamlValue(At)
{
    internal override string Word => IsPlain && Text is ("" or "~" or "null") ? "nothing" : "a single value";
}

internal sealed record YamlList(SettingOrigin At, IReadOnlyList<YamlValue> Items) : YamlValue(At)
{
    internal override string Word => "a list";
}

/// <summary>A mapping; its keys differ.</summary>
internal sealed record YamlMapping(SettingOrigin At, IReadOnlyList<(YamlScalar Key, YamlValue Value)> Pairs) : YamlValue(At)
{
    internal override string Word => "a mapping";
}
