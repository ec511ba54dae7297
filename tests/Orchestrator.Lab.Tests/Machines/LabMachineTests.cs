using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Images;
using Orchestrator.Lab.Machines;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab.Tests.Machines;

/// <summary>What is said of an emulated machine before one runs; that one runs is for <c>eng/test --vdpa</c>.</summary>
public sealed class LabMachineTests
{
    private static readonly MachineRecord First = new(new PortRange(22016, 22079), [Guid.NewGuid(), Guid.NewGuid()]);
    private static readonly MachineRecord Second = new(new PortRange(22080, 22143), [Guid.NewGuid(), Guid.NewGuid()]);

    [Test]
    public void Two_machines_have_four_hosts_each_with_a_way_for_us_and_one_for_the_others()
    {
        LabHost[] hosts = [.. new LabMachine("/l", 0, First).Hosts(), .. new LabMachine("/l", 1, Second).Hosts()];

        Assert.That(hosts.Select(host => host.Name), Is.EqualTo(new[] { "lab-vdpa-a", "lab-vdpa-b", "lab-vdpa-c", "lab-vdpa-d" }));
        Assert.That(hosts.Select(host => host.Uri), Is.EqualTo(hosts.Select(host => $"qemu+ssh://root@{host.Name}/system?command=/l/ssh/ssh")));
        Assert.That(
            hosts.Select(host => host.Machine!.TcpUri),
            Is.EqualTo(new[] { "qemu+tcp://127.0.0.1:22016/system", "qemu+tcp://127.0.0.1:22018/system", "qemu+tcp://127.0.0.1:22080/system", "qemu+tcp://127.0.0.1:22082/system" }));
        Assert.That(
            hosts.Select(host => host.Machine!.PeerUri),
            Is.EqualTo(new[] { "qemu+tcp://10.77.0.1:16509/system", "qemu+tcp://10.77.0.1:16510/system", "qemu+tcp://10.77.0.2:16509/system", "qemu+tcp://10.77.0.2:16510/system" }));
        Assert.That(hosts.Select(host => host.Machine!.MigrationAddress), Is.EqualTo(new[] { "10.77.0.1", "10.77.0.1", "10.77.0.2", "10.77.0.2" }));
    }

    [Test]
    public async Task Keys_are_made_once_and_the_configuration_of_ssh_pins_the_machines_own()
    {
        string lab = Directory.CreateTempSubdirectory("keys-").FullName;
        try
        {
            await MachineKeys.EnsureAsync(lab, [First], CancellationToken.None);
            string user = await File.ReadAllTextAsync(MachineKeys.In(lab, "user")), host = await File.ReadAllTextAsync(MachineKeys.In(lab, "host.pub"));
            await MachineKeys.EnsureAsync(lab, [First, Second], CancellationToken.None);

            Assert.That(await File.ReadAllTextAsync(MachineKeys.In(lab, "user")), Is.EqualTo(user));
            Assert.That(File.GetUnixFileMode(MachineKeys.In(lab, "user")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
            Assert.That(await File.ReadAllTextAsync(MachineKeys.In(lab, "known_hosts")), Is.EqualTo($"orchestrator-lab {host.Trim()}\n"));

            // What ssh itself makes of it.
            string[] settings = (await Orchestrator.Lab.Processes.Tool.RunAsync(
                Orchestrator.Lab.Processes.Tool.Require("ssh", "openssh-client"), ["-F", MachineKeys.In(lab, "config"), "-G", "lab-vdpa-d"], lab, CancellationToken.None)).Split('\n');
            Assert.That(settings, Is.SupersetOf(new[]
            {
                "hostname 127.0.0.1", "port 22083", "user root", "stricthostkeychecking true", "hostkeyalias orchestrator-lab",
                $"identityfile {MachineKeys.In(lab, "user")}", $"userknownhostsfile {MachineKeys.In(lab, "known_hosts")}",
            }));
        }
        finally
        {
            Directory.Delete(lab, recursive: true);
        }
    }

    [Test]
    public void Every_file_of_the_recipe_travels_in_the_assembly()
    {
        foreach (string file in MachineRecipe.Files)
        {
            Assert.That(GuestRecipe.Read(file), Is.Not.Empty, file);
        }
    }

    [Test]
    public void A_lab_without_hosts_and_without_machines_is_refused()
    {
        var options = new LabFixture().Options with { Hosts = 0 };
        Assert.That(async () => await VirtualLab.StartAsync(options), Throws.TypeOf<LabException>().With.Message.Contains("1 to 16"));
    }
}
