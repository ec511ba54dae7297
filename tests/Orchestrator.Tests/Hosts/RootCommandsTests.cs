using System.Reflection;
using System.Text.RegularExpressions;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Migration.Policies;

namespace Orchestrator.Tests.Hosts;

/// <summary>The sample for sudo lets an account run what is run as root, and nothing that differs from it.</summary>
public sealed partial class RootCommandsTests
{
    private static readonly IReadOnlyList<(string Program, string Arguments)> Sample = ReadSample();

    private static IEnumerable<TestCaseData> Run()
    {
        var device = new VdpaRequest { Name = "vdpa0", ManagementDevice = "pci/0000:08:01.1", Mac = "52:54:00:00:00:01", Mtu = 1500, MaxVirtqueuePairs = 2 };
        yield return Case(nameof(RootCommands.OpenDevices), RootCommands.OpenDevices);
        yield return Case(nameof(RootCommands.ListLogs), RootCommands.ListLogs);
        yield return Case(nameof(RootCommands.ReadConfiguration), RootCommands.ReadConfiguration);
        yield return Case(nameof(RootCommands.LogEnd), RootCommands.LogEnd("/var/log/libvirt/qemu/web-1.log", 16 << 20));
        yield return Case(nameof(RootCommands.LogEnd), RootCommands.LogEnd("/var/log/libvirt/qemu/web.1.log.9", 1));
        yield return Case(nameof(RootCommands.Open), RootCommands.Open("/dev/vhost-vdpa-12"));
        yield return Case(nameof(RootCommands.Open), RootCommands.Open("/dev/vfio/7"));
        yield return Case(nameof(RootCommands.Vdpa), RootCommands.Vdpa(device.Arguments));
        yield return Case(nameof(RootCommands.Vdpa), RootCommands.Vdpa((device with { Mac = null, Mtu = null, MaxVirtqueuePairs = null, ManagementDevice = "vdpasim_net" }).Arguments));
        yield return Case(nameof(RootCommands.Vdpa), RootCommands.Vdpa(["dev", "del", "vdpa0"]));
        yield return Case(nameof(RootCommands.Write), RootCommands.Write("/sys/bus/pci/devices/0000:75:00.0/sriov_numvfs"));
        yield return Case(nameof(RootCommands.Write), RootCommands.Write("/sys/bus/pci/devices/0000:75:00.1/driver_override"));
        yield return Case(nameof(RootCommands.Write), RootCommands.Write("/sys/bus/pci/drivers/hisi_zip/unbind"));
        yield return Case(nameof(RootCommands.Write), RootCommands.Write("/sys/bus/pci/drivers_probe"));
        yield return Case(nameof(RootCommands.ReadSysctl), RootCommands.ReadSysctl("kernel.numa_balancing"));
        yield return Case(nameof(RootCommands.SetSysctl), RootCommands.SetSysctl("kernel.numa_balancing", "0"));

        static TestCaseData Case(string member, IReadOnlyList<string> command) => new TestCaseData(member, command).SetArgDisplayNames(string.Join(' ', command));
    }

    [TestCaseSource(nameof(Run))]
    public void What_is_run_as_root_stands_in_the_sample(string member, IReadOnlyList<string> command) => Assert.That(Allowed(command), Is.True, member);

    [Test]
    public void No_command_is_without_a_case() => Assert.That(
        typeof(RootCommands).GetMembers(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(member => member is PropertyInfo or MethodInfo { IsSpecialName: false }).Select(member => member.Name),
        Is.EquivalentTo(Run().Select(test => (string)test.Arguments[0]!).Distinct()));

    [TestCase("sh", "-c", "id")]
    [TestCase("cat", "/etc/shadow")]
    [TestCase("cat", "/etc/libvirt/qemu.conf", "/etc/shadow")]
    [TestCase("dd", "if=/dev/vhost-vdpa-0", "count=1")]
    [TestCase("dd", "if=/dev/vhost-vdpa-0", "of=/dev/sda", "count=0")]
    [TestCase("dd", "if=/dev/vfio/../sda", "count=0")]
    [TestCase("find", "/proc", "-mindepth", "1", "-maxdepth", "3", "-path", "/proc/*/fd/*", "-lname", "/dev/*", "-exec", "sh", ";")]
    [TestCase("ls", "-A", "/var/log/libvirt/qemu", "/root")]
    [TestCase("tail", "-c", "1", "--", "/var/log/libvirt/qemu/x", "b.log")]
    [TestCase("tail", "-c", "1", "--", "/var/log/libvirt/qemu/../../secure.log")]
    [TestCase("tail", "-f", "1", "--", "/var/log/libvirt/qemu/a.log")]
    [TestCase("vdpa", "dev", "add", "name", "-x", "mgmtdev", "vdpasim_net")]
    [TestCase("vdpa", "-b", "/etc/shadow")]
    [TestCase("tee", "/sys/bus/pci/devices/../../../etc/shadow")]
    [TestCase("tee", "-a", "/sys/bus/pci/drivers_probe")]
    [TestCase("tee", "/sys/bus/pci/devices/0000:75:00.0/sriov_numvfs", "/etc/shadow")]
    [TestCase("tee", "/sys/bus/pci/drivers/../../../etc/unbind")]
    [TestCase("sysctl", "-q", "-w", "kernel.core_pattern=|/tmp/x")]
    public void Nothing_else_does(params string[] command) => Assert.That(Allowed(command), Is.False);

    private static bool Allowed(IReadOnlyList<string> command) => Sample.Any(line =>
        line.Program.Split('/')[^1] == command[0]
        && (line.Arguments is ['^', .., '$']
            ? Regex.IsMatch(string.Join(' ', command.Skip(1)), line.Arguments[..^1] + @"\z", RegexOptions.CultureInvariant)
            : line.Arguments == string.Join(' ', command.Skip(1))));

    /// <summary>The commands of the sample's aliases. Those for settings are commented out in it, as each site has its own.</summary>
    private static IReadOnlyList<(string, string)> ReadSample() =>
    [
        .. File.ReadAllLines(Path.Combine(PolicyDocumentTests.Root, "samples", "sudoers", "orchestrator"))
            .Select(line => Command().Match(line)).Where(match => match.Success).Select(match => (match.Groups["program"].Value, match.Groups["arguments"].Value)),
    ];

    [GeneratedRegex(@"^#? +(?<program>/usr/s?bin/[a-z]+) (?<arguments>.+?)(, \\)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Command();
}
