using Libvirt.Xml;
using Orchestrator.Configuration;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Regression.Plans;

/// <summary>Plans as YAML.</summary>
public static class RegressionPlanDocument
{
    private const int MaxLength = 256 * 1024;
    private static readonly TimeSpan HookTimeout = TimeSpan.FromMinutes(2);

    private static readonly string[] Keys =
        ["name", "description", "lab", "source", "destination", "labels", "guests", "scenarios", "comparison", "host_settings", "before", "after"];

    internal static readonly string[] GuestKeys = ["domain", "xml", "lab", "ready", "boot_timeout"];

    internal static readonly string[] LabKeys = ["memory_mib", "vcpus", "dirty_mib_s", "shell"];

    internal static readonly string[] LoadKeys = ["channel", "command", "ssh", "console", "check", "must_finish", "finish_timeout", "lead"];

    private static readonly string[] ScenarioKeys =
    [
        "name", "kind", "guest", "devices", "load", "policy", "mode", "max_downtime", "bandwidth_mib_s", "unsafe", "allow", "repetitions", "warm_ups", "measure_way_back", "timeout", "limits",
        "comparison", "clock_agreement", "before", "after",
    ];

    // What has no meaning where nothing migrates.
    private static readonly string[] MigrationKeys = ["load", "policy", "mode", "max_downtime", "bandwidth_mib_s", "unsafe", "allow", "measure_way_back", "clock_agreement"];

    private static readonly Dictionary<string, ScenarioKind> Kinds = new() { ["migrate"] = ScenarioKind.Migrate, ["lifecycle"] = ScenarioKind.Lifecycle, ["hot-plug"] = ScenarioKind.HotPlug };

    private static readonly Dictionary<string, MigrationMode> Modes = new() { ["auto"] = MigrationMode.Auto, ["p2p"] = MigrationMode.P2P, ["direct"] = MigrationMode.Direct };

    private static readonly Dictionary<string, LoadChannel> Channels = new() { ["agent"] = LoadChannel.Agent, ["ssh"] = LoadChannel.Ssh, ["serial"] = LoadChannel.Serial };

    private static readonly Dictionary<string, GuestReadiness> Readiness = new() { ["auto"] = GuestReadiness.Auto, ["agent"] = GuestReadiness.Agent, ["running"] = GuestReadiness.Running };

    private static readonly Dictionary<string, string> Consents = MigrationConsents.Known.ToDictionary(name => name);

    /// <summary>The word of a kind, as plans and runs write it.</summary>
    /// <param name="kind">The kind.</param>
    public static string WordOf(ScenarioKind kind) => Kinds.First(pair => pair.Value == kind).Key;

