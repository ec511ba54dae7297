namespace Orchestrator.Hosts;

/// <summary>
/// Every command that is run as root on a machine that is reached over SSH. <c>samples/sudoers/orchestrator</c> lets an account run these and no others; a test compares the two.
/// </summary>
internal static class RootCommands
{
    /// <summary>The system daemon's settings: Debian lets root alone read them.</summary>
    internal const string QemuConfiguration = "/etc/libvirt/qemu.conf";

    /// <summary>The folder of the logs of the system daemon's guests.</summary>
    internal const string Logs = "/var/log/libvirt/qemu";

    /// <summary>Prints which process has which device node open, both ended by a NUL: root alone sees other accounts' descriptors, and thousands of links are one command's work.</summary>
    internal static IReadOnlyList<string> OpenDevices { get; } =
        ["find", "/proc", "-mindepth", "1", "-maxdepth", "3", "-path", "/proc/*/fd/*", "-lname", "/dev/*", "-printf", @"%p\0%l\0", "-o", "-path", "/proc/*/fd", "-o", "-path", "/proc/*/*", "-prune"];

    /// <summary>Lists the logs.</summary>
    internal static IReadOnlyList<string> ListLogs { get; } = ["ls", "-A", Logs];

    /// <summary>Reads the settings.</summary>
    internal static IReadOnlyList<string> ReadConfiguration { get; } = ["cat", QemuConfiguration];

    /// <summary>Fetches the end of a guest's log.</summary>
    internal static IReadOnlyList<string> LogEnd(string path, int bytes) => ["tail", "-c", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes}"), "--", path];

    /// <summary>Writes its standard input to an attribute of sysfs.</summary>
    internal static IReadOnlyList<string> Write(string path) => ["tee", path];

    /// <summary>Opens a device node and reads nothing: the kernel refuses when somebody has it.</summary>
    internal static IReadOnlyList<string> Open(string node) => ["dd", $"if={node}", "count=0"];

    /// <summary>Makes or deletes a vDPA device.</summary>
    internal static IReadOnlyList<string> Vdpa(IReadOnlyList<string> arguments) => ["vdpa", .. arguments];

    /// <summary>Reads a setting of the kernel, for a night that changes it: a few are root's alone to read.</summary>
    internal static IReadOnlyList<string> ReadSysctl(string name) => ["sysctl", "-n", "--", name];

    /// <summary>Sets a setting of the kernel, for a night that asks for it.</summary>
    internal static IReadOnlyList<string> SetSysctl(string name, string value) => ["sysctl", "-q", "-w", $"{name}={value}"];
}
