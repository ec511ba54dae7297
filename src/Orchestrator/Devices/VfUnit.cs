using System.Globalization;
using System.Text;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>A systemd unit that does at each boot what a reboot loses: numbers of functions, loaded modules, drivers.</summary>
public static class VfUnit
{
    /// <summary>The unit that gives a physical function a number of virtual ones.</summary>
    /// <param name="function">The physical function.</param>
    /// <param name="count">The number.</param>
    public static string ForCount(PhysicalFunction function, int count) => Text(
        string.Create(CultureInfo.InvariantCulture, $"{count} virtual functions of {function.Address}"),
        $"vf-count-{function.Address.Replace(':', '-')}",
        [.. Comment(function)],
        [Count(function, count)]);

    /// <summary>The unit that binds functions to a driver, and makes them first.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="inventory">Its functions.</param>
    /// <param name="functions">The functions to bind.</param>
    /// <param name="driver">The driver.</param>
    public static string ForBind(HostFiles files, SriovInventory inventory, IReadOnlyList<VirtualFunction> functions, string driver)
    {
        PhysicalFunction[] parents = [.. inventory.PhysicalFunctions.Where(parent => functions.Any(function => function.PhysicalFunction == parent.Address))];
        var lines = new List<string>();
        lines.AddRange(parents.Select(parent => Count(parent, parent.NumVfs)));
        lines.Add(Load(files, driver));
        if (driver == VfDriver.VfioPci && functions.Any(function => function.Engine is not null) && VfDriver.LoadCommand(files, VfDriver.MigrationModule) is not null)
        {
            lines.Add(Load(files, VfDriver.MigrationModule));
        }

        foreach (VirtualFunction function in functions)
        {
            string folder = $"{Sysfs.PciDevices}/{function.Address}";
            lines.Add(Shell($"if [ -e {folder}/driver ]; then echo {function.Address} > {folder}/driver/unbind; fi"));
            lines.Add(Shell($"echo {driver} > {folder}/driver_override"));
            lines.Add(Shell($"echo {function.Address} > /sys/bus/pci/drivers_probe"));
        }

        return Text($"{driver} for {string.Join(", ", functions.Select(function => function.Address))}", "vf-bind", [.. parents.SelectMany(Comment)], lines);
    }

    private static IEnumerable<string> Comment(PhysicalFunction function) => function is { PfQNum: { } queues, Engine: { } engine }
        ? [string.Create(CultureInfo.InvariantCulture, $"# In /etc/modprobe.d/{Accelerator.DriverOf(engine)}.conf: options {Accelerator.DriverOf(engine)} pf_q_num={queues}")]
        : [];

    private static string Count(PhysicalFunction function, int count)
    {
        string path = VfDecision.CountPath(function);
        return Shell(string.Create(CultureInfo.InvariantCulture, $"grep -qx {count} {path} || echo {count} > {path}"));
    }

    /// <summary>A module that is loaded already is no failure (the '-'); one of the vendor's build is loaded by its path, under the kernel of the day ('$$' is a '$').</summary>
    private static string Load(HostFiles files, string driver)
    {
        string command = VfDriver.LoadCommand(files, driver) ?? $"modprobe {driver}";
        string release = files.ReadText("/proc/sys/kernel/osrelease") ?? "";
        return "-" + Shell(release.Length == 0 ? command : command.Replace($"/{release}/", "/$$(uname -r)/", StringComparison.Ordinal));
    }

    private static string Shell(string command) => $"/bin/sh -c '{command}'";

    private static string Text(string description, string name, IReadOnlyList<string> comments, IReadOnlyList<string> lines)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Save as /etc/systemd/system/{name}.service, then: systemctl daemon-reload; systemctl enable {name}.service\n");
        text.AppendJoin("", comments.Distinct().Select(comment => comment + "\n"));
        text.Append(CultureInfo.InvariantCulture, $"[Unit]\nDescription={description}\nAfter=systemd-modules-load.service systemd-udev-settle.service\nBefore=libvirtd.service virtqemud.service\n\n");
        text.Append("[Service]\nType=oneshot\nRemainAfterExit=yes\n");
        text.AppendJoin("", lines.Select(line => $"ExecStart={line}\n"));
        text.Append("\n[Install]\nWantedBy=multi-user.target\n");
        return text.ToString();
    }
}
