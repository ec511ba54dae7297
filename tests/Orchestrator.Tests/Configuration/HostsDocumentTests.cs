using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Configuration;
using Orchestrator.Hosts;
using Tests.Shared;
using YamlDotNet.RepresentationModel;

namespace Orchestrator.Tests.Configuration;

public sealed class HostsDocumentTests
{
    private static readonly SettingOrigin File = new(ConfigurationLayer.UserFile, "hosts.yaml");
    private static readonly SettingOrigin Variable = new(ConfigurationLayer.Variable, "ORCHESTRATOR_HOSTS");

    [Test]
    public void Every_setting_is_read_with_its_place()
    {
        IReadOnlyList<HostSetting> settings = HostsDocument.Read(
            """
            hosts:
              node1:
                uri: qemu+ssh://root@node1/system
                side_channel: {ssh: root@node1, sudo: false}
              "node-2":
                peer_uri: 'qemu+tls://node2/system'
                migration_address: fe80::1
            """, File);
        Assert.That(settings.Select(setting => (setting.Host, setting.Key, setting.Value, setting.Origin.Line, setting.Origin.Column)), Is.EqualTo(new[]
        {
            ("node1", "uri", "qemu+ssh://root@node1/system", 3, 10),
            ("node1", "side_channel.ssh", "root@node1", 4, 25),
            ("node1", "side_channel.sudo", "false", 4, 43),
            ("node-2", "peer_uri", "qemu+tls://node2/system", 6, 15),
            ("node-2", "migration_address", "fe80::1", 7, 24),
        }));
    }

    [Test]
    public void The_variable_holds_what_stands_under_hosts() =>
        Assert.That(HostsDocument.Read("{n: {uri: qemu:///system}}", Variable).Single(), Is.EqualTo(new HostSetting("n", "uri", "qemu:///system", Variable with { Line = 1, Column = 11 })));

    [TestCase("")]
    [TestCase("# nothing yet\n")]
    [TestCase("---\nhosts: {}\n...\n")]
    public void A_file_may_name_no_host(string text) => Assert.That(HostsDocument.Read(text, File), Is.Empty);

