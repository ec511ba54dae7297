namespace Orchestrator.Configuration;

/// <summary>Reads hosts.yaml. Pure.</summary>
internal static class HostsDocument
{
    /// <summary>The longest document, in bytes of UTF-8.</summary>
    internal const int MaxLength = 256 * 1024;

    private static readonly string[] HostKeys = ["uri", "peer_uri", "migration_address", "side_channel"];

    /// <summary>The settings of a document, in its order.</summary>
    /// <param name="text">The document: a mapping <c>hosts</c> in a file; in the variable, what stands under it.</param>
    /// <param name="source">What it was read from.</param>
    /// <exception cref="ConfigurationException">It is no such document; says where.</exception>
    internal static IReadOnlyList<HostSetting> Read(string text, SettingOrigin source)
    {
        bool isVariable = source.Layer == ConfigurationLayer.Variable;
        if (YamlReader.Read(text, source, "hosts.yaml", MaxLength, isVariable ? "hosts" : "") is not { } root)
        {
            return []; // nothing, or comments alone
        }

        IEnumerable<(YamlScalar Name, YamlSection Host)>? hosts = isVariable
            ? YamlSection.Named(root, "hosts", "a mapping of hosts: {node1: {uri: qemu+ssh://root@node1/system}}", HostKeys)
            : new YamlSection(root, "hosts").Named("hosts", "a mapping of names to hosts ({} for none)", HostKeys);
        return [.. (hosts ?? []).SelectMany(pair => HostOf(pair.Name, pair.Host))];
    }

    private static List<HostSetting> HostOf(YamlScalar name, YamlSection host)
    {
        if (HostSettingRules.OfName(name.Text) is { } problem)
        {
            throw new ConfigurationException(name.At, $"hosts.{name.Text}", problem);
        }

        var settings = new List<HostSetting>();
        foreach (string key in host.Keys)
        {
            switch (key)
            {
                case "side_channel":
                    YamlSection channel = host.Section(key, "ssh", "ssh_config", "sudo")!;
                    foreach (string inner in channel.Keys)
                    {
                        string value = inner switch
                        {
                            "ssh" => Checked(channel, inner, HostSettingRules.OfSshTarget),
                            "ssh_config" => Checked(channel, inner, HostSettingRules.OfSshConfig),
                            _ => channel.Flag(inner) == true ? "true" : "false",
                        };
                        settings.Add(new(name.Text, $"{key}.{inner}", value, channel.PlaceOf(inner)));
                    }

                    break;
                default:
                    settings.Add(new(name.Text, key, Checked(host, key, key == "migration_address" ? HostSettingRules.OfAddress : HostSettingRules.OfUri), host.PlaceOf(key)));
                    break;
            }
        }

        return settings.Count > 0 ? settings
            : throw new ConfigurationException(name.At, $"hosts.{name.Text}", "the host has no settings", "Give it a uri, such as qemu+ssh://root@node1/system.");
    }

    private static string Checked(YamlSection section, string key, Func<string, string?> problemOf)
    {
        string text = section.Text(key)!;
        return problemOf(text) is { } problem
            ? throw section.Wrong(key, problem, problem.Contains("password", StringComparison.Ordinal) ? HostSettingRules.NoPasswords : null)
            : text;
    }
}
