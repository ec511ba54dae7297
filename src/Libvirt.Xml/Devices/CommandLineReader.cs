using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>Finds the devices among the arguments that a domain passes through to QEMU.</summary>
internal static class CommandLineReader
{
    internal static IEnumerable<DeviceSlot> Read(XElement domain, ICollection<DeviceProblem>? problems)
    {
        List<XElement> arguments = QemuCommandLine.Arguments(domain);
        List<(int Index, bool Device, QemuOptions Options)> options = [];
        for (var i = 0; i < arguments.Count; i++)
        {
            string option = QemuCommandLine.Text(arguments[i]);
            if (!IsOption(option))
            {
                continue;
            }

            if (i + 1 == arguments.Count || IsOption(QemuCommandLine.Text(arguments[i + 1])))
            {
                new DeviceElement(arguments[i], PathOf(i), problems).Error($"'{option}' has no value: QEMU would take the next argument for it", "value");
                continue;
            }

            bool device = IsDevice(option);
            if (QemuOptions.Parse(QemuCommandLine.Text(arguments[i + 1]), device ? "driver" : "type") is { } parsed)
            {
                options.Add((i, device, parsed));
            }

            i++;
        }

        var networks = new Dictionary<string, (int Index, QemuOptions Options)>(StringComparer.Ordinal);
        HashSet<int> iommus = [.. options.Where(option => option.Device && option.Options["driver"] == "intel-iommu").Select(option => option.Index)];
        foreach ((int index, _, QemuOptions network) in options.Where(option => !option.Device))
        {
            networks.TryAdd(network["id"] ?? "", (index, network));
        }

        foreach ((int index, _, QemuOptions device) in options.Where(option => option.Device))
        {
            var place = new DeviceElement(arguments[index + 1], PathOf(index + 1), problems);
            if (GenericVdpaDevice.Is(device))
            {
                yield return new(GenericVdpaDevice.Read(device, place), place, Pair(index));
            }
            else if (VdpaNetSimulation.Is(device))
            {
                bool hasNetwork = networks.TryGetValue(device["netdev"] ?? "", out (int Index, QemuOptions Options) network);
                bool hasIommu = hasNetwork && iommus.Contains(network.Index - 2);
                yield return new(
                    VdpaNetSimulation.Read(device, hasNetwork ? network.Options : null, hasIommu, place),
                    place,
                    [.. hasIommu ? Pair(network.Index - 2) : [], .. hasNetwork ? Pair(network.Index) : [], .. Pair(index)]);
            }
            else if (networks.TryGetValue(device["netdev"] ?? "", out (int Index, QemuOptions Options) network) && VhostVdpaNetwork.Is(device, network.Options))
            {
                var networkPlace = new DeviceElement(arguments[network.Index + 1], PathOf(network.Index + 1), problems);
                yield return new(VhostVdpaNetwork.Read(device, network.Options, networkPlace), networkPlace, [.. Pair(network.Index), .. Pair(index)]);
            }
        }

        XElement[] Pair(int index) => [arguments[index], arguments[index + 1]];
    }

    /// <summary>The ids of all devices among the arguments, also of those that are no kind of ours.</summary>
    internal static IEnumerable<string> DeviceIds(XElement domain)
    {
        List<string> arguments = [.. QemuCommandLine.Arguments(domain).Select(QemuCommandLine.Text)];
        return arguments.Zip(arguments.Skip(1))
            .Where(pair => IsDevice(pair.First))
            .Select(pair => QemuOptions.Parse(pair.Second, "driver")?["id"])
            .OfType<string>();
    }

    private static bool IsDevice(string option) => option is "-device" or "--device";

    private static bool IsOption(string option) => IsDevice(option) || option is "-netdev" or "--netdev";

    private static string PathOf(int argument) => string.Create(CultureInfo.InvariantCulture, $"/domain/qemu:commandline/qemu:arg[{argument + 1}]");
}
