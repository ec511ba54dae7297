using Orchestrator.Hosts;

namespace Orchestrator.Configuration;

/// <summary>The layers of the configuration; a later one overrides an earlier one, setting by setting.</summary>
public enum ConfigurationLayer
{
    /// <summary>The machine's file, <c>/etc/orchestrator/hosts.yaml</c>.</summary>
    SystemFile,

    /// <summary>The user's file, or the one that ORCHESTRATOR_CONFIG names instead.</summary>
    UserFile,

    /// <summary>The variable ORCHESTRATOR_HOSTS.</summary>
    Variable,
}

/// <summary>Where a setting was written.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Source">The file's path, or the variable's name.</param>
/// <param name="Line">The line, from 1; 0 when the whole source is meant.</param>
/// <param name="Column">The column, from 1; 0 when the whole source is meant.</param>
public sealed record SettingOrigin(ConfigurationLayer Layer, string Source, int Line = 0, int Column = 0)
{
    /// <summary>The place as editors and compilers write it: <c>FILE:LINE:COLUMN</c>.</summary>
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}:{Column}";
}

/// <summary>One setting of one host.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Key">The setting: <c>uri</c>, <c>peer_uri</c>, <c>migration_address</c>, <c>side_channel.ssh</c> or <c>side_channel.sudo</c>.</param>
/// <param name="Value">The value, as text.</param>
/// <param name="Origin">Where it was written.</param>
public sealed record HostSetting(string Host, string Key, string Value, SettingOrigin Origin);

/// <summary>A setting in force, and those that it overrides.</summary>
/// <param name="Setting">The setting in force.</param>
/// <param name="Overridden">The settings of earlier layers under the same key, the nearest first.</param>
public sealed record EffectiveSetting(HostSetting Setting, IReadOnlyList<HostSetting> Overridden);

/// <summary>A host that the configuration names.</summary>
/// <param name="Address">How it is reached.</param>
/// <param name="Settings">Its settings and where they come from.</param>
public sealed record ConfiguredHost(HostAddress Address, IReadOnlyList<EffectiveSetting> Settings);
