using System.Globalization;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Spectre.Console;

namespace Orchestrator.Cli;

/// <summary>A host's devices for people.</summary>
internal static class DeviceTables
{
    internal static Table Of(IReadOnlyList<VdpaManagementDevice> devices) => Table(
        ["management device", "makes", "virtqueues", "driver", "NUMA", "features"],
        devices.Select(device => new[]
        {
            device.Name, string.Join(", ", device.Classes.Select(type => Text(type))), Text(device.MaxVirtqueues), Text(device.Driver), Text(device.NumaNode), string.Join(" ", device.Features),
        }));

    internal static Table Of(IReadOnlyList<VdpaDevice> devices) => Table(
        ["name", "class", "management device", "character device", "driver", "MAC", "MTU", "virtqueues", "NUMA", "used by"],
        devices.Select(device => new[]
        {
            device.Name, Text(device.Class), Text(device.ManagementDevice ?? device.ScalableFunction ?? device.PciParent), Text(device.CharDevice), Text(device.Driver), Text(device.Mac),
            Text(device.Mtu), Text(device.MaxVirtqueues), Text(device.NumaNode), Text(device.Users),
        }));

    internal static Table Of(IReadOnlyList<PhysicalFunction> functions) => Table(
        ["physical function", "id", "engine", "driver", "functions", "of", "NUMA", "pf_q_num", "uacce"],
        functions.Select(function => new[]
        {
            function.Address, function.Id, Text(function.Engine), Text(function.Driver), Text(function.NumVfs), Text(function.TotalVfs), Text(function.NumaNode), Text(function.PfQNum),
            Text(function.Uacce),
        }));

    internal static Table Of(IReadOnlyList<VirtualFunction> functions) => Table(
        ["virtual function", "id", "engine", "of", "driver", "override", "IOMMU group", "NUMA", "used by"],
        functions.Select(function => new[]
        {
            function.Address, function.Id, Text(function.Engine), function.PhysicalFunction, Text(function.Driver), Text(function.DriverOverride), Text(function.IommuGroup),
            Text(function.NumaNode), Text(function.Users),
        }));

    internal static Table Of(IReadOnlyList<ListedDevice> devices) => Table(
        ["device", "scheme", "data path", "host resource", "guest address", "alias", "in", "migrates"],
        devices.Select(device => new[]
        {
            device.Kind, Words(device.Scheme), Words(device.DataPath), Text(device.Resource), Text(device.GuestAddress), Text(device.Alias),
            !device.IsKnownToLibvirt ? "QEMU only" : device.IsLive ? device.IsDefined ? "both" : "live" : "config",
            $"{Words(device.Migration.Way)}{(device.Migration.IsCertain ? "" : "?")}{(device.Migration.Way is MigrationWay.ByDetach or MigrationWay.NotAtAll ? $": {device.Migration.Evidence[0]}" : "")}",
        }));

    private static string Words(Enum value) => ErrorDocument.CodeOf(value).Replace('_', ' ');

    /// <summary>What is said of devices whose users are not all known; <see langword="null"/> when there are none.</summary>
    internal static string? Unseen(IReadOnlyList<string> devices) => devices.Count == 0 ? null
        : $"Whether somebody uses {string.Join(", ", devices)} cannot be told: this user may not look into all processes. Ask as root, or name the host with -c: its libvirt knows its domains.";

    private static Table Table(string[] columns, IEnumerable<string[]> rows)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(columns);
        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(cell => Markup.Escape(CliConsole.Printable(cell)))]);
        }

        return table;
    }

    private static string Text(string? text) => text ?? "-";

    private static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Text(Enum? value) => value?.ToString().ToLowerInvariant() ?? "-";

    private static string Text(IReadOnlyList<DeviceUser> users) => users.Count == 0 ? "-" : string.Join("; ", users);
}
