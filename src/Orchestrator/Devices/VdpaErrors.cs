using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Devices;

/// <summary>What the <c>vdpa</c> tool's errors mean. Its exit code is 1 for all of them: the text is all there is.</summary>
internal static partial class VdpaErrors
{
    // VDPA_ATTR_DEV_* of linux/vdpa.h: the kernel names unsupported attributes by a mask of these bits.
    private static readonly (int Bit, string Name)[] Attributes = [(10, "mac"), (12, "max_vqp"), (13, "mtu"), (20, "device_features")];

    // From the special to the general: "kernel answers" follows the kernel's own explanation, where it gives one.
    private static readonly (string Text, HostDeviceProblem Problem, string Remedy)[] Known =
    [
        ("Failed to connect to vdpa Netlink", HostDeviceProblem.ModuleNotLoaded, "Load the kernel's vDPA bus: modprobe vdpa (and the vendor's driver, and vhost_vdpa)."),
        ("Fail to find the specified management device", HostDeviceProblem.NoManagementDevice,
            "See what there is: orchestrator vdpa mgmt. One on the PCI bus is written pci/0000:08:01.1."),
        ("device not found", HostDeviceProblem.NotFound, "See what there is: orchestrator vdpa list."),
        ("Some provided attributes are not supported", HostDeviceProblem.NotSupported,
            "Leave them out: the management device's driver does not take them (orchestrator vdpa mgmt shows its features)."),
        ("feature negotiation not complete", HostDeviceProblem.NotNegotiated, "Ask again when a guest's driver is up."),
        ("Features negotiation not completed", HostDeviceProblem.NotNegotiated, "Ask again when a guest's driver is up."), // Linux 5.17 to 6.0
        ("is invalid lladdr", HostDeviceProblem.InvalidInput, "Write a MAC address as 52:54:00:12:34:56."),
        ("management device handle not set", HostDeviceProblem.InvalidInput, "Name the management device: --mgmtdev."),
        ("device name is not set", HostDeviceProblem.InvalidInput, "Name the device."),
        ("String parameter expected", HostDeviceProblem.InvalidInput, "Name the device."),
        ("kernel answers: File exists", HostDeviceProblem.AlreadyExists, "Choose another name, or take the one that is there: --if-needed."),
        ("kernel answers: Operation not permitted", HostDeviceProblem.PermissionDenied, "Do it as root: it needs CAP_NET_ADMIN."),
        ("kernel answers: Device or resource busy", HostDeviceProblem.InUse, "End what uses it: orchestrator vdpa list shows who."),
        ("kernel answers: Resource temporarily unavailable", HostDeviceProblem.NotNegotiated, "Ask again when a guest's driver is up."),
        ("kernel answers: Invalid argument", HostDeviceProblem.InvalidArgument, "The driver refused a value; the kernel's log (dmesg) may tell which."),
        ("kernel answers: No such device", HostDeviceProblem.NotFound, "See what there is: orchestrator vdpa list."),
        ("kernel answers: Operation not supported", HostDeviceProblem.NotSupported, "The driver, or this kernel, cannot do it."),
        ("\" not found", HostDeviceProblem.ToolTooOld, "Install a newer iproute2: `dev config show` and `dev vstats show` came after 5.12."),
    ];

    /// <summary>What an error means.</summary>
    /// <param name="arguments">The tool's arguments.</param>
    /// <param name="exitCode">Its exit code.</param>
    /// <param name="error">What it wrote to standard error.</param>
    internal static HostDeviceException Explain(IReadOnlyList<string> arguments, int exitCode, string error)
    {
        string text = string.Join(" / ", error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        string command = $"vdpa {string.Join(' ', arguments)}";
        (_, HostDeviceProblem problem, string? remedy) = Known.FirstOrDefault(known => text.Contains(known.Text, StringComparison.Ordinal));
        string attributes = problem == HostDeviceProblem.NotSupported && NamesOf(text) is { Length: > 0 } names ? $" (that is {names})" : "";
        return new(
            problem,
            text.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"{command} failed with exit code {exitCode} and said nothing.") : $"{command} failed: {text}{attributes}",
            remedy ?? $"Try it by hand: {command}");
    }

    private static string NamesOf(string text)
    {
        if (Mask().Match(text) is not { Success: true } match || !ulong.TryParse(match.Groups["mask"].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong mask))
        {
            return "";
        }

        return string.Join(", ", Attributes.Where(attribute => (mask >> attribute.Bit & 1) != 0).Select(attribute => attribute.Name));
    }

    [GeneratedRegex("not supported: 0x(?<mask>[0-9a-fA-F]{1,16})", RegexOptions.CultureInvariant)]
    private static partial Regex Mask();
}
