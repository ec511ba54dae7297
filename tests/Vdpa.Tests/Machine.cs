using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Orchestrator.Lab;

namespace Vdpa.Tests;

/// <summary>What tests make in the machine, with the tool, and what is left of it.</summary>
internal static class Machine
{
    /// <summary>The SR-IOV card.</summary>
    internal const string Card = "0000:41:00.0";

    /// <summary>Makes one device of a kind for a host.</summary>
    /// <returns>What the guest's document names: the node, or the function's address.</returns>
    internal static async Task<string> CreateAsync(DeviceKind kind, string host, string name)
    {
        if (kind == DeviceKind.Function)
        {
            await Tool.DoAsync("-c", host, "vf", "enable", Card, "--count", "2", "--if-needed");
            return $"0000:41:{(name.EndsWith('a') ? "10.0" : "10.2")}";
        }

        if (kind == DeviceKind.Vduse)
        {
            // The device's other half: a process of the machine that serves its requests.
            await VdpaLab.ShellAsync(
                host,
                $"setsid qemu-storage-daemon --blockdev driver=null-co,node-name=n,size=67108864,read-zeroes=on --export type=vduse-blk,id=x,node-name=n,name={name},writable=on,queue-size=1024 "
                + $"--pidfile /run/{name}.pid </dev/null >/run/{name}.log 2>&1 & for i in $(seq 200); do [ -e /dev/vduse/{name} ] && exit 0; sleep 0.1; done; cat /run/{name}.log; exit 1");
        }

        await Tool.DoAsync(["-c", host, "vdpa", "create", name, .. kind.Devices]);
        return (await DeviceAsync(host, name)).GetProperty("char_device").GetString()!;
    }

    /// <summary>Deletes what <see cref="CreateAsync"/> made.</summary>
    internal static async Task DeleteAsync(DeviceKind kind, string host, string name)
    {
        if (kind == DeviceKind.Function)
        {
            await Tool.DoAsync("-c", host, "vf", "enable", Card, "--count", "0", "--if-needed");
            return;
        }

        await Tool.DoAsync("-c", host, "vdpa", "delete", name, "--if-needed");
        if (kind == DeviceKind.Vduse)
        {
            await VdpaLab.ShellAsync(host, $"[ ! -e /run/{name}.pid ] || kill $(cat /run/{name}.pid)");
        }
    }

    /// <summary>A device as <c>vdpa list</c> tells of it.</summary>
    internal static async Task<JsonElement> DeviceAsync(string host, string name) =>
        (await Tool.DoAsync("-c", host, "--json", "vdpa", "list")).Json.GetProperty("devices").EnumerateArray().Single(device => device.GetProperty("name").GetString() == name);

    /// <summary>A device's document.</summary>
    internal static string Document(DeviceKind kind, string resource) => string.Format(
        CultureInfo.InvariantCulture, kind.Document, kind == DeviceKind.Function ? $"domain='0' bus='0x41' slot='0x{resource[8..10]}' function='0x{resource[11..]}'" : resource);

    /// <summary>Writes a document where the tool can read it.</summary>
    internal static string Write(string name, string text)
    {
        string file = Path.Combine(VdpaLab.Files, name);
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>A guest, defined and not started, with those of the devices that its document can have.</summary>
    internal static Task DefineAsync(string host, string guest, params IReadOnlyList<GivenDevice> devices)
    {
        XNamespace qemu = "http://libvirt.org/schemas/domain/qemu/1.0";
        XElement document = VirtualLab.MachineGuestDocument(new() { Name = guest, MemoryMiB = 192, Shell = true, SharedMemory = true });
        // What it says, where the machine's shell can read it.
        document.Element("devices")!.Elements("serial").First().Add(new XElement("log", new XAttribute("file", TicksOf(guest)), new XAttribute("append", "off")));
        foreach ((DeviceKind kind, string resource) in devices)
        {
            if (kind.Way == Way.Defined)
            {
                document.Element("devices")!.Add(XElement.Parse(Document(kind, resource)));
            }
            else if (kind.Way == Way.Argument)
            {
                document.Element(qemu + "commandline")!.Add(((string[])["-device", Document(kind, resource)]).Select(value => new XElement(qemu + "arg", new XAttribute("value", value))));
            }
        }

        return Tool.DoAsync("-c", host, "domain", "define", Write($"{guest}.xml", document.ToString()));
    }

    /// <summary>Waits until a guest has booted and ticks: what is done to one that boots may end the machine (docs/vdpa-lab.md).</summary>
    internal static Task BootedAsync(string host, string guest) =>
        VdpaLab.ShellAsync(host, $"for i in $(seq 1200); do [ $(grep -c '^T ' {TicksOf(guest)} 2>/dev/null || true) -gt 20 ] && exit 0; sleep 0.1; done; tail {TicksOf(guest)}; exit 1");

    /// <summary>Waits until a device works in a guest, as its shell tells on the second serial port.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="guest">The guest.</param>
    /// <param name="kind">The device.</param>
    /// <param name="address">The device's address in the guest, or the bus that is its own: <c>pci.6</c>.</param>
    internal static async Task WorksAsync(string host, string guest, DeviceKind kind, string address)
    {
        string folder = $"/sys/bus/pci/devices/{(address.StartsWith("pci.", StringComparison.Ordinal) ? $"0000:{int.Parse(address[4..], CultureInfo.InvariantCulture):x2}:00.0" : address)}";
        // The terminal echoes the command, in which the words of the answer must not stand.
        string command = $"for i in $(seq 120); do (cd {folder} && {kind.Probe}) 2>/dev/null && echo PROBE $((6 * 7)) && break; sleep 1; done; echo END $((6 * 7))";
        string answer = await VdpaLab.ShellAsync(
            host,
            $"port=$(virsh dumpxml -- {guest} | grep \"<source path='/dev/pts/\" | sed -n \"2s/.*'\\(.*\\)'.*/\\1/p\"); exec 3<>$port; cat >&3 <<'END'\n{command}\nEND\ntimeout --foreground 300 sed '/END 42/q' <&3");
        Assert.That(answer, Does.Contain("PROBE 42"), $"{kind} at {address}");
    }

    private static string TicksOf(string guest) => $"/var/log/libvirt/qemu/{guest}.ticks";

    /// <summary>Ends a guest wherever it is, and everything that any test could have made.</summary>
    internal static async Task CleanAsync()
    {
        foreach (string host in (string[])[VdpaLab.A, VdpaLab.B])
        {
            await VdpaLab.ShellAsync(host, "for d in $(virsh list --name); do virsh -q destroy $d; done; for d in $(virsh list --all --name); do virsh -q undefine $d; done");
        }

        await VdpaLab.ShellAsync(VdpaLab.A, $"for d in $(ls /sys/bus/vdpa/devices); do vdpa dev del $d; done; for p in /run/v*.pid; do [ ! -e $p ] || kill $(cat $p); done; rm -f /run/v*.pid; echo 0 >/sys/bus/pci/devices/{Card}/sriov_numvfs");
    }

    /// <summary>What is in the machine that was not there when it had just come up: devices, their nodes, processes that have them open, guests.</summary>
    internal static Task<string> LeftAsync() => VdpaLab.ShellAsync(
        VdpaLab.A,
        $"ls /sys/bus/vdpa/devices; ls /dev | grep vhost-vdpa; find /proc/[0-9]*/fd -lname '/dev/vhost-vdpa*' 2>/dev/null; pgrep -a qemu; cat /sys/bus/pci/devices/{Card}/sriov_numvfs | grep -v '^0$'; true");
}
