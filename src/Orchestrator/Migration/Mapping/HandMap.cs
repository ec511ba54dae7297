using Libvirt.Xml;
using Libvirt.Xml.Devices;

namespace Orchestrator.Migration.Mapping;

/// <summary>Finds what the words of a mapping by hand mean.</summary>
internal static class HandMap
{
    /// <summary>The device of the source that a word means; <see langword="null"/> for none.</summary>
    internal static DomainDevice? Find(string word, IReadOnlyList<DomainDevice> devices, DeviceInventory source)
    {
        string? address = PciAddress.TryParse(word, out PciAddress pci) ? $"{pci}" : null;
        string? node = source.Vdpa?.FirstOrDefault(device => device.Name == word)?.CharDevice;
        return devices.FirstOrDefault(device => device.HostResource == word
            || (address is not null && device.HostResource == address)
            || (node is not null && device.HostResource == node)
            || device.Alias == word
            || (device as CommandLineDevice)?.Id == word
            || ((device as InterfaceDevice)?.Mac ?? (device as VhostVdpaNetwork)?.Mac)?.Equals(word, StringComparison.OrdinalIgnoreCase) == true);
    }

    /// <summary>What is wrong with the mappings as a whole; empty when nothing is.</summary>
    internal static IEnumerable<string> Problems(IReadOnlyList<DeviceMapEntry> entries, IReadOnlyList<DomainDevice> devices, DeviceInventory source)
    {
        var taken = new Dictionary<DomainDevice, DeviceMapEntry>(ReferenceEqualityComparer.Instance);
        foreach (DeviceMapEntry entry in entries)
        {
            if (Find(entry.Source, devices, source) is not { } device)
            {
                yield return $"--map {entry}: the domain has no device {entry.Source}; {(devices.Count == 0 ? "it has none that could be mapped" : $"it has {string.Join(", ", devices.Select(Name))}")}";
            }
            else if (!taken.TryAdd(device, entry))
            {
                yield return $"--map {entry}: {device.HostResource} is mapped twice, the other time to {taken[device].Destination}";
            }
        }
    }

    /// <summary>The node, address or socket that a destination's word means.</summary>
    internal static string Resolve(string word, DomainDevice device, DeviceInventory destination) => device switch
    {
        PciHostDevice or HostdevInterface => PciAddress.TryParse(word, out PciAddress pci) ? $"{pci}" : word,
        VhostUserDisk or VhostUserInterface => word,
        _ => destination.Vdpa?.FirstOrDefault(candidate => candidate.Name == word)?.CharDevice ?? word,
    };

    /// <summary>The mappings that a document given by hand stands for: what each device uses in it, found by the device's place in the guest, or among the devices of its kind.</summary>
    internal static IReadOnlyList<DeviceMapEntry> Of(IReadOnlyList<DomainDevice> source, IReadOnlyList<DomainDevice> given)
    {
        var entries = new List<DeviceMapEntry>();
        foreach (DomainDevice device in source)
        {
            DomainDevice[] alike = [.. given.Where(other => other.GetType() == device.GetType())];
            DomainDevice? same = device.GuestAddress is { } place ? alike.FirstOrDefault(other => other.GuestAddress == place) : null;
            int index = source.Where(other => other.GetType() == device.GetType()).TakeWhile(other => !ReferenceEquals(other, device)).Count();
            if ((same ?? alike.ElementAtOrDefault(index))?.HostResource is { } resource)
            {
                entries.Add(new(device.HostResource!, resource));
            }
        }

        return entries;
    }

    private static string Name(DomainDevice device) => $"{device.HostResource} ({device.Kind}{(device.Alias is { } alias ? $", {alias}" : "")})";
}
