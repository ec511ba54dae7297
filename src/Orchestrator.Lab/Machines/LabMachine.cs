using System.Globalization;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Images;
using Orchestrator.Lab.Processes;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab.Machines;

/// <summary>
/// One emulated machine: a QEMU of ours, without KVM, in which a Debian kernel with vDPA simulators, an SR-IOV card and two libvirt hosts run. Its processors emulate AMD's
/// virtualization, so its own guests have KVM.
/// </summary>
internal sealed class LabMachine(string lab, int number, MachineRecord record)
{
    // Ports inside, fixed by the recipe (Machine/machine.sh): per host libvirt's and sshd's.
    private static readonly (int Tcp, int Ssh)[] Inside = [(16509, 22), (16510, 2222)];

    private const string UserMac = "52:54:00:4c:41:01";
    private const string NetworkFunction = "0000:42:00.0";
    private const string BlockFunction = "0000:43:00.0";

    // Twenty-five seconds on two idle processors.
    private static readonly TimeSpan BootPatience = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>The folder of the machine's files.</summary>
    public string Folder { get; } = Path.Combine(lab, string.Create(CultureInfo.InvariantCulture, $"m{number + 1}"));

    private string Monitor => Path.Combine(Folder, "qmp.sock");

    /// <summary>The letters of a machine's two hosts.</summary>
    public static IReadOnlyList<char> Letters(int number) => [(char)('a' + (2 * number)), (char)('b' + (2 * number))];

    /// <summary>A host's name.</summary>
    public static string HostName(char letter) => $"lab-vdpa-{letter}";

    /// <summary>Its hosts, for those that ask for them from here.</summary>
    public IEnumerable<LabHost> Hosts() => Letters(number).Select((letter, i) =>
    {
        var name = HostName(letter);
        var address = LinkAddress(number);
        return new LabHost(name, $"qemu+ssh://root@{name}/system?command={MachineKeys.In(lab, "ssh")}", Folder)
        {
            Machine = new(
                string.Create(CultureInfo.InvariantCulture, $"qemu+tcp://127.0.0.1:{MachinePorts.Tcp(record, i)}/system"),
                string.Create(CultureInfo.InvariantCulture, $"qemu+tcp://{address}:{Inside[i].Tcp}/system"),
                address, name, MachineKeys.In(lab, "config")),
        };
    });

