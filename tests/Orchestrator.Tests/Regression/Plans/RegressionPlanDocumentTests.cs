using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Configuration;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;
using Orchestrator.Regression.Plans;
using Orchestrator.Tests.Migration.Policies;
using Tests.Shared;
using YamlDotNet.RepresentationModel;

namespace Orchestrator.Tests.Regression.Plans;

public sealed class RegressionPlanDocumentTests
{
    private const string Least = "name: a\nguests: {g: {domain: d}}\nscenarios: [{name: s, guest: g}]\n";
    private const string Guest = "name: a\nguests: {g: {domain: d}}\n";

    // Every key that there is.
    private const string Everything = """
        name: all
        description: everything
        source: node1
        destination: node2
        labels: {build: "1", round: two}
        host_settings: {kernel.printk: "4 4 1 7"}
        comparison: {significance: 0.05, minimum: 30ms, minimum_percent: 20}
        before: {command: [/bin/prepare, --now], timeout: 5m}
        after: {command: [/bin/clean]}
        guests:
          named: {domain: web1, ready: agent, boot_timeout: 2m, map: {/dev/vhost-vdpa-0: vdpa3}}
          made: {xml: guest.xml, ready: running}
          tiny: {lab: {memory_mib: 96, vcpus: 2, dirty_mib_s: 1.5}}
        scenarios:
          - name: moves
            kind: migrate
            guest: named
            devices: [nic.xml]
            load: {channel: ssh, command: [./load, "-n", "3"], ssh: root@guest, check: [test, -x, ./load], must_finish: true, finish_timeout: 3m, lead: 2s}
            policy: mine.yaml
            mode: p2p
            max_downtime: 150ms
            bandwidth_mib_s: 64
            unsafe: true
            allow: [overcommit]
            repetitions: 7
            warm_ups: 0
            measure_way_back: false
            timeout: 3m
            limits: {each: 200ms, median: 150ms, p95: 190ms, max: 1.5s}
            comparison: {significance: 0.02}
            clock_agreement: 10ms
            before: {command: [a]}
            after: {command: [b], timeout: 10s}
          - {name: here, guest: made, policy: {name: own, max_downtime: {initial: 50ms}, completion_timeout: {after: 60s}}}
          - {name: life, kind: lifecycle, guest: tiny}
          - {name: plugs, kind: hot-plug, guest: made, devices: [nic.xml, nic.xml]}
        """;

    private static readonly Dictionary<string, string> Files = new()
    {
        ["/plans/guest.xml"] = "<domain type='kvm'><name>made</name><memory>1</memory><os><type>hvm</type></os></domain>",
        ["/plans/nic.xml"] = "<interface type='user'/>",
        ["/plans/mine.yaml"] = "name: mine\nmax_downtime: {initial: 70ms}\ncompletion_timeout: {after: 60s}\n",
        ["/plans/bad.xml"] = "<interface",
        ["/plans/bad.yaml"] = "name: mine\nmax_downtme: {initial: 70ms}\n",
    };

    private static string PlansFolder => Path.Combine(PolicyDocumentTests.Root, "samples", "plans");

