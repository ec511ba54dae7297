using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Configuration;
using Orchestrator.Migration.Policies;
using Tests.Shared;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Orchestrator.Tests.Migration.Policies;

public sealed class PolicyDocumentTests
{
    private const string Least = "name: a\nmax_downtime: {initial: 50ms}\ncompletion_timeout: {after: 60s}\n";

    internal static string Root => Path.GetFullPath(Path.Combine(
        typeof(PolicyDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ProjectFolder").Value!, "..", ".."));

    private static IEnumerable<string> Samples => Directory.EnumerateFiles(Path.Combine(Root, "samples", "policies"), "*.yaml").Select(Path.GetFileNameWithoutExtension)!;

    [Test]
    public void Every_built_in_policy_has_a_sample() => Assert.That(Samples, Is.SupersetOf(MigrationPolicy.BuiltIn.Select(policy => policy.Name)));

    [TestCaseSource(nameof(Samples))]
    public void A_sample_is_valid_by_its_schema_and_by_us_and_is_the_built_in_policy(string name)
    {
        string text = Sample(name);
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        Assert.That(JsonSchema.Load("policy.schema.json").Problems(Json(stream.Documents[0].RootNode)), Is.Empty);

        MigrationPolicy read = PolicyDocument.Parse(text, name);
        Assert.That(read.Name, Is.EqualTo(name));
        Assert.That(read, Is.EqualTo(MigrationPolicy.Find(name) ?? AllOptions));
    }

    [TestCaseSource(nameof(Samples))]
    public void The_journals_JSON_gives_the_policy_back(string name)
    {
        MigrationPolicy policy = PolicyDocument.Parse(Sample(name), name);
        Assert.That(PolicyDocument.FromJson(PolicyDocument.ToJson(policy)), Is.EqualTo(policy));
    }

    [Test]
    public void JSON_of_a_policy_that_contradicts_itself_is_refused() => Assert.That(
        () => PolicyDocument.FromJson(PolicyDocument.ToJson(MigrationPolicy.Fixed with { MaxDowntime = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)) })),
        Throws.TypeOf<JsonException>().With.Message.EqualTo("max_downtime.initial: the first limit is above the ceiling of 1s"));

    [Test]
    public void What_may_be_left_out_has_a_default() => Assert.That(PolicyDocument.Parse(Least, null), Is.EqualTo(new MigrationPolicy
    {
        Name = "a",
        MaxDowntime = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50)),
        Completion = new(new(TimeSpan.FromMinutes(1)), PolicyMeasures.GiveUp),
    }));

    [Test]
    public void Post_copy_is_begun_with_where_something_names_it() => Assert.That(
        PolicyDocument.Parse("name: a\nmax_downtime: {initial: 50ms}\ncompletion_timeout: {after: 60s, then: [post-copy, give-up]}", null).PostCopy, Is.True);

    [TestCase("", "p.yaml:1:1: the file is empty")]
    [TestCase("[a]", "p.yaml:1:1: a mapping with name, description, max_downtime, stall, progress_timeout, completion_timeout, auto_converge, post_copy, options is wanted here, not a list")]
    [TestCase("name: a\nmax_downtime: {initial: 50ms}", "p.yaml:1:1: completion_timeout: this is missing")]
    [TestCase("max_downtime: {initial: 50ms}\ncompletion_timeout: {after: 1s}", "p.yaml:1:1: name: this is missing")]
    [TestCase(Least + "stal: {}", "p.yaml:4:1: stal: there is no such setting")]
    [TestCase(Least + "stall:\n  windw: 10s", "p.yaml:5:3: stall.windw: there is no such setting")]
    [TestCase(Least + "stall: {window: 10s}", "p.yaml:4:8: stall.then: this is missing")]
    [TestCase(Least + "stall: {window: 10, then: [give-up]}", "p.yaml:4:17: stall.window: a duration with its unit is wanted here")]
    [TestCase(Least + "stall: {window: 10s/GiB, then: [give-up]}", "p.yaml:4:17: stall.window: a duration is wanted here that is the same for every guest, such as 100ms")]
    [TestCase(Least + "stall: {window: 0s, then: [give-up]}", "p.yaml:4:17: stall.window: a window of some length is wanted here, such as 10s")]
    [TestCase(Least + "stall: {window: 10s, then: give-up}", "p.yaml:4:28: stall.then: a list is wanted here, such as [a, b]")]
    [TestCase(Least + "stall: {window: 10s, then: [pause]}", "p.yaml:4:29: stall.then: one of raise, post-copy, give-up is wanted here")]
    [TestCase(Least + "stall: {window: 10s, then: [give-up, raise]}", "p.yaml:4:28: stall.then: the order is raise, post-copy, give-up, each at most once")]
    [TestCase(Least + "stall: {window: 10s, then: []}", "p.yaml:4:28: stall.then: it says nothing to do")]
    [TestCase(Least + "stall: {window: 10s, then: [raise]}", "p.yaml:4:28: stall.then: there is nothing to raise: the limit begins at its ceiling")]
    [TestCase(Least + "stall: {window: 10s, then: [give-up], headroom: 0.5}", "p.yaml:4:49: stall.headroom: 1 to 10 is wanted here")]
    [TestCase(Least + "stall: {window: 10s, then: [give-up], margin: no}", "p.yaml:4:47: stall.margin: a number is wanted here, such as 0.5")]
    [TestCase(Least + "progress_timeout: {then: [give-up]}", "p.yaml:4:19: progress_timeout.after: this is missing")]
    [TestCase(Least + "progress_timeout: {after: 5s, then: [raise]}", "p.yaml:4:37: progress_timeout.then: only a stall raises the limit")]
    [TestCase(Least + "progress_timeout: {after: 5s, then: [post-copy]}\npost_copy: false", "p.yaml:4:37: progress_timeout.then: it names post-copy, which the policy is not begun with")]
    [TestCase(Least + "auto_converge: yes", "p.yaml:4:16: auto_converge: true or false is wanted here")]
    [TestCase(Least + "auto_converge: \"true\"", "p.yaml:4:16: auto_converge: true or false is wanted here")]
    [TestCase(Least + "name: b", "p.yaml:4:1: name: this stands here twice")]
    [TestCase(Least + "description: &a text", "p.yaml:4:14: description: a policy knows no anchors and aliases; write the value itself")]
    [TestCase(Least + "description: !!str text", "p.yaml:4:14: description: a policy knows no tags")]
    [TestCase(Least + "---\nname: b", "p.yaml:4:1: a second document begins here; a policy is one")]
    [TestCase("name: a b\nmax_downtime: {initial: 50ms}\ncompletion_timeout: {after: 1s}", "p.yaml:1:7: name: a name has 1 to 64 letters, digits, dots, dashes and underscores")]
    [TestCase("name: a\nmax_downtime: {initial: 2s, ceiling: 1s}\ncompletion_timeout: {after: 1s}", "p.yaml:2:25: max_downtime.initial: the first limit is above the ceiling of 1s")]
    [TestCase("name: a\nmax_downtime: {ceiling: 1h}\ncompletion_timeout: {after: 1s}", "p.yaml:2:25: max_downtime.ceiling: QEMU takes limits of 1ms to 2000s, in whole milliseconds")]
    [TestCase("name: a\nmax_downtime: {ceiling: 0.5ms}\ncompletion_timeout: {after: 1s}", "p.yaml:2:25: max_downtime.ceiling: QEMU takes limits of 1ms to 2000s, in whole milliseconds")]
    [TestCase("name: a\nmax_downtime: {initial: 1s, ceiling: 2s}\ncompletion_timeout: {after: 1s}", "p.yaml:2:38: max_downtime.ceiling: nothing raises the limit to it")]
    [TestCase("name: a\nmax_downtime: {initial: 1s, ceiling: 2s, steps: {count: 2, every: 1s}}\ncompletion_timeout: {after: 1s}", "p.yaml:2:25: max_downtime.initial: the steps begin with ceiling / count")]
    [TestCase("name: a\nmax_downtime: {ceiling: 2s, steps: {count: 0, every: 1s}}\ncompletion_timeout: {after: 1s}", "p.yaml:2:44: max_downtime.steps.count: 1 to 1000 is wanted here")]
    [TestCase("name: a\nmax_downtime: {ceiling: 2s, steps: {count: 2.5, every: 1s}}\ncompletion_timeout: {after: 1s}", "p.yaml:2:44: max_downtime.steps.count: a whole number is wanted here")]
    [TestCase("name: a\nmax_downtime: {ceiling: 2s, steps: {count: 2, every: 1s}}\nstall: {window: 1s, then: [raise]}\ncompletion_timeout: {after: 1s}", "p.yaml:2:36: max_downtime.steps: the limit is raised by stall.then already")]
    [TestCase("name: a\nmax_downtime: {}\ncompletion_timeout: {after: 1s}", "p.yaml:2:15: max_downtime.ceiling: this is missing")]
    [TestCase("name: a\nmax_downtime: {initial: 50ms}\ncompletion_timeout: {after: 0s}", "p.yaml:3:29: completion_timeout.after: a time of some length is wanted here, such as 800s/GiB")]
    [TestCase("name: a\nmax_downtime: {initial: 50ms}\ncompletion_timeout: {after: 1s, then: [post-copy]}", "p.yaml:3:39: completion_timeout.then: post-copy is not always possible, and a migration has to end")]
    [TestCase(Least + "options: {parallel_connections: 0}", "p.yaml:4:33: options.parallel_connections: 1 to 255 is wanted here")]
    [TestCase(Least + "options: {bandwidth_mib_s: 99999999999999}", "p.yaml:4:28: options.bandwidth_mib_s: 1 to 8796093022207 is wanted here")]
    [TestCase(Least + "options: {compression: {methods: [gzip]}}", "p.yaml:4:35: options.compression.methods: one of mt, xbzrle, zlib, zstd is wanted here")]
    [TestCase(Least + "options: {compression: {methods: []}}", "p.yaml:4:34: options.compression.methods: no method is named")]
    [TestCase(Least + "options: {compression: {methods: [zstd]}}", "p.yaml:4:34: options.compression.methods: zlib and zstd compress parallel connections, and there are none")]
    [TestCase(Least + "options: {parallel_connections: 2, compression: {methods: [zlib, zstd]}}", "p.yaml:4:59: options.compression.methods: zlib and zstd exclude each other")]
    [TestCase(Least + "options: {parallel_connections: 2, compression: {methods: [xbzrle]}}", "p.yaml:4:59: options.compression.methods: mt and xbzrle do not go together with parallel connections")]
    [TestCase(Least + "options: {compression: {methods: [xbzrle], zstd_level: 3}}", "p.yaml:4:56: options.compression.zstd_level: it belongs to a method that is not named")]
    [TestCase(Least + "options: {compression: {methods: [mt]}}\npost_copy: true", "p.yaml:4:34: options.compression.methods: QEMU refuses mt together with post-copy")]
    [TestCase(Least + "options: {parallel_connections: 2}\npost_copy: true", "p.yaml:4:33: options.parallel_connections: QEMU before 10.1 refuses parallel connections together with post-copy")]
    [TestCase(Least + "options: {post_copy_bandwidth_mib_s: 2}", "p.yaml:4:38: options.post_copy_bandwidth_mib_s: the policy is not begun with post-copy")]
    [TestCase(Least + "options: {tls: {destination: node2}}", "p.yaml:4:30: options.tls.destination: without TLS no certificate is looked at")]
    [TestCase(Least + "options: {storage: {disks: [vda]}}", "p.yaml:4:28: options.storage.disks: no storage is copied")]
    [TestCase(Least + "options: {storage: {copy: all, disks: [vda, vda]}}", "p.yaml:4:39: options.storage.disks: a disk is named twice")]
    [TestCase(Least + "options: {storage: {copy: all, disks: [/dev/sda]}}", "p.yaml:4:39: options.storage.disks: \"/dev/sda\" is no target of a disk, such as vda")]
    [TestCase(Least + "options: {auto_converge: {initial: 20}}", "p.yaml:4:26: options.auto_converge: the policy is not begun with auto-converge")]
    [TestCase(Least + "auto_converge: true\noptions: {auto_converge: {initial: 100}}", "p.yaml:5:36: options.auto_converge.initial: 1 to 99 is wanted here")]
    [TestCase(Least + "options: {auto_converge: true}", "p.yaml:4:26: options.auto_converge: a mapping with initial, increment is wanted here, not a single value")]
    public void What_is_wrong_is_named_with_its_place(string text, string message) => Assert.That(
        () => PolicyDocument.Parse(text, "p.yaml"), Throws.TypeOf<ConfigurationException>().With.Message.EqualTo(message));

    [TestCase(Least + "stall:\n  windw: 10s", "Did you mean window?")]
    [TestCase(Least + "options: {tls: {key: 1}}", "There is enabled, destination.")]
    [TestCase(Least + "stall: {window: 10, then: [give-up]}", "Units are ms, s, m, h.")]
    [TestCase(Least + "progress_timeout: {after: 10}", "Units are ms, s, m, h; for each GiB of memory: 75s/GiB.")]
    public void A_remedy_says_what_to_write(string text, string remedy) => Assert.That(
        () => PolicyDocument.Parse(text, "p.yaml"), Throws.TypeOf<ConfigurationException>().With.Property("Remedy").EqualTo(remedy));

    [TestCase("100ms", 100)]
    [TestCase("10s", 10_000)]
    [TestCase("1.5m", 90_000)]
    [TestCase("2h", 7_200_000)]
    [TestCase("75s/GiB", 75_000)]
    public void Durations(string text, double milliseconds) => Assert.That(
        ScaledDuration.TryParse(text), Is.EqualTo(new ScaledDuration(TimeSpan.FromMilliseconds(milliseconds), text.EndsWith("/GiB", StringComparison.Ordinal))));

    [TestCase("")]
    [TestCase("s")]
    [TestCase("10")]
    [TestCase("-1s")]
    [TestCase("1e3s")]
    [TestCase(".5s")]
    [TestCase("1.s")]
    [TestCase("10 s")]
    [TestCase("10S")]
    [TestCase("10s/MiB")]
    [TestCase("/GiB")]
    [TestCase("99999999999h")]
    public void No_durations(string text) => Assert.That(ScaledDuration.TryParse(text), Is.Null);

    [TestCase("100ms")]
    [TestCase("2m/GiB")]
    [TestCase("1h")]
    [TestCase("1500ms")]
    public void A_duration_is_written_as_it_is_read(string text) => Assert.That(ScaledDuration.TryParse(text).ToString(), Is.EqualTo(text));

    [Test]
    public void No_text_makes_the_reader_fail_in_another_way_than_its_own()
    {
        string[] pieces =
        [
            "name: a\n", "max_downtime:", " {initial: 50ms}\n", "completion_timeout: {after: 1s", ", then: [", "raise", "post-copy", "give-up", "]", "}", "{", "[", "\n", "  ", "\t", "stall: {window: 1s, then: [give-up]}\n",
            "options:", " {tls: {enabled: true}}\n", "storage: ", "true", "99999999999999999999", "1e9", "-1", "~", "&x", "*x", "!!str", "|", ">", "'", "\"", "%YAML 9.9", "---", "...", "? ", ": ", "- ", "\0", "\ud800", "@", "<<:",
        ];
        Gen<string> documents = Gen.Elements(pieces).ListOf().Select(list => string.Concat(list));
        Prop.ForAll(documents.ToArbitrary(), Reads).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Prop.ForAll<NonNull<string>>(text => Reads(text.Get)).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

        static bool Reads(string text)
        {
            try
            {
                return PolicyDocument.Parse(text, "p.yaml").Name.Length > 0;
            }
            catch (ConfigurationException e)
            {
                return e.Origin.Line > 0 && e.Message.StartsWith("p.yaml:", StringComparison.Ordinal);
            }
        }
    }

    [Test]
    public void Deep_nesting_and_length_cost_nothing()
    {
        Assert.That(() => PolicyDocument.Parse("name: " + new string('[', 60_000), "p.yaml"), Throws.TypeOf<ConfigurationException>().With.Message.Contains("nested deeper"));
        Assert.That(() => PolicyDocument.Parse(new string('a', 70_000), "p.yaml"), Throws.TypeOf<ConfigurationException>().With.Message.Contains("longer than 64 KiB"));
    }

    private static MigrationPolicy AllOptions => new()
    {
        Name = "all-options",
        MaxDowntime = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(300)),
        AutoConverge = true,
        Stall = new() { Window = TimeSpan.FromSeconds(20), Then = PolicyMeasures.Raise | PolicyMeasures.GiveUp, Margin = 0.04, BandwidthWeight = 0.4, PatienceDecay = 0.5, Headroom = 1.2 },
        Progress = new(new(TimeSpan.FromMinutes(5)), PolicyMeasures.GiveUp),
        Completion = new(new(TimeSpan.FromHours(2)), PolicyMeasures.GiveUp),
        Options = new()
        {
            ParallelConnections = 4,
            Compression = new(CompressionMethods.Zstd) { ZstdLevel = 1 },
            BandwidthMiBps = 1000,
            Tls = true,
            TlsDestination = "node2.example.org",
            Storage = new(StorageCopyMode.All, ["vda", "vdb"]),
            AutoConvergeInitial = 30,
            AutoConvergeIncrement = 15,
        },
    };

    private static string Sample(string name) => File.ReadAllText(Path.Combine(Root, "samples", "policies", $"{name}.yaml"));

    internal static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Json(pair.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => bool.Parse(scalar.Value),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when long.TryParse(scalar.Value, CultureInfo.InvariantCulture, out long number) => number,
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when double.TryParse(scalar.Value, CultureInfo.InvariantCulture, out double number) => number,
        YamlScalarNode scalar => scalar.Value,
        _ => null,
    };
}
