using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Devices;

/// <summary>A vDPA device to make. Construction does not check it: <see cref="Validate"/> does.</summary>
public sealed partial record VdpaRequest
{
    /// <summary>The kernel takes longer ones, but libvirt, logs and tables carry the name too: the length of a host name's label is enough for anybody.</summary>
    private const int MaxNameLength = 63;

    /// <summary>The device's name.</summary>
    public required string Name { get; init; }

    /// <summary>What to make it on.</summary>
    public required string ManagementDevice { get; init; }

    /// <summary>The MAC address; <see langword="null"/> for the driver's choice.</summary>
    public string? Mac { get; init; }

    /// <summary>The MTU in bytes; <see langword="null"/> for the driver's choice.</summary>
    public int? Mtu { get; init; }

    /// <summary>How many pairs of virtqueues at most; <see langword="null"/> for the driver's choice.</summary>
    public int? MaxVirtqueuePairs { get; init; }

    /// <summary>The arguments that make the tool make it.</summary>
    internal IReadOnlyList<string> Arguments =>
    [
        "dev", "add", "name", Name, "mgmtdev", ManagementDevice,
        .. Mac is null ? Array.Empty<string>() : ["mac", Mac],
        .. Mtu is not { } mtu ? Array.Empty<string>() : ["mtu", mtu.ToString(CultureInfo.InvariantCulture)],
        .. MaxVirtqueuePairs is not { } pairs ? Array.Empty<string>() : ["max_vqp", pairs.ToString(CultureInfo.InvariantCulture)],
    ];

    /// <summary>Refuses what the tool would take and make something else of: a MAC of zeros, <c>a/b</c> as a name (it becomes <c>a!b</c>), a name of any length.</summary>
    /// <exception cref="HostDeviceException">A value is not valid; the message names it.</exception>
    public void Validate()
    {
        ValidateName(Name);
        if (!ManagementName().IsMatch(ManagementDevice) || ManagementDevice.Split('/').Any(part => part is "." or ".."))
        {
            throw Invalid($"'{ManagementDevice}' is no management device", "Write it as orchestrator vdpa mgmt shows it: pci/0000:08:01.1, vdpasim_net.");
        }

        if (Mac is not null && !MacAddress().IsMatch(Mac))
        {
            throw Invalid($"'{Mac}' is no MAC address", "Write it as 52:54:00:12:34:56.");
        }

        if (Mac is not null && (Mac.All(c => c is '0' or ':') || Convert.ToByte(Mac[..2], 16) % 2 == 1))
        {
            throw Invalid($"'{Mac}' is no MAC address of one network card", "All zeros means none, an odd first byte a group. Take one like 52:54:00:12:34:56.");
        }

        if (Mtu is < 68 or > 65535)
        {
            throw Invalid(string.Create(CultureInfo.InvariantCulture, $"an MTU of {Mtu} bytes does not exist"), "It is 68 to 65535 bytes, as virtio has it.");
        }

        if (MaxVirtqueuePairs is < 1 or > 0x8000)
        {
            throw Invalid(string.Create(CultureInfo.InvariantCulture, $"{MaxVirtqueuePairs} pairs of virtqueues do not exist"), "It is 1 to 32768, as virtio has it.");
        }
    }

    /// <summary>Refuses what is no name of a vDPA device.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="HostDeviceException">It is none.</exception>
    public static void ValidateName(string name)
    {
        if (!DeviceName().IsMatch(name) || name.Length > MaxNameLength)
        {
            throw Invalid(
                name.Length > MaxNameLength ? string.Create(CultureInfo.InvariantCulture, $"a name of {name.Length} characters is too long for a vDPA device") : $"'{name}' is no name for a vDPA device",
                string.Create(CultureInfo.InvariantCulture, $"Take letters, digits, '_', '.', ':' and '-', beginning with a letter or digit, {MaxNameLength} at most: vdpa0."));
        }
    }

    /// <summary>How a device differs from what was asked for; empty when it doesn't. What was not asked for is no difference.</summary>
    internal IReadOnlyList<string> DifferencesTo(VdpaDevice device)
    {
        var found = new List<string>();
        if (device.ManagementDevice is { } management && management != ManagementDevice)
        {
            found.Add($"its management device is {management}, not {ManagementDevice}");
        }

        if (Mac is not null && !string.Equals(Mac, device.Mac, StringComparison.OrdinalIgnoreCase))
        {
            found.Add($"its MAC is {device.Mac ?? "not told"}, not {Mac}");
        }

        if (Mtu is { } mtu && mtu != device.Mtu)
        {
            found.Add(string.Create(CultureInfo.InvariantCulture, $"its MTU is {(device.Mtu is { } actual ? actual : "not told")}, not {mtu}"));
        }

        // A device without the feature MQ has one pair and does not say so.
        int? actualPairs = device.MaxVirtqueuePairs ?? (device.ConfigurationTold ? 1 : null);
        if (MaxVirtqueuePairs is { } pairs && pairs != actualPairs)
        {
            found.Add(string.Create(CultureInfo.InvariantCulture, $"{(actualPairs is { } count ? $"it has {count} pair(s) of virtqueues" : "how many pairs of virtqueues it has is not told")}, not {pairs}"));
        }

        return found;
    }

    private static HostDeviceException Invalid(string message, string remedy) => new(HostDeviceProblem.InvalidInput, message, remedy);

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_.:-]*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex DeviceName();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_.:-]*(?:/[A-Za-z0-9][A-Za-z0-9_.:-]*)?\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ManagementName();

    [GeneratedRegex("^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex MacAddress();
}