    // Those of the acceptance are read by AcceptancePlanDocumentTests.
    private static IEnumerable<string> Samples =>
        Directory.EnumerateFiles(PlansFolder, "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => !name.EndsWith("-acceptance", StringComparison.Ordinal));

    [Test]
    public void Every_key_is_read()
    {
        RegressionPlan plan = Parse(Everything);
        Assert.That(Problems(Everything), Is.Empty, "it is valid by its schema");
        Assert.That((plan.Name, plan.Description, plan.Source, plan.Destination, plan.UsesLab), Is.EqualTo(("all", "everything", "node1", "node2", false)));
        Assert.That(plan.Labels, Is.EqualTo(new Dictionary<string, string> { ["build"] = "1", ["round"] = "two" }));
        Assert.That(plan.HostSettings, Is.EqualTo(new Dictionary<string, string> { ["kernel.printk"] = "4 4 1 7" }));
        Assert.That(plan.Comparison, Is.EqualTo(new ComparisonRule { Significance = 0.05, MinimumMs = 30, MinimumPercent = 20 }));
        Assert.That((plan.Before!.Command, plan.Before.Timeout), Is.EqualTo((new[] { "/bin/prepare", "--now" }, TimeSpan.FromMinutes(5))));
        Assert.That((plan.After!.Command, plan.After.Timeout), Is.EqualTo((new[] { "/bin/clean" }, TimeSpan.FromMinutes(2))));
        Assert.That(plan.Guests.Select(guest => string.Join(' ', guest.Value.Map)), Is.EqualTo(new[] { "/dev/vhost-vdpa-0=vdpa3", "", "" }));
        Assert.That(plan.Guests.ToDictionary(guest => guest.Key, guest => guest.Value with { Map = [] }), Is.EqualTo(new Dictionary<string, PlannedGuest>
        {
            ["named"] = new() { Domain = "web1", Ready = GuestReadiness.Agent, BootTimeout = TimeSpan.FromMinutes(2) },
            ["made"] = new() { Xml = "/plans/guest.xml", Ready = GuestReadiness.Running },
            ["tiny"] = new() { Lab = new(96, 2, 1.5) },
        }));

        Scenario moves = plan.Scenarios[0];
        Assert.That((moves.Name, moves.Kind, moves.Guest, moves.Mode, moves.Policy.Name), Is.EqualTo(("moves", ScenarioKind.Migrate, "named", MigrationMode.P2P, "mine")));
        Assert.That(moves.Devices, Is.EqualTo(new[] { "/plans/nic.xml" }));
        Assert.That((moves.MaxDowntime, moves.BandwidthMiBps, moves.Unsafe, moves.Repetitions, moves.WarmUps, moves.MeasureWayBack),
            Is.EqualTo((TimeSpan.FromMilliseconds(150), 64L, true, 7, 0, false)));
        Assert.That(moves.Allow, Is.EquivalentTo(new[] { MigrationConsents.Overcommit }));
        Assert.That((moves.Timeout, moves.ClockAgreement), Is.EqualTo((TimeSpan.FromMinutes(3), TimeSpan.FromMilliseconds(10))));
        Assert.That(moves.Limits, Is.EqualTo(new ScenarioLimits { EachMs = 200, MedianMs = 150, P95Ms = 190, MaxMs = 1500 }));
        Assert.That(moves.Comparison, Is.EqualTo(new ComparisonRule { Significance = 0.02 }));
        Assert.That(moves.Before!.Command, Is.EqualTo(new[] { "a" }));
        Assert.That(moves.After!.Timeout, Is.EqualTo(TimeSpan.FromSeconds(10)));
        GuestLoad load = moves.Load!;
        Assert.That((load.Channel, load.Ssh, load.MustFinish, load.FinishTimeout, load.Lead), Is.EqualTo((LoadChannel.Ssh, "root@guest", true, TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(2))));
        Assert.That(load.Command, Is.EqualTo(new[] { "./load", "-n", "3" }));
        Assert.That(load.Check, Is.EqualTo(new[] { "test", "-x", "./load" }));

        Assert.That(plan.Scenarios[1].Policy.Name, Is.EqualTo("own"));
        Assert.That(plan.Scenarios[2].Kind, Is.EqualTo(ScenarioKind.Lifecycle));
        Assert.That((plan.Scenarios[3].Kind, plan.Scenarios[3].Devices.Count), Is.EqualTo((ScenarioKind.HotPlug, 2)));
    }

    [Test]
    public void What_may_be_left_out_has_a_default()
    {
        Scenario scenario = Parse(Least).Scenarios.Single();
        Assert.That((scenario.Kind, scenario.Policy, scenario.Repetitions, scenario.WarmUps, scenario.MeasureWayBack), Is.EqualTo((ScenarioKind.Migrate, MigrationPolicy.Adaptive, 5, 1, true)));
        Assert.That(scenario.Limits, Is.EqualTo(new ScenarioLimits()));
    }

    // Each mapping of the schema: how one with an unknown key in it looks.
    [TestCase("", Least + "zzz: 1")]
    [TestCase("guest", "name: a\nguests: {g: {zzz: 1}}\nscenarios: []")]
    [TestCase("guest/lab", "name: a\nguests: {g: {lab: {zzz: 1}}}\nscenarios: []")]
    [TestCase("scenario", Guest + "scenarios: [{zzz: 1}]")]
    [TestCase("scenario/limits", Guest + "scenarios: [{name: s, guest: g, limits: {zzz: 1}}]")]
    [TestCase("load", Guest + "scenarios: [{name: s, guest: g, load: {zzz: 1}}]")]
    [TestCase("comparison", Least + "comparison: {zzz: 1}")]
    [TestCase("hook", Least + "before: {zzz: 1}")]
    public void The_schema_has_the_keys_that_the_reader_knows(string place, string text)
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "schemas", "regression-plan.schema.json")))!;
        JsonNode rule = place.Split('/') is [var definition, .. var inner] && definition.Length > 0 ? inner.Aggregate(schema["$defs"]![definition]!, (node, key) => node["properties"]![key]!) : schema;
        string[] keys = [.. rule["properties"]!.AsObject().Select(pair => pair.Key)];

        ConfigurationException refused = Assert.Throws<ConfigurationException>(() => Parse(text))!;

        Assert.That(refused.Problem, Is.EqualTo("there is no such setting"));
        Assert.That(refused.Remedy!["There is ".Length..^1].Split(", "), Is.EquivalentTo(keys));
        Assert.That(rule["additionalProperties"]!.GetValue<bool>(), Is.False);
    }

    [TestCase("", "p.yaml:1:1: the file is empty")]
    [TestCase("[a]", "p.yaml:1:1: a mapping with name, description, lab, source, destination, labels, guests, scenarios, comparison, host_settings, before, after is wanted here, not a list")]
    [TestCase("guests: {}\nscenarios: []", "p.yaml:1:1: name: this is missing")]
    [TestCase("name: ../a", "p.yaml:1:7: name: a name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit")]
    [TestCase("name: a", "p.yaml:1:1: guests: this is missing")]
    [TestCase(Guest, "p.yaml:1:1: scenarios: this is missing")]
    [TestCase(Guest + "scenarios: []", "p.yaml:3:12: scenarios: there is nothing to measure")]
    [TestCase(Least + "lab: yes", "p.yaml:4:6: lab: true or false is wanted here")]
    [TestCase(Least + "lab: true\nsource: x", "p.yaml:5:9: source: the plan's hosts are those of its lab")]
    [TestCase(Least + "source: x", "p.yaml:1:1: destination: this is missing")]
    [TestCase(Least + "destination: x", "p.yaml:1:1: source: this is missing")]
    [TestCase(Least + "source: x\ndestination: x", "p.yaml:5:14: destination: this is the source")]
    [TestCase("name: a\nguests: {/g: {domain: d}}", "p.yaml:2:10: guests./g: a name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit")]
    [TestCase("name: a\nguests: {g: {}}", "p.yaml:2:13: guests.g.domain: this is missing")]
    [TestCase("name: a\nguests: {g: {domain: d, lab: {}}}", "p.yaml:2:30: guests.g.lab: the guest comes from domain already")]
    [TestCase("name: a\nguests: {g: {lab: {memory_mib: 16}}}", "p.yaml:2:32: guests.g.lab.memory_mib: 80 to 65536 is wanted here")]
    [TestCase("name: a\nguests: {g: {xml: none.xml}}", "p.yaml:2:19: guests.g.xml: none.xml: there is no file /plans/none.xml")]
    [TestCase("name: a\nguests: {g: {domain: d, boot_timeout: 0s}}", "p.yaml:2:39: guests.g.boot_timeout: a duration above 0 is wanted here, such as 100ms")]
    [TestCase("name: a\nguests: {g: {domain: d, map: {a: pci/0/new}}}", "p.yaml:2:30: guests.g.map: pci/0/new would be made for one migration, and there is a way back")]
    [TestCase("name: a\nguests: {g: {domain: d, map: {a: \"\"}}}", "p.yaml:2:30: guests.g.map: 'a=' is no mapping: write SRC=DST, such as /dev/vhost-vdpa-0=/dev/vhost-vdpa-3, 0000:31:00.1=0000:31:00.4 or vdpa0=pci/0000:08:01.1/new")]
    [TestCase(Guest + "scenarios:\n  - {name: s, guest: h}", "p.yaml:4:22: scenarios[0].guest: the plan has no guest h")]
    [TestCase(Guest + "scenarios:\n  - {name: s, guest: g}\n  - {name: s, guest: g}", "p.yaml:5:12: scenarios[1].name: another scenario is called s already")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, repetitions: 0}]", "p.yaml:3:46: scenarios[0].repetitions: 1 to 1000 is wanted here")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, repetitions: -1}]", "p.yaml:3:46: scenarios[0].repetitions: a whole number is wanted here")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, limits: {each: 200}}]", "p.yaml:3:48: scenarios[0].limits.each: a duration with its unit is wanted here")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, limits: {each: 0ms}}]", "p.yaml:3:48: scenarios[0].limits.each: a duration above 0 is wanted here, such as 100ms")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, max_downtime: 0.5ms}]", "p.yaml:3:47: scenarios[0].max_downtime: QEMU takes limits of 1ms to 2000s, in whole milliseconds")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, allow: [all]}]", "p.yaml:3:40: scenarios[0].allow: there is no consent all")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, policy: swift}]", "p.yaml:3:41: scenarios[0].policy: swift: there is no file /plans/swift")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, policy: bad.yaml}]", "/plans/bad.yaml:2:1: max_downtme: there is no such setting")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, policy: {name: p}}]", "p.yaml:3:41: scenarios[0].policy.max_downtime: this is missing")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, policy: {name: p, max_downtime: {initial: 2s, ceiling: 1s}, completion_timeout: {after: 1s}}}]",
        "p.yaml:3:75: scenarios[0].policy.max_downtime.initial: the first limit is above the ceiling of 1s")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, kind: hot-plug}]", "p.yaml:3:13: scenarios[0].devices: this is missing")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, kind: lifecycle, mode: p2p}]", "p.yaml:3:56: scenarios[0].mode: only a scenario of kind migrate has it, not lifecycle")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: serial, command: [a], console: /dev/ttyS0}}]", "p.yaml:3:80: scenarios[0].load.console: this is no alias of libvirt's, such as serial1")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: agent, command: [a], console: serial1}}]", "p.yaml:3:79: scenarios[0].load.console: only channel serial has it")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: serial, command: [a, \"b\\x03\"]}}]", "p.yaml:3:66: scenarios[0].load.command: what is typed on a console has no control characters")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: ssh, command: [a]}}]", "p.yaml:3:39: scenarios[0].load.ssh: this is missing")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: agent, command: [a], ssh: h}}]", "p.yaml:3:75: scenarios[0].load.ssh: only channel ssh has it")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: ssh, command: [a], ssh: -oProxyCommand=x}}]",
        "p.yaml:3:73: scenarios[0].load.ssh: this is no SSH target: [user@]host, or a name of ssh_config, without options, ports, spaces or a leading dash")]
    [TestCase(Guest + "scenarios: [{name: s, guest: g, load: {channel: agent, command: []}}]", "p.yaml:3:65: scenarios[0].load.command: a program is wanted here")]
    [TestCase(Least + "before: {command: run}", "p.yaml:4:19: before.command: a list is wanted here, such as [a, b]")]
    [TestCase(Least + "comparison: {significance: 1.5}", "p.yaml:4:28: comparison.significance: a probability above 0 and at most 0.5 is wanted here, such as 0.01")]
    [TestCase(Least + "host_settings: {printk: \"1\"}", "p.yaml:4:17: host_settings.printk: this is no setting of sysctl, such as kernel.printk")]
    [TestCase(Least + "host_settings: {kernel.printk: \"1; reboot\"}", "p.yaml:4:17: host_settings.kernel.printk: a setting's value is one line of letters, digits, spaces and . , : = _ + / -")]
    [TestCase(Least + "labels: [a]", "p.yaml:4:9: labels: a mapping of labels to texts: {build: 2026.11.1} is wanted here, not a list")]
    [TestCase(Least + "labels: {a: [b]}", "p.yaml:4:13: labels.a: text is wanted here, not a list")]
    public void What_is_wrong_is_named_with_its_place(string text, string message) => Assert.That(
        () => Parse(text), Throws.TypeOf<ConfigurationException>().With.Message.EqualTo(message.StartsWith("p.yaml:", StringComparison.Ordinal) ? $"/plans/{message}" : message));

    [Test]
    public void A_device_document_that_is_none_is_refused_at_its_place_in_the_plan() => Assert.That(
        () => Parse(Guest + "scenarios: [{name: s, guest: g, devices: [bad.xml]}]"),
        Throws.TypeOf<ConfigurationException>().With.Message.StartsWith("/plans/p.yaml:3:42: scenarios[0].devices: bad.xml: "));

    [Test]
    public void No_text_makes_the_reader_fail_in_another_way_than_its_own()
    {
        string[] pieces = [Everything, Guest, "scenarios:", " [{name: s, guest: g", "}]", ", limits: {each: 1s", "}", "\n", "  - ", "name: ", "policy: ", "load: {channel: agent", "~", "&x", "*x", "99999999999999999999", "\t", "---", "\ud800", "{"];
        Gen<string> documents = Gen.Elements(pieces).ListOf().Select(list => string.Concat(list));
        Prop.ForAll(documents.ToArbitrary(), Reads).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

        static bool Reads(string text)
        {
            try
            {
                return Parse(text).Scenarios.Count > 0;
            }
            catch (ConfigurationException e)
            {
                return e.Origin.Line > 0;
            }
        }
    }

    [TestCaseSource(nameof(Samples))]
    public void A_sample_is_valid_by_its_schema_and_by_us_and_is_called_as_its_file(string name)
    {
        string file = Path.Combine(PlansFolder, $"{name}.yaml");
        Assert.That(Problems(File.ReadAllText(file)), Is.Empty);
        Assert.That(RegressionPlanDocument.Load(file).Name, Is.EqualTo(name));
    }

    // Seed 000: 4U8G with three vDPA devices was down for 600 to 800 ms; less than a second was required.
    [Test]
    public void The_plan_of_vDPA_allows_a_second()
    {
        Scenario scenario = RegressionPlanDocument.Load(Path.Combine(PlansFolder, "vdpa-4u8g-3.yaml")).Scenarios.Single();
        Assert.That((scenario.Kind, scenario.Limits), Is.EqualTo((ScenarioKind.Migrate, new ScenarioLimits { EachMs = 1000 })));
        Assert.That(scenario.MaxDowntime, Is.LessThanOrEqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(scenario.Repetitions, Is.GreaterThanOrEqualTo(10));
    }

    // Seed 001: migrate-setmaxdowntime 100, --unsafe, kaezip_perf -m 6 -l 10240 -n 3000 in the guest, kernel.printk 4 4 1 7, clocks compared; at most 200 ms each time.
    [Test]
    public void The_plan_of_KAE_is_the_reports_own()
    {
        RegressionPlan plan = RegressionPlanDocument.Load(Path.Combine(PlansFolder, "kae-8u16g-3.yaml"));
        Scenario scenario = plan.Scenarios.Single();
        Assert.That(scenario.Limits, Is.EqualTo(new ScenarioLimits { EachMs = 200 }));
        Assert.That((scenario.Policy, scenario.MaxDowntime, scenario.Unsafe), Is.EqualTo((MigrationPolicy.Fixed, TimeSpan.FromMilliseconds(100), true)));
        Assert.That(scenario.Load!.Command, Is.EqualTo("./kaezip_perf -m 6 -l 10240 -n 3000".Split(' ')));
        Assert.That(scenario.Load.MustFinish);
        Assert.That(scenario.ClockAgreement, Is.Not.Null);
        Assert.That(plan.HostSettings["kernel.printk"], Is.EqualTo("4 4 1 7"));
    }

    [Test]
    public void The_plan_of_the_lab_needs_nothing_else()
    {
        RegressionPlan plan = RegressionPlanDocument.Load(Path.Combine(PlansFolder, "lab.yaml"));
        Assert.That(plan.UsesLab);
        Assert.That(plan.Guests.Values.Select(guest => guest.Lab), Has.None.Null);
        Assert.That(plan.HostSettings, Is.Empty);
    }

    internal static RegressionPlan Parse(string yaml) =>
        RegressionPlanDocument.Parse(yaml, "/plans/p.yaml", path => Files.TryGetValue(path, out string? text) ? text : throw new FileNotFoundException(path));

    private static List<string> Problems(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return JsonSchema.Load("regression-plan.schema.json").Problems(PolicyDocumentTests.Json(stream.Documents[0].RootNode));
    }
}
