using System.Xml.Linq;
using Libvirt.Xml;

namespace Storm;

/// <summary>A guest of the storm: its definition, and the devices that come and go.</summary>
/// <param name="Number">From 0.</param>
/// <param name="Uuid">The domain.</param>
/// <param name="Definition">Its document, without any of the devices.</param>
internal sealed record StormGuest(int Number, Guid Uuid, string Definition)
{
    private const int Ports = 6;

    internal string Name => NameOf(Number);

    /// <summary>A machine without a disk: it stops in its firmware, needs hardly anything, and listens to no button and no request for a device.</summary>
    internal static StormGuest WithoutSystem(int number, string architecture)
    {
        var uuid = Guid.NewGuid();
        string machine = architecture == "x86_64" ? "q35" : "virt";
        string ports = string.Concat(Enumerable.Repeat("<controller type='pci' model='pcie-root-port'/>", Ports));
        return new(number, uuid, $"""
            <domain type='qemu'>
              <name>{NameOf(number)}</name>
              <uuid>{uuid}</uuid>
              <memory unit='MiB'>64</memory>
              <os><type arch='{architecture}' machine='{machine}'>hvm</type></os>
              <features><acpi/></features>
              <devices>
                <controller type='usb' model='none'/>
                <controller type='pci' model='pcie-root'/>
                {ports}
                <memballoon model='none'/>
              </devices>
            </domain>
            """);
    }

    internal static StormGuest Read(string folder, int number)
    {
        DomainDocument document = DomainDocument.LoadFile(FileOf(folder, number));
        return new(number, document.Uuid ?? throw new InvalidDataException($"guest {number} has no UUID"), document.ToString());
    }

    internal void Write(string folder) => File.WriteAllText(FileOf(folder, Number), Definition);

    internal static string NameOf(int number) => $"storm-{number}";

    /// <summary>A device, the same in every attach and detach, so that it is known again.</summary>
    internal DeviceDocument Device(StormDevices device) => DeviceDocument.Parse(device switch
    {
        StormDevices.Nic => $"<interface type='user'><mac address='{Mac}'/><model type='virtio'/><alias name='ua-nic'/></interface>",
        _ => $"<rng model='virtio'><backend model='random'>/dev/urandom</backend><alias name='ua-{device.ToString().ToLowerInvariant()}'/></rng>",
    });

    /// <summary>Which of the storm's devices a document has.</summary>
    internal static StormDevices DevicesOf(string? xml)
    {
        if (xml is null)
        {
            return StormDevices.None;
        }

        HashSet<string> aliases = [.. DomainDocument.Parse(xml).Root.Elements("devices").Elements().Elements("alias").Attributes("name").Select(name => name.Value)];
        return Enum.GetValues<StormDevices>().Where(device => aliases.Contains($"ua-{device.ToString().ToLowerInvariant()}")).Aggregate(StormDevices.None, (all, device) => all | device);
    }

    private string Mac => $"52:54:00:5f:00:{Number:x2}";

    private static string FileOf(string folder, int number) => Path.Combine(folder, $"{NameOf(number)}.xml");
}