    // The place is where the wrong thing begins.
    [TestCase("hosts: {a: {ur: 'qemu:///system'}}", 1, 13, "hosts.a.ur: there is no such setting", "Did you mean uri?")]
    [TestCase("hosts: {a: {address: x}}", 1, 13, "hosts.a.address: there is no such setting", "There is uri, peer_uri, migration_address, side_channel.")]
    [TestCase("host: {}", 1, 1, "host: there is no such setting", "Did you mean hosts?")]
    [TestCase("hosts:\n  a:\n    uri: [x]", 3, 10, "hosts.a.uri: text is wanted here, not a list", null)]
    [TestCase("hosts:\n  a:\n    uri: {x: y}", 3, 10, "hosts.a.uri: text is wanted here, not a mapping", null)]
    [TestCase("hosts:\n  a:\n    uri:\n", 3, 9, "hosts.a.uri: text is wanted here, not nothing", null)]
    [TestCase("hosts: {a: {uri: true}}", 1, 18, "hosts.a.uri: text is wanted here, not a single value", null)]
    [TestCase("hosts: {a: {side_channel: {ssh: n, sudo: yes}}}", 1, 42, "hosts.a.side_channel.sudo: true or false is wanted here", null)]
    [TestCase("hosts: {a: {side_channel: {ssh: n, sudo: 'true'}}}", 1, 42, "hosts.a.side_channel.sudo: true or false is wanted here", null)]
    [TestCase("hosts: {a: {side_channel: root@n}}", 1, 27, "hosts.a.side_channel: a mapping with ssh, ssh_config, sudo is wanted here, not a single value", null)]
    [TestCase("hosts: {a: {side_channel: {ssh: n, ssh_config: -oProxyCommand=x}}}", 1, 48, "hosts.a.side_channel.ssh_config: this is no file's absolute path: ssh reads its configuration from it", null)]
    [TestCase("hosts: {a: {side_channel: {port: 22}}}", 1, 28, "hosts.a.side_channel.port: there is no such setting", "There is ssh, ssh_config, sudo.")]
    [TestCase("hosts: [a, b]", 1, 8, "hosts: a mapping of names to hosts ({} for none) is wanted here, not a list", null)]
    [TestCase("hosts:\n", 1, 7, "hosts: a mapping of names to hosts ({} for none) is wanted here, not nothing", null)]
    [TestCase("- a", 1, 1, "a mapping with hosts is wanted here, not a list", null)]
    [TestCase("hosts: {a: {uri: 'qemu:///system', uri: 'test:///default'}}", 1, 36, "hosts.a.uri: this stands here twice", null)]
    [TestCase("hosts: {a: {uri: 'qemu:///system'}, a: {uri: 'qemu:///system'}}", 1, 37, "hosts.a: this stands here twice", null)]
    [TestCase("hosts: {lab-x: {uri: 'qemu:///system'}}", 1, 9, "hosts.lab-x: names that begin with lab- are those of the lab's hosts", null)]
    [TestCase("hosts: {'qemu:///system': {uri: 'qemu:///system'}}", 1, 9, "hosts.qemu:///system: this looks like a URI; a host's name is what you want to call it", null)]
    [TestCase("hosts: {'-c': {uri: 'qemu:///system'}}", 1, 9, "hosts.-c: a host's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit", null)]
    [TestCase("hosts: {'a,b': {uri: 'qemu:///system'}}", 1, 9, "hosts.a,b: a host's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit", null)]
    [TestCase("hosts: {a: {}}", 1, 9, "hosts.a: the host has no settings", "Give it a uri, such as qemu+ssh://root@node1/system.")]
    [TestCase("hosts: {a: {uri: node1}}", 1, 18, "hosts.a.uri: this is no libvirt URI, such as qemu+ssh://root@node1/system", null)]
    [TestCase("hosts: {a: {uri: 'qemu+ssh://a b/system'}}", 1, 18, "hosts.a.uri: this is no libvirt URI, such as qemu+ssh://root@node1/system", null)]
    [TestCase("hosts: {a: {migration_address: 'tcp://10.0.0.1'}}", 1, 32, "hosts.a.migration_address: this is no IP address or host name; a port belongs to libvirt's migration_port_min and migration_port_max", null)]
    [TestCase("hosts: {a: {migration_address: '10.0.0.1:49152'}}", 1, 32, "hosts.a.migration_address: this is no IP address or host name; a port belongs to libvirt's migration_port_min and migration_port_max", null)]
    [TestCase("hosts: &all {a: {uri: 'qemu:///system'}}", 1, 8, "hosts: hosts.yaml knows no anchors and aliases; write the value itself", null)]
    [TestCase("hosts: {a: &x {uri: 'qemu:///system'}, b: *x}", 1, 12, "hosts.a: hosts.yaml knows no anchors and aliases; write the value itself", null)]
    [TestCase("hosts: {a: {uri: !!binary cWVtdQ==}}", 1, 18, "hosts.a.uri: hosts.yaml knows no tags", null)]
    [TestCase("hosts: {}\n---\nhosts: {}\n", 2, 1, "a second document begins here; hosts.yaml is one", null)]
    public void What_is_wrong_is_named_with_its_line_and_column(string text, int line, int column, string problem, string? remedy)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => HostsDocument.Read(text, File))!;
        Assert.That(error.Message, Is.EqualTo($"hosts.yaml:{line}:{column}: {problem}"));
        Assert.That(error.Remedy, Is.EqualTo(remedy));
    }

    [TestCase("hosts:\n\ta: {uri: x}", TestName = "a tab as indentation")]
    [TestCase("hosts:\n  a:\n    uri: qemu+ssh://root@n/system\n    peer_u", TestName = "a file half written")]
    [TestCase("hosts: {a: {uri: 'qemu:///sys", TestName = "a file half written within quotes")]
    [TestCase("hosts: {a: {uri: qemu", TestName = "a file half written within a mapping")]
    [TestCase("hosts: !!str[ {}", TestName = "a tag that is no URI")]
    public void What_is_no_yaml_is_said_to_be_none(string text)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => HostsDocument.Read(text, File))!;
        Assert.That(error.Problem, Does.StartWith("this is not YAML: "));
        Assert.That(error.Origin.Line, Is.InRange(1, 4));
        Assert.That(error.Origin.Column, Is.Positive);
    }

    [TestCase("hosts: {a: {uri: 'qemu+tcp://admin:geheim@node1/system'}}")]
    [TestCase("hosts: {a: {uri: 'qemu+tcp://admin@node1/system?password=geheim'}}")]
    [TestCase("hosts: {a: {peer_uri: 'qemu+tcp://node1/system?x=1&token=geheim'}}")]
    [TestCase("hosts: {a: {password: geheim}}")]
    [TestCase("hosts: {a: {uri: 'qemu:///system', ssh_key: geheim}}")]
    [TestCase("hosts: {a: {side_channel: {ssh: root@n, passphrase: geheim}}}")]
    [TestCase("{api_key: geheim, hosts: {}}")]
    public void A_secret_is_refused_and_never_repeated(string text)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => HostsDocument.Read(text, File))!;
        Assert.That(error.Remedy, Is.EqualTo(HostSettingRules.NoPasswords));
        Assert.That(error.ToString(), Does.Not.Contain("geheim"));
    }

    [TestCase("root@node1", true)]
    [TestCase("node1.example.org", true)]
    [TestCase("svc_ops@10.0.0.1", true)]
    [TestCase("root@fe80::1", true)]
    [TestCase("-oProxyCommand=touch", false)]
    [TestCase("root@-oProxyCommand=x", false)]
    [TestCase("-l@node1", false)]
    [TestCase("node1 -p 22", false)]
    [TestCase("node1;reboot", false)]
    [TestCase("$(reboot)", false)]
    [TestCase("`reboot`", false)]
    [TestCase("a@b@c", false)]
    [TestCase("node1\n", false)]
    [TestCase("nöde", false)]
    [TestCase("", false)]
    public void An_ssh_target_holds_nothing_that_ssh_or_a_shell_would_take_for_more(string target, bool good) =>
        Assert.That(HostSettingRules.OfSshTarget(target), good ? Is.Null : Is.Not.Null);

    [TestCase("192.0.2.1", true)]
    [TestCase("2001:db8::1", true)]
    [TestCase("node1-mig.internal", true)]
    [TestCase("[2001:db8::1]", false)]
    [TestCase("-node", false)]
    [TestCase("a..b", false)]
    [TestCase("a b", false)]
    [TestCase("a/b", false)]
    public void A_migration_address_is_an_address_or_a_name(string address, bool good) =>
        Assert.That(HostSettingRules.OfAddress(address), good ? Is.Null : Is.Not.Null);

    [Test]
    public void Bytes_that_are_no_utf8_are_told_with_their_place()
    {
        byte[] bytes = [.. "hosts:\n  ä: "u8, 0xff, .. "\n"u8];
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => ConfigurationSources.Decode(bytes, File))!;
        Assert.That(error.Message, Is.EqualTo("hosts.yaml:2:6: this is not UTF-8"));
    }

    [Test]
    public void A_byte_order_mark_is_no_part_of_the_text() =>
        Assert.That(ConfigurationSources.Decode([0xef, 0xbb, 0xbf, .. "hosts: {}"u8], File), Is.EqualTo("hosts: {}"));

    [Test]
    public void Deep_nesting_costs_nothing()
    {
        string deep = "hosts: {a: " + new string('[', 100_000);
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => HostsDocument.Read(deep, File))!;
        Assert.That(error.Problem, Is.EqualTo("this is nested deeper than hosts.yaml ever is"));
    }

    [Test]
    public void No_text_makes_the_reader_fail_in_another_way_than_its_own()
    {
        // Pieces of real documents: random letters alone never get past the first key.
        string[] pieces =
        [
            "hosts:", "\n", "  ", "    ", "\t", "a", "node1:", "uri:", " qemu:///system", "{", "}", "[", "]", ",", ": ", "- ", "? ", "&x", "*x", "!!str", "!<", "|", ">", "|2-", "'", "\"",
            "\\u12", "%YAML 9.9", "---", "...", "#", "side_channel:", " {ssh: n}", "sudo: true", "\0", "\u0085", "\u2028", "\ud800", "é", "<<:", "~", "\r", "@", "`",
        ];
        Gen<string> documents = Gen.Elements(pieces).ListOf().Select(list => string.Concat(list));
        Prop.ForAll(documents.ToArbitrary(), text => Reads(text, File) && Reads(text, Variable)).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Prop.ForAll<NonNull<string>>(text => Reads(text.Get, File)).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

        static bool Reads(string text, SettingOrigin source)
        {
            try
            {
                return HostsDocument.Read(text, source).All(setting => setting.Origin.Line > 0);
            }
            catch (ConfigurationException e)
            {
                return e.Origin.Line > 0 && e.Message.StartsWith(source.Source, StringComparison.Ordinal);
            }
        }
    }

    [Test]
    public void The_sample_is_valid_by_its_schema_and_by_us()
    {
        string text = System.IO.File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "hosts.yaml"));
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        Assert.That(JsonSchema.Load("hosts.schema.json").Problems(Json(stream.Documents[0].RootNode)), Is.Empty);
        Assert.That(HostsConfiguration.Merge(HostsDocument.Read(text, File)).Select(host => host.Address), Is.EqualTo(new HostAddress[]
        {
            new("here", "qemu:///system"),
            new("node1", "qemu+ssh://root@node1.example.org/system")
            {
                PeerUri = "qemu+tls://node1.internal/system", MigrationAddress = "192.0.2.11", SideChannel = new("ops@node1.example.org", true) { SshConfig = "/etc/orchestrator/ssh_config" },
            },
            new("node2", "qemu+tls://node2.internal/system") { MigrationAddress = "2001:db8::12" },
        }));

        static JsonNode? Json(YamlNode node) => node switch
        {
            YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Json(pair.Value)))),
            YamlScalarNode { Value: "true" or "false" } scalar => bool.Parse(scalar.Value),
            YamlScalarNode scalar => scalar.Value,
            _ => new JsonArray(),
        };
    }
}
