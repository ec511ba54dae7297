using Orchestrator.Configuration;

namespace Orchestrator.Tests.Configuration;

public sealed class HostsConfigurationTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("oconf-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Later_layers_override_setting_by_setting()
    {
        HostsConfiguration configuration = HostsConfiguration.Load(new()
        {
            SystemFile = Write("system.yaml", "hosts:\n  a: {uri: 'qemu+ssh://a/system', peer_uri: 'qemu+tls://a/system'}\n  b: {uri: 'qemu+ssh://b/system'}\n"),
            UserFile = Write("user.yaml", "hosts:\n  a: {uri: 'qemu+tcp://a/system'}\n  c: {uri: 'qemu+ssh://c/system'}\n"),
            Hosts = "{a: {uri: 'test:///default', side_channel: {ssh: a}}}",
        });

        Assert.That(configuration.Hosts.Select(host => host.Address.Name), Is.EqualTo(new[] { "a", "b", "c" }));
        ConfiguredHost a = configuration.Hosts[0];
        Assert.That((a.Address.Uri, a.Address.PeerUri, a.Address.SideChannel), Is.EqualTo(("test:///default", "qemu+tls://a/system", new Orchestrator.Hosts.SideChannel("a", false))));
        EffectiveSetting uri = a.Settings.Single(setting => setting.Setting.Key == "uri");
        Assert.That($"{uri.Setting.Origin}", Is.EqualTo("ORCHESTRATOR_HOSTS:1:11"));
        Assert.That(uri.Overridden.Select(setting => (setting.Value, $"{setting.Origin}")), Is.EqualTo(new[]
        {
            ("qemu+tcp://a/system", $"{_folder}/user.yaml:2:12"), ("qemu+ssh://a/system", $"{_folder}/system.yaml:2:12"),
        }));
        Assert.That(configuration.Sources.Select(source => source.Layer), Is.EqualTo(new[] { ConfigurationLayer.SystemFile, ConfigurationLayer.UserFile, ConfigurationLayer.Variable }));
    }

    [Test]
    public void Files_that_are_not_there_say_nothing()
    {
        HostsConfiguration configuration = HostsConfiguration.Load(new() { SystemFile = Path.Combine(_folder, "none.yaml"), UserFile = Path.Combine(_folder, "no", "folder.yaml") });
        Assert.That((configuration.Hosts.Count, configuration.Sources.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public void A_file_that_was_named_has_to_be_there()
    {
        ConfigurationException error = Refused(new() { SystemFile = null, UserFile = Path.Combine(_folder, "none.yaml"), IsUserFileNamed = true });
        Assert.That(error.Message, Is.EqualTo($"{_folder}/none.yaml: there is no such file"));
    }

    [Test]
    public void A_folder_is_no_file() =>
        Assert.That(Refused(new() { SystemFile = null, UserFile = _folder }).Message, Is.EqualTo($"{_folder}: this is a folder, not a file"));

    [Test]
    public void A_file_that_is_too_long_is_not_read_to_its_end()
    {
        string file = Write("long.yaml", "# " + new string('x', HostsDocument.MaxLength));
        Assert.That(Refused(new() { SystemFile = file }).Problem, Is.EqualTo("it is longer than 256 KiB, and so no list of hosts"));
        Assert.That(Refused(new() { SystemFile = null, Hosts = new string(' ', HostsDocument.MaxLength + 1) }).Origin.Source, Is.EqualTo("ORCHESTRATOR_HOSTS"));
    }

    [Test]
    public void A_host_without_a_uri_is_named_where_it_stands()
    {
        ConfigurationException error = Refused(new() { SystemFile = null, Hosts = "{a: {migration_address: 10.0.0.1}}" });
        Assert.That(error.Message, Is.EqualTo("ORCHESTRATOR_HOSTS:1:25: hosts.a: no source gives the host a uri"));
    }

    [Test]
    public void Sudo_needs_a_way_to_the_host() =>
        Assert.That(
            Refused(new() { SystemFile = null, Hosts = "{a: {uri: 'qemu:///system', side_channel: {sudo: true}}}" }).Problem,
            Is.EqualTo("sudo without ssh: no source says how the host is reached"));

    [Test]
    public void Names_are_told_apart_by_case()
    {
        HostsConfiguration configuration = HostsConfiguration.Load(new() { SystemFile = null, Hosts = "{Node: {uri: 'qemu:///system'}, node: {uri: 'test:///default'}}" });
        Assert.That(configuration.Find("node")!.Uri, Is.EqualTo("test:///default"));
        Assert.That(configuration.Find("NODE"), Is.Null);
    }

    [TestCase("nod1", "node1")]
    [TestCase("ndoe1", "node1")]
    [TestCase("NODE1", "node1")]
    [TestCase("node12", "node1")]
    [TestCase("storage", null)]
    [TestCase("x", null)]
    [TestCase("", null)]
    public void A_slip_of_the_fingers_is_known(string typed, string? meant)
    {
        HostsConfiguration configuration = HostsConfiguration.Load(new() { SystemFile = null, Hosts = "{node1: {uri: 'qemu:///system'}, gateway: {uri: 'qemu:///system'}}" });
        Assert.That(configuration.Nearest(typed), Is.EqualTo(meant));
    }

    [Test]
    public void The_users_file_follows_the_base_directories()
    {
        Assert.That(FileOf(("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")), Is.EqualTo(("/x/orchestrator/hosts.yaml", false)));
        Assert.That(FileOf(("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")), Is.EqualTo(("/h/.config/orchestrator/hosts.yaml", false)));
        Assert.That(FileOf(("ORCHESTRATOR_CONFIG", "/c.yaml"), ("HOME", "/h")), Is.EqualTo(("/c.yaml", true)));
        Assert.That(FileOf(("ORCHESTRATOR_CONFIG", ""), ("HOME", "")), Is.EqualTo(((string?)null, false)));

        static (string?, bool) FileOf(params (string Name, string Value)[] variables)
        {
            ConfigurationSources sources = ConfigurationSources.Of(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
            return (sources.UserFile, sources.IsUserFileNamed);
        }
    }

    private static ConfigurationException Refused(ConfigurationSources sources) => Assert.Throws<ConfigurationException>(() => HostsConfiguration.Load(sources))!;

    private string Write(string name, string text)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        return file;
    }
}