    /// <summary>Reads a plan's file, with the files that it names.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConfigurationException">It is no plan; names the key and where it stands.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to read it.</exception>
    public static RegressionPlan Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(File.ReadAllText(path), path, File.ReadAllText);
    }

    /// <summary>Reads a plan. Pure, apart from the files that it names.</summary>
    /// <param name="yaml">Its text.</param>
    /// <param name="file">Its path, for messages; the files that it names are relative to its folder.</param>
    /// <param name="readFile">Reads a file by its full path; throws as <see cref="File.ReadAllText(string)"/> does.</param>
    /// <exception cref="ConfigurationException">It is no plan; names the key and where it stands.</exception>
    public static RegressionPlan Parse(string yaml, string file, Func<string, string> readFile)
    {
        (YamlSection root, NamedFiles files) = Open(yaml, file, readFile, Keys);
        string name = Name(root, "name", "Give the plan a name: its runs are one history.");
        bool usesLab = root.Flag("lab") ?? false;
        (string? from, string? to) = Hosts(root, usesLab);
        Dictionary<string, PlannedGuest> guests = Guests(root, files);
        IReadOnlyList<YamlSection> sections = root.Sections("scenarios", ScenarioKeys) ?? throw root.Missing("scenarios", "Say what to measure: scenarios: [{name: idle, guest: web1}].");
        var scenarios = new List<Scenario>();
        foreach (YamlSection section in sections)
        {
            Scenario scenario = ScenarioOf(section, guests, files);
            scenarios.Add(scenarios.TrueForAll(other => other.Name != scenario.Name) ? scenario : throw section.Wrong("name", $"another scenario is called {scenario.Name} already"));
        }

        return new()
        {
            Name = name,
            Description = root.Text("description"),
            UsesLab = usesLab,
            Source = from,
            Destination = to,
            Labels = (root.Pairs("labels", "a mapping of labels to texts: {build: 2026.11.1}") ?? []).ToDictionary(pair => pair.Name.Text, pair => pair.Text),
            Guests = guests,
            Scenarios = scenarios.Count > 0 ? scenarios : throw root.Wrong("scenarios", "there is nothing to measure"),
            Comparison = ComparisonOf(root.Section("comparison", "significance", "minimum", "minimum_percent")) ?? new(),
            HostSettings = Settings(root),
            Before = HookOf(root, "before"),
            After = HookOf(root, "after"),
        };
    }

    /// <summary>Any plan's keys, and the files that it names.</summary>
    internal static (YamlSection Root, NamedFiles Files) Open(string yaml, string file, Func<string, string> readFile, string[] keys)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        ArgumentNullException.ThrowIfNull(readFile);
        var source = new SettingOrigin(ConfigurationLayer.UserFile, file);
        YamlValue document = YamlReader.Read(yaml, source, "a plan", MaxLength)
            ?? throw new ConfigurationException(source with { Line = 1, Column = 1 }, null, "the file is empty", "samples/plans has plans to begin with.");
        return (new(document, keys), new(Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/", readFile));
    }

    private static (string? From, string? To) Hosts(YamlSection root, bool usesLab)
    {
        (string? from, string? to) = (root.Text("source"), root.Text("destination"));
        return usesLab && (from ?? to) is not null ? throw root.Wrong(from is null ? "destination" : "source", "the plan's hosts are those of its lab", "Leave it out, or lab: true.")
            : from is null && to is not null ? throw root.Missing("source", "Name both hosts, or none: --from and --to name them then.")
            : from is not null && to is null ? throw root.Missing("destination", "Name both hosts, or none: --from and --to name them then.")
            : from is not null && from == to ? throw root.Wrong("destination", "this is the source")
            : (from, to);
    }

    private static Dictionary<string, PlannedGuest> Guests(YamlSection root, NamedFiles files)
    {
        var guests = new Dictionary<string, PlannedGuest>(StringComparer.Ordinal);
        foreach ((YamlScalar name, YamlSection section) in root.Named("guests", "a mapping of names to guests: {web1: {domain: web1}}", [.. GuestKeys, "map"])
            ?? throw root.Missing("guests", "Name the guests: guests: {web1: {domain: web1}}."))
        {
            if (PlanRules.OfName(name.Text) is { } problem)
            {
                throw new ConfigurationException(name.At, $"guests.{name.Text}", problem);
            }

            guests[name.Text] = GuestOf(section, files);
        }

        return guests;
    }

    internal static PlannedGuest GuestOf(YamlSection section, NamedFiles files)
    {
        string[] origins = [.. section.Keys.Where(key => key is "domain" or "xml" or "lab")];
        if (origins.Length != 1)
        {
            throw origins.Length == 0
                ? section.Missing("domain", "Say where the guest comes from: domain, a document (xml) or lab.")
                : section.Wrong(origins[1], $"the guest comes from {origins[0]} already", "Keep one of domain, xml and lab.");
        }

        var guest = new PlannedGuest
        {
            Domain = section.Text("domain"),
            Xml = section.Text("xml") is { } xml ? files.Checked(section, "xml", xml, text => DomainDocument.Parse(text)) : null,
            Lab = LabOf(section.Section("lab", LabKeys)),
            Map = [.. (section.Pairs("map", "a mapping of the source's devices to the destination's: {/dev/vhost-vdpa-0: /dev/vhost-vdpa-3}") ?? []).Select(pair => MappedOf(section, pair.Name.Text, pair.Text))],
            Ready = section.Word("ready", Readiness) ?? GuestReadiness.Auto,
        };
        return guest with { BootTimeout = Span(section, "boot_timeout") ?? guest.BootTimeout };
    }

    private static DeviceMapEntry MappedOf(YamlSection section, string source, string destination)
    {
        try
        {
            DeviceMapEntry entry = DeviceMapEntry.Parse($"{source}={destination}");
            return entry.ManagementDevice is null ? entry : throw section.Wrong("map", $"{destination} would be made for one migration, and there is a way back", "Make the device first, and name it here.");
        }
        catch (FormatException e)
        {
            throw section.Wrong("map", e.Message);
        }
    }

    private static LabGuestSpec? LabOf(YamlSection? section)
    {
        if (section is null)
        {
            return null;
        }

        var spec = new LabGuestSpec();
        return new(
            Within(section, "memory_mib", 80, 65536) ?? spec.MemoryMiB,
            Within(section, "vcpus", 1, 64) ?? spec.Vcpus,
            section.Number("dirty_mib_s") is not { } rate ? spec.DirtyMiBPerSecond : rate <= 100_000 ? rate : throw section.Wrong("dirty_mib_s", "0 to 100000 is wanted here"),
            section.Flag("shell") ?? spec.Shell);
    }

    private static Scenario ScenarioOf(YamlSection section, Dictionary<string, PlannedGuest> guests, NamedFiles files)
    {
        string name = Name(section, "name", "Give the scenario a name.");
        ScenarioKind kind = section.Word("kind", Kinds) ?? ScenarioKind.Migrate;
        if (kind != ScenarioKind.Migrate && section.Keys.FirstOrDefault(MigrationKeys.Contains) is { } other)
        {
            throw section.Wrong(other, $"only a scenario of kind migrate has it, not {WordOf(kind)}");
        }

        string guest = section.Text("guest") ?? throw section.Missing("guest", $"Name one of the plan's guests: {string.Join(", ", guests.Keys)}.");
        if (!guests.ContainsKey(guest))
        {
            throw section.Wrong("guest", $"the plan has no guest {guest}", HostsConfiguration.NearestOf(guest, guests.Keys) is { } meant ? $"Did you mean {meant}?" : $"It has {string.Join(", ", guests.Keys)}.");
        }

        IReadOnlyList<string> devices = [.. (section.Texts("devices") ?? []).Select(device => files.Checked(section, "devices", device, text => DeviceDocument.Parse(text)))];
        if (kind == ScenarioKind.HotPlug && devices.Count == 0)
        {
            throw section.Missing("devices", "Name the documents of the devices that are attached and detached: devices: [nic.xml].");
        }

        var scenario = new Scenario { Name = name, Kind = kind, Guest = guest, Devices = devices };
        TimeSpan? maxDowntime = section.Duration("max_downtime");
        if (maxDowntime is { } limit && (limit < TimeSpan.FromMilliseconds(1) || limit > MigrationRequest.LargestMaxDowntime || limit.Ticks % TimeSpan.TicksPerMillisecond != 0))
        {
            throw section.Wrong("max_downtime", "QEMU takes limits of 1ms to 2000s, in whole milliseconds");
        }

        return scenario with
        {
            Load = LoadOf(section.Section("load", LoadKeys)),
            Policy = PolicyOf(section, files) ?? scenario.Policy,
            Mode = section.Word("mode", Modes) ?? scenario.Mode,
            MaxDowntime = maxDowntime,
            BandwidthMiBps = section.Integer("bandwidth_mib_s") is not { } bandwidth ? null
                : bandwidth is >= 1 and <= long.MaxValue >> 20 ? bandwidth : throw section.Wrong("bandwidth_mib_s", "a whole number of MiB/s from 1 is wanted here"),
            Unsafe = section.Flag("unsafe") ?? false,
            Allow = new HashSet<string>((section.Texts("allow") ?? []).Select(consent => Consents.ContainsKey(consent)
                ? consent : throw section.Wrong("allow", $"there is no consent {consent}", $"There is {string.Join(", ", MigrationConsents.Known)}."))),
            Repetitions = Within(section, "repetitions", 1, 1000) ?? scenario.Repetitions,
            WarmUps = Within(section, "warm_ups", 0, 100) ?? scenario.WarmUps,
            MeasureWayBack = section.Flag("measure_way_back") ?? scenario.MeasureWayBack,
            Timeout = Span(section, "timeout") ?? scenario.Timeout,
            Limits = LimitsOf(section.Section("limits", "each", "median", "p95", "max")),
            Comparison = ComparisonOf(section.Section("comparison", "significance", "minimum", "minimum_percent")),
            ClockAgreement = Span(section, "clock_agreement"),
            Before = HookOf(section, "before"),
            After = HookOf(section, "after"),
        };
    }

    private static MigrationPolicy? PolicyOf(YamlSection section, NamedFiles files)
    {
        if (section.IsMapping("policy"))
        {
            return PolicyDocument.Read(section, "policy");
        }

        if (section.Text("policy") is not { } name)
        {
            return null;
        }

        if (MigrationPolicy.Find(name) is { } builtIn)
        {
            return builtIn;
        }

        MigrationPolicy? read = null;
        files.Checked(
            section, "policy", name, text => read = PolicyDocument.Parse(text, files.PathOf(name)),
            $"Policies are {string.Join(", ", MigrationPolicy.BuiltIn.Select(policy => policy.Name))}, a file beside the plan, or a policy written here.");
        return read;
    }

    internal static GuestLoad? LoadOf(YamlSection? section)
    {
        if (section is null)
        {
            return null;
        }

        LoadChannel channel = section.Word("channel", Channels) ?? throw section.Missing("channel", "Say how to get into the guest: channel: agent, ssh or serial.");
        string? ssh = section.Text("ssh");
        if (channel == LoadChannel.Ssh && ssh is null)
        {
            throw section.Missing("ssh", "Say where the guest is reached: ssh: root@guest.");
        }

        if (ssh is not null && (channel != LoadChannel.Ssh || HostSettingRules.OfSshTarget(ssh) is not null))
        {
            throw section.Wrong("ssh", channel != LoadChannel.Ssh ? "only channel ssh has it" : HostSettingRules.OfSshTarget(ssh)!);
        }

        string? console = section.Text("console");
        if (console is not null && (channel != LoadChannel.Serial || PlanRules.OfAlias(console) is not null))
        {
            throw section.Wrong("console", channel != LoadChannel.Serial ? "only channel serial has it" : PlanRules.OfAlias(console)!);
        }

        foreach (string key in new[] { "command", "check" })
        {
            if (channel == LoadChannel.Serial && section.Keys.Contains(key) && CommandOf(section, key).Any(word => word.Any(char.IsControl)))
            {
                throw section.Wrong(key, "what is typed on a console has no control characters", "Put it into a script in the guest.");
            }
        }

        var load = new GuestLoad { Channel = channel, Command = CommandOf(section, "command"), Ssh = ssh, Console = console };
        return load with
        {
            Check = section.Keys.Contains("check") ? CommandOf(section, "check") : null,
            MustFinish = section.Flag("must_finish") ?? false,
            FinishTimeout = Span(section, "finish_timeout") ?? load.FinishTimeout,
            Lead = section.Duration("lead") ?? load.Lead,
        };
    }

    private static ScenarioLimits LimitsOf(YamlSection? section) => section is null ? new() : new()
    {
        EachMs = Span(section, "each")?.TotalMilliseconds,
        MedianMs = Span(section, "median")?.TotalMilliseconds,
        P95Ms = Span(section, "p95")?.TotalMilliseconds,
        MaxMs = Span(section, "max")?.TotalMilliseconds,
    };

    private static ComparisonRule? ComparisonOf(YamlSection? section)
    {
        if (section is null)
        {
            return null;
        }

        var rule = new ComparisonRule();
        return new()
        {
            Significance = section.Number("significance") is not { } significance ? rule.Significance
                : significance is > 0 and <= 0.5 ? significance : throw section.Wrong("significance", "a probability above 0 and at most 0.5 is wanted here, such as 0.01"),
            MinimumMs = section.Duration("minimum")?.TotalMilliseconds ?? rule.MinimumMs,
            MinimumPercent = section.Number("minimum_percent") ?? rule.MinimumPercent,
        };
    }

    private static Dictionary<string, string> Settings(YamlSection root)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((YamlScalar name, string text) in root.Pairs("host_settings", "a mapping of sysctl's names to values: {kernel.printk: \"4 4 1 7\"}") ?? [])
        {
            settings[name.Text] = PlanRules.OfSetting(name.Text, text) is not { } problem ? text : throw new ConfigurationException(name.At, $"host_settings.{name.Text}", problem);
        }

        return settings;
    }

    private static Hook? HookOf(YamlSection parent, string key) =>
        parent.Section(key, "command", "timeout") is { } section ? new(CommandOf(section, "command"), Span(section, "timeout") ?? HookTimeout) : null;

    private static IReadOnlyList<string> CommandOf(YamlSection section, string key)
    {
        IReadOnlyList<string> command = section.Texts(key) ?? throw section.Missing(key, $"A program and its arguments: {key}: [/usr/local/bin/prepare, --fast].");
        return command.Count > 0 && command[0].Length > 0 ? command : throw section.Wrong(key, "a program is wanted here", $"A program and its arguments: {key}: [/usr/local/bin/prepare, --fast].");
    }

    internal static string Name(YamlSection section, string key, string remedy)
    {
        string name = section.Text(key) ?? throw section.Missing(key, remedy);
        return PlanRules.OfName(name) is { } problem ? throw section.Wrong(key, problem) : name;
    }

    internal static int? Within(YamlSection section, string key, int least, int most) => section.SmallInteger(key) is not { } number ? null
        : number >= least && number <= most ? number
        : throw section.Wrong(key, $"{least} to {most} is wanted here");

    /// <summary>A duration of some length.</summary>
    internal static TimeSpan? Span(YamlSection section, string key) => section.Duration(key) is not { } span ? null
        : span > TimeSpan.Zero ? span
        : throw section.Wrong(key, "a duration above 0 is wanted here, such as 100ms");

    /// <summary>The files that a plan names.</summary>
    internal sealed class NamedFiles(string folder, Func<string, string> read)
    {
        internal string PathOf(string name) => Path.GetFullPath(name, folder);

        /// <summary>The full path of a file that can be read as what it has to be.</summary>
        internal string Checked(YamlSection section, string key, string name, Action<string> parse, string? remedy = null)
        {
            string path = PathOf(name);
            try
            {
                parse(read(path));
                return path;
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                throw section.Wrong(key, $"{name}: there is no file {path}", remedy ?? "Paths are relative to the plan's folder.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DomainDocumentException)
            {
                throw section.Wrong(key, $"{name}: {e.Message}");
            }
        }
    }
}
