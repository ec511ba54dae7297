using Orchestrator.Hosts;

namespace Orchestrator.Configuration;

/// <summary>The hosts that have names: what the machine's file, the user's file and the variables say together.</summary>
public sealed class HostsConfiguration
{
    private HostsConfiguration(IReadOnlyList<ConfiguredHost> hosts, IReadOnlyList<SettingOrigin> sources)
    {
        Hosts = hosts;
        Sources = sources;
    }

    /// <summary>The hosts, by name.</summary>
    public IReadOnlyList<ConfiguredHost> Hosts { get; }

    /// <summary>The sources that were there, the weakest first.</summary>
    public IReadOnlyList<SettingOrigin> Sources { get; }

    /// <summary>Reads and merges the configuration. Sources that are not there are no error, unless they were named.</summary>
    /// <param name="sources">Where from.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong; says where.</exception>
    public static HostsConfiguration Load(ConfigurationSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        List<(SettingOrigin Source, string? Text)> present = [.. sources.Read().Where(document => document.Text is not null)];
        return new(
            Merge(present.SelectMany(document => HostsDocument.Read(document.Text!, document.Source))),
            [.. present.Select(document => document.Source)]);
    }

    /// <summary>The address of a host; <see langword="null"/> when the configuration does not name it.</summary>
    /// <param name="name">Its name; case matters.</param>
    public HostAddress? Find(string name) => Hosts.FirstOrDefault(host => host.Address.Name == name)?.Address;

    /// <summary>The name of the host that was probably meant by a name that no host has; <see langword="null"/> when none is near.</summary>
    /// <param name="name">What was typed.</param>
    public string? Nearest(string name) => NearestOf(name, Hosts.Select(host => host.Address.Name));

    /// <summary>Merges the settings of all layers, the weakest first: a later one overrides the same setting of the same host.</summary>
    /// <exception cref="ConfigurationException">A host lacks what it needs.</exception>
    internal static IReadOnlyList<ConfiguredHost> Merge(IEnumerable<HostSetting> settings) =>
    [
        .. settings.GroupBy(setting => setting.Host, StringComparer.Ordinal).OrderBy(host => host.Key, StringComparer.Ordinal)
            .Select(host => HostOf(host.Key, [.. host.GroupBy(setting => setting.Key).Select(same => new EffectiveSetting(same.Last(), [.. same.SkipLast(1).Reverse()]))])),
    ];

    /// <summary>The word that was probably meant: the nearest, when few letters differ.</summary>
    internal static string? NearestOf(string typed, IEnumerable<string> known) => typed.Length > 64 ? null : known
        .Select(word => (Word: word, Distance: Distance(typed.ToUpperInvariant(), word.ToUpperInvariant())))
        .Where(candidate => candidate.Distance <= Math.Max(1, Math.Min(typed.Length, candidate.Word.Length) / 3))
        .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Word, StringComparer.Ordinal)
        .Select(candidate => candidate.Word).FirstOrDefault();

    private static ConfiguredHost HostOf(string name, IReadOnlyList<EffectiveSetting> settings)
    {
        HostSetting first = settings[0].Setting;
        string uri = Value("uri") ?? throw new ConfigurationException(first.Origin, $"hosts.{name}", "no source gives the host a uri", "Give it one, such as qemu+ssh://root@node1/system.");
        bool sudo = Value("side_channel.sudo") == "true";
        string? ssh = Value("side_channel.ssh");
        if (ssh is null && settings.FirstOrDefault(setting => setting.Setting.Key.StartsWith("side_channel.", StringComparison.Ordinal)) is { } alone)
        {
            throw new ConfigurationException(
                alone.Setting.Origin, $"hosts.{name}.side_channel", $"{alone.Setting.Key.Split('.')[1]} without ssh: no source says how the host is reached", "Add ssh: user@host.");
        }

        var address = new HostAddress(name, uri)
        {
            PeerUri = Value("peer_uri"),
            MigrationAddress = Value("migration_address"),
            SideChannel = ssh is null ? null : new(ssh, sudo) { SshConfig = Value("side_channel.ssh_config") },
        };
        return new(address, settings);

        string? Value(string key) => settings.FirstOrDefault(setting => setting.Setting.Key == key)?.Setting.Value;
    }

    // Letters to insert, remove or replace, or neighbours to swap.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                int least = Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                rows[i, j] = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] ? Math.Min(least, rows[i - 2, j - 2] + 1) : least;
            }
        }

        return rows[a.Length, b.Length];
    }
}
