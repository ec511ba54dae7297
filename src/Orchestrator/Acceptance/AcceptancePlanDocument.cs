using Libvirt.Xml;
using Orchestrator.Configuration;
using Orchestrator.Devices;
using Orchestrator.Regression.Plans;
using static Orchestrator.Regression.Plans.RegressionPlanDocument;

namespace Orchestrator.Acceptance;

/// <summary>Acceptance plans as YAML.</summary>
public static class AcceptancePlanDocument
{
    private const int MostDevices = 3;

    private static readonly string[] Keys = ["name", "description", "report", "guest", "management_devices", "kinds", "devices", "cases"];

    private static readonly string[] EntryKeys = ["case", "id", "kinds", "devices", "load", "repetitions", "limit", "max_downtime", "unsafe", "timeout"];

    // What each key of a case is taken as; the others are for all.
    private static readonly Dictionary<string, CaseKeys> Taken = new()
    {
        ["load"] = CaseKeys.Load,
        ["repetitions"] = CaseKeys.Repetitions,
        ["limit"] = CaseKeys.Limit,
        ["max_downtime"] = CaseKeys.Migration,
        ["unsafe"] = CaseKeys.Migration,
    };

    /// <summary>Reads a plan's file, with the files that it names.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConfigurationException">It is no plan; names the key and where it stands.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to read it.</exception>
    public static AcceptancePlan Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(File.ReadAllText(path), path, File.ReadAllText);
    }

    /// <summary>Reads a plan. Pure, apart from the files that it names.</summary>
    /// <param name="yaml">Its text.</param>
    /// <param name="file">Its path, for messages; the files that it names are relative to its folder.</param>
    /// <param name="readFile">Reads a file by its full path; throws as <see cref="File.ReadAllText(string)"/> does.</param>
    /// <exception cref="ConfigurationException">It is no plan; names the key and where it stands.</exception>
    public static AcceptancePlan Parse(string yaml, string file, Func<string, string> readFile)
    {
        (YamlSection root, NamedFiles files) = Open(yaml, file, readFile, Keys);
        string name = Name(root, "name", "Give the plan a name.");
        (PlannedGuest guest, string? xml) = GuestOfPlan(root, files, readFile);
        YamlSection? management = root.Section("management_devices", "net", "blk");
        IReadOnlyList<CaseDeviceKind> kinds = root.Words("kinds", CaseDeviceKinds.Words) ?? [CaseDeviceKind.Rng];
        IReadOnlyList<int> devices = Counts(root) ?? [1];
        var cases = new List<PlannedCase>();
        foreach (YamlSection section in root.Sections("cases", EntryKeys) ?? throw root.Missing("cases", "Say what to run: cases: [{case: lifecycle-define}]; docs/acceptance.md has them all."))
        {
            foreach (PlannedCase planned in CasesOf(section, kinds, devices))
            {
                cases.Add(cases.TrueForAll(other => other.Id != planned.Id) ? planned
                    : throw section.Wrong(section.Keys.Contains("id") ? "id" : "case", $"another case is called {planned.Id} already", "Give it an id of its own: id."));
            }
        }

        return new()
        {
            Name = name,
            Description = root.Text("description"),
            Texts = TextsOf(root.Section("report", "feature", "overview", "version", "constraints")),
            Guest = guest,
            GuestXml = xml,
            NetManagementDevices = management?.OneOrMore("net") ?? [],
            BlkManagementDevices = management?.OneOrMore("blk") ?? [],
            Cases = cases.Count > 0 ? cases : throw root.Wrong("cases", "there is nothing to run"),
        };
    }

    private static (PlannedGuest Guest, string? Xml) GuestOfPlan(YamlSection root, NamedFiles files, Func<string, string> readFile)
    {
        YamlSection section = root.Section("guest", GuestKeys) ?? throw root.Missing("guest", "Say what the cases' guests are copies of: guest: {xml: guest.xml} or {lab: {memory_mib: 128}}.");
        PlannedGuest guest = GuestOf(section, files);
        if (guest.Domain is not null)
        {
            throw section.Wrong("domain", "cases make their guests, and touch none that is there", "Give a document (xml), or lab.");
        }

        if (section.Section("lab", LabKeys) is { } lab && lab.Keys.Contains("dirty_mib_s"))
        {
            throw lab.Wrong("dirty_mib_s", "the guests of an acceptance dirty no memory by themselves", "Give the cases a load: load: {channel: serial, command: [...]}.");
        }

        if (guest.Xml is null)
        {
            return (guest, null);
        }

        string xml = readFile(guest.Xml);
        return DomainDocument.Parse(xml).HostDeviceKinds.Concat(DomainResources.Of(xml)).FirstOrDefault() is { } device
            ? throw section.Wrong("xml", $"the document has a device of its host ({device}), which all copies of it would want", "Leave it out: each case adds the devices that it is about.")
            : (guest, xml);
    }

    private static AcceptanceTexts TextsOf(YamlSection? section) => section is null ? new() : new()
    {
        Feature = section.Text("feature"),
        Overview = section.Text("overview"),
        Version = section.Text("version"),
        Constraints = section.Texts("constraints") ?? [],
    };

    /// <summary>The cases that an entry stands for: one for each kind and number of devices.</summary>
    private static IEnumerable<PlannedCase> CasesOf(YamlSection section, IReadOnlyList<CaseDeviceKind> kinds, IReadOnlyList<int> devices)
    {
        string id = section.Text("case") ?? throw section.Missing("case", "Name a case: docs/acceptance.md has them all.");
        AcceptanceCase found = AcceptanceCatalogue.Find(id) ?? throw section.Wrong(
            "case", $"there is no case {id}", HostsConfiguration.NearestOf(id, AcceptanceCatalogue.Cases.Select(known => known.Id)) is { } meant ? $"Did you mean {meant}?" : "docs/acceptance.md has them all.");
        if (found.NeedsLimit && !section.Keys.Contains("limit"))
        {
            throw section.Missing("limit", "Say what no downtime may exceed: limit: 1s.");
        }

        if (section.Keys.FirstOrDefault(key => Taken.TryGetValue(key, out CaseKeys taken) && !found.Takes.HasFlag(taken)) is { } ignored)
        {
            throw section.Wrong(ignored, $"{id} makes no use of this", "Leave it out.");
        }

        kinds = section.Words("kinds", CaseDeviceKinds.Words) ?? kinds;
        IReadOnlyList<int>? given = Counts(section);
        devices = given ?? devices;
        if (found.FixedDevices is { } number)
        {
            devices = given?.Any(count => count != number) == true ? throw section.Wrong("devices", $"{id} has {number}, whatever a plan says", "Leave it out.")
                : number == 0 && section.Keys.Contains("kinds") ? throw section.Wrong("kinds", $"{id} has no devices", "Leave it out.")
                : [number];
        }

        string name = section.Text("id") is null ? id : Name(section, "id", "");
        foreach ((CaseDeviceKind kind, int count) in kinds.SelectMany(kind => devices.Select(count => (kind, count))).DistinctBy(pair => pair.count == 0 ? (default, 0) : pair))
        {
            if (count == 0 && found.NeedsDevices)
            {
                throw Where("devices", $"{id} is about devices: 1 to {MostDevices}");
            }

            if (count > 0 && found.Kinds.Count > 0 && !found.Kinds.Contains(kind))
            {
                throw Where("kinds", $"{id} is about {string.Join(", ", found.Kinds.Select(CaseDeviceKinds.WordOf))}, not {CaseDeviceKinds.WordOf(kind)}");
            }

            var planned = new PlannedCase { Id = count == 0 ? name : FormattableString.Invariant($"{name}.{CaseDeviceKinds.WordOf(kind)}{count}"), Case = found, Kind = kind, Devices = count };
            yield return planned with
            {
                Load = LoadOf(section.Section("load", LoadKeys)),
                Repetitions = Within(section, "repetitions", 1, 1000) ?? planned.Repetitions,
                Limit = Span(section, "limit"),
                MaxDowntime = Span(section, "max_downtime"),
                Unsafe = section.Flag("unsafe") ?? false,
                Timeout = Span(section, "timeout") ?? planned.Timeout,
            };
        }

        ConfigurationException Where(string key, string problem) => section.Keys.Contains(key) ? section.Wrong(key, problem) : section.Missing(key, problem);
    }

    private static List<int>? Counts(YamlSection section) => section.Texts("devices")?.Select(text =>
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int count) && count <= MostDevices
            ? count : throw section.Wrong("devices", $"numbers from 0 to {MostDevices} are wanted here, such as [1, 2, 3]")).ToList();
}