    /// <summary>Starts the machine if it does not run, and waits until both hosts answer.</summary>
    /// <exception cref="LabException">It did not come up.</exception>
    public async Task StartAsync(MachineImage image, TimeProvider time, ILogger log, CancellationToken cancellationToken)
    {
        if (await Daemon.AcceptsAsync(Monitor, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        Log.StartingMachine(log, number + 1);
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(Folder, "config"), Configuration());
        File.Delete(Path.Combine(Folder, "disk"));
        await Tool.RunAsync(
            Tool.Require("qemu-img", "qemu-utils"), ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", image.Disk, Path.Combine(Folder, "disk")], Folder, cancellationToken)
            .ConfigureAwait(false);
        await Daemon.StartAsync(
            new()
            {
                Command = [.. image.Emulator, .. Arguments(image)],
                Environment = new Dictionary<string, string> { ["PATH"] = Tool.SearchPath, ["HOME"] = Folder, ["LC_ALL"] = "C.UTF-8" },
                Account = new(Posix.EffectiveUserId, 0, IsOther: false),
                Log = Path.Combine(Folder, "qemu.log"),
                Socket = Monitor,
                Host = HostName(Letters(number)[0]),
            },
            time,
            cancellationToken).ConfigureAwait(false);
        foreach (var host in Hosts())
        {
            await WaitForAsync(host, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitForAsync(LabHost host, TimeProvider time, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + BootPatience;
        while (true)
        {
            try
            {
                // Over SSH, which is the last that a host starts.
                await LibvirtCall.RunAsync(host, connection => connection.GetCapabilities(), time, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is LibvirtException or LabException)
            {
                if (!await Daemon.AcceptsAsync(Monitor, cancellationToken).ConfigureAwait(false))
                {
                    throw new LabException($"The emulated machine of {host.Name} has ended. {LogTail.Quote(Path.Combine(Folder, "qemu.log"))}", host: host.Name, innerException: e);
                }

                if (time.GetUtcNow() > deadline)
                {
                    throw new LabException(
                        $"{host.Name} did not answer within {BootPatience.TotalSeconds:0} s: {e.Message} {LogTail.Quote(Path.Combine(Folder, "console"))}", host: host.Name, innerException: e);
                }

                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // What Machine/machine.sh reads.
    private string Configuration()
    {
        var letters = Letters(number);
        return string.Create(CultureInfo.InvariantCulture, $"""
            HOST_A={HostName(letters[0])}
            HOST_B={HostName(letters[1])}
            UUID_A={record.HostUuids[0]}
            UUID_B={record.HostUuids[1]}
            USER_MAC={UserMac}
            LINK_MAC={LinkMac(number)}
            LINK_ADDRESS={LinkAddress(number)}
            VDPA_FUNCTIONS="{NetworkFunction} {BlockFunction}"

            """);
    }

    private string[] Arguments(MachineImage image)
    {
        var forwards = string.Concat(Inside.Select((ports, i) => string.Create(
            CultureInfo.InvariantCulture,
            $",hostfwd=tcp:127.0.0.1:{MachinePorts.Tcp(record, i)}-:{ports.Tcp},hostfwd=tcp:127.0.0.1:{MachinePorts.Ssh(record, i)}-:{ports.Ssh}")));
        var link = Path.Combine(lab, "link.sock");
        return
        [
            "-name", HostName(Letters(number)[0]), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", $"file:{Path.Combine(Folder, "console")}", "-qmp", $"unix:{Monitor},server=on,wait=off",
            .. Posix.EffectiveUserId == 0 ? (string[])["-run-with", "user=nobody"] : [],

            // One processor: with two, its kernel panics under KVM (docs/vdpa-lab.md).
            "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,tb-size=1024", "-cpu", "max", "-smp", "1", "-m", "4096",
            "-object", "memory-backend-ram,id=m0,size=2048M", "-object", "memory-backend-ram,id=m1,size=2048M",
            "-numa", "node,nodeid=0,cpus=0,memdev=m0", "-numa", "node,nodeid=1,memdev=m1",
            "-device", "intel-iommu,intremap=on,caching-mode=on,snoop-control=on",
            "-kernel", image.Kernel, "-initrd", image.Initramfs,
            "-append", "console=ttyS0 quiet panic=1 net.ifnames=0 intel_iommu=on iommu=pt mitigations=off nokaslr",
            "-drive", $"if=none,id=disk,file={Path.Combine(Folder, "disk")},format=qcow2,cache=unsafe", "-device", "virtio-blk-pci,drive=disk",

            // Nothing leaves: forwarded ports of this machine's loopback, and the other machine.
            "-netdev", $"user,id=user,restrict=on{forwards}", "-device", $"virtio-net-pci,netdev=user,romfile=,mac={UserMac}",
            "-netdev", $"stream,id=link,server={(number == 0 ? "on" : "off,reconnect-ms=1000")},addr.type=unix,addr.path={link}", "-device", $"virtio-net-pci,netdev=link,romfile=,mac={LinkMac(number)}",

            // On NUMA node 1: an SR-IOV card, which stands for an accelerator, and two virtio functions for vp_vdpa, which stand for a SmartNIC's.
            "-device", "pxb-pcie,id=numa1,bus_nr=64,numa_node=1,bus=pcie.0",
            .. Enumerable.Range(1, 3).SelectMany(i => (string[])["-device", string.Create(CultureInfo.InvariantCulture, $"pcie-root-port,id=port{i},bus=numa1,chassis={i},slot={i}")]),
            "-netdev", "hubport,id=card,hubid=1", "-device", "igb,netdev=card,bus=port1,romfile=,mac=52:54:00:4c:41:10",
            "-netdev", "hubport,id=function,hubid=1",
            "-device", "virtio-net-pci,netdev=function,bus=port2,romfile=,disable-legacy=on,iommu_platform=on,ats=on,rx_queue_size=1024,mac=52:54:00:4c:41:20",
            "-drive", "if=none,id=function,file.driver=null-co,file.size=64M,format=raw",
            "-device", "virtio-blk-pci,drive=function,bus=port3,disable-legacy=on,iommu_platform=on,ats=on,queue-size=1024",

            "-fw_cfg", $"name=opt/orchestrator/config,file={Path.Combine(Folder, "config")}",
            "-fw_cfg", $"name=opt/orchestrator/user-key,file={MachineKeys.In(lab, "user.pub")}",
            "-fw_cfg", $"name=opt/orchestrator/host-key,file={MachineKeys.In(lab, "host")}",
        ];
    }

    private static string LinkAddress(int number) => string.Create(CultureInfo.InvariantCulture, $"10.77.0.{number + 1}");

    private static string LinkMac(int number) => string.Create(CultureInfo.InvariantCulture, $"52:54:00:4c:42:{number + 1:x2}");
}
