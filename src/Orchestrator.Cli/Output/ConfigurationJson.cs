using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Configuration;
using Orchestrator.Hosts;

namespace Orchestrator.Cli;

/// <summary>What <c>config show --json</c> prints.</summary>
/// <param name="Sources">The files and variables that were there, the weakest first.</param>
/// <param name="Hosts">The hosts, by name.</param>
internal sealed record ConfigurationDocument(IReadOnlyList<ConfigurationDocument.Source> Sources, IReadOnlyList<ConfigurationDocument.Host> Hosts)
{
    internal static ConfigurationDocument From(HostsConfiguration configuration, bool withOrigin) => new(
        [.. configuration.Sources.Select(source => new Source(ErrorDocument.CodeOf(source.Layer), source.Source))],
        [.. configuration.Hosts.Select(host => HostOf(host.Address, withOrigin ? [.. host.Settings.Select(SettingOf)] : null))]);

    private static Host HostOf(HostAddress address, IReadOnlyList<Setting>? settings) => new(
        address.Name, address.Uri, address.PeerUri, address.MigrationAddress, address.SideChannel is { } channel ? new(channel.Ssh, channel.SshConfig, channel.Sudo) : null, settings);

    private static Setting SettingOf(EffectiveSetting setting) =>
        new(setting.Setting.Key, setting.Setting.Value, OriginOf(setting.Setting), [.. setting.Overridden.Select(other => new Overridden(other.Value, OriginOf(other)))]);

    private static Origin OriginOf(HostSetting setting) =>
        new(ErrorDocument.CodeOf(setting.Origin.Layer), setting.Origin.Source, setting.Origin.Line, setting.Origin.Column);

    internal sealed record Source(string Layer, string Name);

    internal sealed record Host(string Name, string Uri, string? PeerUri, string? MigrationAddress, Channel? SideChannel, IReadOnlyList<Setting>? Settings);

    internal sealed record Channel(string Ssh, string? SshConfig, bool Sudo);

    internal sealed record Setting(string Key, string Value, Origin From, IReadOnlyList<Overridden> Overrides);

    internal sealed record Overridden(string Value, Origin From);

    internal sealed record Origin(string Layer, string Source, int Line, int Column);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ConfigurationDocument))]
internal sealed partial class ConfigurationJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs stay readable.</summary>
    internal static ConfigurationJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
