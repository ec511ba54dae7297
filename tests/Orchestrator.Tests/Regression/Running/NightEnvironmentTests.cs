using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Hosts;
using Orchestrator.Regression.Running;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Regression.Running;

/// <summary>The facts of a host elsewhere, with an <c>ssh</c> that answers as that host would.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class NightEnvironmentTests
{
    // As ethtool 6.1 prints it.
    private const string Mellanox = """
        driver: mlx5_core
        version: 6.6.0-72.0.0.76.oe2403.x86_64
        firmware-version: 22.36.1010 (MT_0000000359)
        expansion-rom-version:
        bus-info: 0000:31:00.0
        supports-statistics: yes
        """;

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("onics-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task The_firmware_of_network_cards_is_among_the_facts_and_where_nobody_tells_it_that_is()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "enp49s0f0np0"), Mellanox);
        await File.WriteAllTextAsync(Path.Combine(_folder, "enp50s0"), "driver: virtio_net\nversion: 1.0.0\nfirmware-version: \n");
        string ssh = Program("""
            for last; do :; done
            printf '%s\n' "$*" >> "$folder/asked"
            case "$last" in
              find*) printf '%s\n' /sys/bus/pci/devices/0000:31:00.0/net/enp49s0f0np0 /sys/bus/pci/devices/0000:32:00.0/net/enp50s0; exit 1 ;;
              "/usr/sbin/ethtool -i "*) exec cat "$folder/${last##* }" ;;
            esac
            exit 127
            """);

        IReadOnlyDictionary<string, string> facts = await ReadAsync(ssh);

        Assert.That(facts["nic"], Is.EqualTo("15b3:101d mlx5_core firmware 22.36.1010 (MT_0000000359); 1af4:1041 virtio-pci firmware unknown; 8086:1521 igb firmware unknown"));
        Assert.That(File.ReadLines(Path.Combine(_folder, "asked")).First(), Does.Contain(" -p 2222 -T -- root@node1 find /sys/bus/pci/devices/0000:31:00.0/net /sys/bus/pci/devices/0000:32:00.0/net "));
    }

    [TestCase("exit 255", TestName = "The firmware is unknown where ssh does not get there")]
    [TestCase("case \"$*\" in *find*) echo /sys/bus/pci/devices/0000:31:00.0/net/enp49s0f0np0; exit 0 ;; esac; echo 'sh: 1: /usr/sbin/ethtool: not found'; exit 127", TestName = "The firmware is unknown without ethtool")]
    public async Task The_firmware_is_unknown(string script) =>
        Assert.That((await ReadAsync(Program(script)))["nic"], Does.Contain("15b3:101d mlx5_core firmware unknown"));

    [TestCase("NAME=x\nPRETTY_NAME=\"openEuler 24.03 (LTS-SP3)\"\n", true, "openEuler 24.03 (LTS-SP3)")]
    [TestCase("PRETTY_NAME='Alpine Linux v3.20'", true, "Alpine Linux v3.20")]
    [TestCase("NAME=x\n", true, null)]
    [TestCase("PRETTY_NAME=\"this machine's\"\n", false, null, TestName = "Another machine's system is unknown where it cannot be looked into")]
    public void The_operating_system_is_among_the_facts(string text, bool isSeen, string? name)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "etc"));
        File.WriteAllText(Path.Combine(_folder, "etc", "os-release"), text);
        var facts = new HostFacts { Host = Migration.Samples.Host("node1"), IsThisMachine = isSeen };
        Assert.That(NightEnvironment.Of(facts, new(_folder), new Dictionary<PciAddress, string>()).GetValueOrDefault("os"), Is.EqualTo(name));
    }

    private static async Task<IReadOnlyDictionary<string, string>> ReadAsync(string ssh)
    {
        var host = new FakeHost("node1", new(TimeProvider.System)) { Identity = Migration.Samples.Host("node1", "qemu+ssh://root@node1:2222/system") };
        host.NodeDevices.AddRange([Card("31", "15b3", "101d", "mlx5_core"), Card("32", "1af4", "1041", "virtio-pci"), Card("33", "8086", "1521", "igb")]);
        return await NightEnvironment.ReadAsync(host, new HostFiles(), ssh, TimeProvider.System, CancellationToken.None);
    }

    private static string Card(string bus, string vendor, string product, string driver) => $"""
        <device>
          <name>pci_0000_{bus}_00_0</name>
          <driver><name>{driver}</name></driver>
          <capability type='pci'>
            <class>0x020000</class><domain>0</domain><bus>{Convert.ToInt32(bus, 16)}</bus><slot>0</slot><function>0</function>
            <product id='0x{product}'/><vendor id='0x{vendor}'/>
          </capability>
        </device>
        """;

    private string Program(string script)
    {
        string path = Path.Combine(_folder, "ssh");
        File.WriteAllText(path, $"#!/bin/sh\nfolder='{_folder}'\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
