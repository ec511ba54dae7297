using System.Globalization;
using System.Text;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>A systemd unit that does at each boot what a reboot loses: numbers of functions, loaded modules, drivers.</summary>
public static class VfUnit
{
    private const int MostNamed = 12; // a file name has room for 255 bytes

    /// <summary>The unit that gives a physical function a number of virtual ones.</summary>
    /// <param name="files">The machine's files; <see langword="null"/> when they are not known: then no module is loaded but by the distribution's name.</param>
    /// <param name="function">The physical function.</param>
    /// <param name="count">The number.</param>
    public static string ForCount(HostFiles? files, PhysicalFunction function, int count) => Text(
        string.Create(CultureInfo.InvariantCulture, $"{count} virtual functions of {function.Address}"),
        $"vf-count-{Name(function.Address)}",
        [.. Comment(function)],
        [.. Engines(files, [function]), Count(function, count)]);

    /// <summary>The unit that binds functions to a driver, and makes them first. It is named by the functions: those of other functions stand beside it.</summary>
    /// <param name="files">The machine's files.</param>
    /// <param name="inventory">Its functions.</param>
    /// <param name="functions">The functions to bind.</param>
    /// <param name="driver">The driver.</param>
    public static string ForBind(HostFiles files, SriovInventory inventory, IReadOnlyList<VirtualFunction> functions, string driver)
    {
        PhysicalFunction[] parents = [.. inventory.PhysicalFunctions.Where(parent => functions.Any(function => function.PhysicalFunction == parent.Address))];
        var lines = new List<string>();
        lines.AddRange(Engines(files, parents));
        lines.AddRange(parents.Select(parent => Count(parent, parent.NumVfs)));
        if (driver != VfDriver.VfioPci && VfDriver.IsVendors(VfDriver.FindModule(files, driver)))
        {
            lines.Add(Load(files, VfDriver.VfioPci)); // brings vfio and vfio-pci-core, which insmod does not
        }

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

        return Text($"{driver} for {string.Join(", ", functions.Select(function => function.Address))}", NameOf(functions), [.. parents.SelectMany(Comment)], lines);
    }

    private static string NameOf(IReadOnlyList<VirtualFunction> functions) => functions.Count <= MostNamed
        ? $"vf-bind-{string.Join('_', functions.Select(function => Name(function.Address)))}"
        : string.Create(CultureInfo.InvariantCulture, $"vf-bind-{Name(functions[0].Address)}_to_{Name(functions[^1].Address)}_{functions.Count}");

    private static string Name(string address) => address.Replace(':', '-');

    /// <summary>Loads the drivers of the engines, with what the vendor's build needs before; other cards' are loaded by udev.</summary>
    private static IEnumerable<string> Engines(HostFiles? files, IReadOnlyList<PhysicalFunction> parents)
    {
        string[] drivers = [.. parents.Where(parent => parent.Engine is not null).Select(parent => Accelerator.DriverOf(parent.Engine!.Value)).Distinct()];
        if (files is not null && drivers.Any(driver => VfDriver.IsVendors(VfDriver.FindModule(files, driver))))
        {
            foreach (string needed in new[] { VfDriver.Uacce, VfDriver.QueueManager }.Where(module => VfDriver.FindModule(files, module) is not null))
            {
                yield return Load(files, needed);
            }
        }

        foreach (string driver in drivers)
        {
            int? queues = parents.FirstOrDefault(parent => parent.Engine is { } engine && Accelerator.DriverOf(engine) == driver)?.PfQNum;
            yield return Load(files, driver, queues is { } number ? string.Create(CultureInfo.InvariantCulture, $" pf_q_num={number}") : "");
        }
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
    private static string Load(HostFiles? files, string driver, string parameters = "")
    {
        string command = (files is null ? null : VfDriver.LoadCommand(files, driver)) ?? $"modprobe {driver}";
        string release = files?.ReadText("/proc/sys/kernel/osrelease") ?? "";
        return "-" + Shell((release.Length == 0 ? command : command.Replace($"/{release}/", "/$$(uname -r)/", StringComparison.Ordinal)) + parameters);
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
