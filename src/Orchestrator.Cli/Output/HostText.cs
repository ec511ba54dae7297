using System.Globalization;
using Orchestrator.Checks;
using Spectre.Console;

namespace Orchestrator.Cli;

/// <summary>Hosts and their checks for people.</summary>
internal static class HostText
{
    internal static void Write(CliConsole console, HostReport host, HostReport? peer, IReadOnlyList<Check> parity)
    {
        HostReport[] reports = peer is null ? [host] : [host, peer];
        foreach (HostReport report in reports)
        {
            Write(console, report.Facts.Host.Name, report.Checks.Select(item => (Layer(item.Layer), item.Check)));
        }

        if (peer is not null)
        {
            Write(console, $"{host.Facts.Host.Name} and {peer.Facts.Host.Name}", parity.Select(check => ("pair", check)));
        }

        foreach (HostReport report in reports)
        {
            console.Out.WriteLine(CliConsole.Printable(Answer(report)));
        }
    }

    internal static void Write(CliConsole console, HostShowDocument document)
    {
        Table table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumns("", "");
        HostDocument host = document.Host;
        Row("host", $"{host.Name} ({host.HostName ?? "no name"})");
        Row("uri", host.Uri);
        Row("uuid", host.Uuid?.ToString() ?? "unknown");
        Row("driver", $"{host.Driver}, libvirt {host.Libvirt}, QEMU {host.Qemu}");
        Row("cpu", $"{document.Cpu.Count} x {document.Cpu.Model ?? "an unknown model"} ({host.Architecture ?? "unknown"})");
        Row("memory", $"{document.MemoryMib} MiB");
        foreach (HostShowDocument.NumaDocument node in document.Numa)
        {
            Row($"NUMA node {node.Node}", $"{node.Cpus} CPUs, {node.MemoryMib} MiB");
        }

        Row("vDPA devices", document.VdpaDevices?.ToString(CultureInfo.InvariantCulture) ?? "cannot be seen");
        Row("KAE functions", document.KaeVfs is { } functions ? string.Join(", ", functions.Select(pair => $"{pair.Key} {pair.Value}")) : "cannot be seen");
        if (document.Dialect is { } dialect)
        {
            Row("dialect", dialect.Name);
            Row("<hostdev type='vdpa'>", Answer(dialect.VdpaHostDevice));
            Row("<hostdev migration=''>", Answer(dialect.MigrationAttribute));
            Row("<hostdev iommufd=''>", Answer(dialect.IommufdAttribute));
            Row("<interface type='vdpa'>", Answer(dialect.VdpaInterface));
            Row("<disk type='vhostvdpa'>", dialect is { VhostvdpaDisk: true, VhostvdpaDiskUsable: false } ? "yes, but QEMU has no libblkio" : Answer(dialect.VhostvdpaDisk));
            Row("vhost-vdpa-device-pci", Answer(dialect.GenericVdpaDevice));
        }

        console.Tables().Write(table);

        void Row(string name, string value) => table.AddRow(Text(name), Text(value));
    }

    private static void Write(CliConsole console, string title, IEnumerable<(string Layer, Check Check)> checks)
    {
        (string Layer, Check Check)[] rows = [.. checks];
        Table table = new Table().Border(TableBorder.Simple).AddColumns("layer", "check", "result", "what was found");
        foreach ((string layer, Check check) in rows)
        {
            (string word, string colour) = Result(check);
            table.AddRow(layer, check.Id, $"[{colour}]{word}[/]", Text(check.Message));
        }

        console.Out.WriteLine(CliConsole.Printable(title));
        console.Tables().Write(table);
        foreach ((_, Check check) in rows.Where(row => row.Check is { Result: not CheckResult.Pass, Remedy: not null }))
        {
            console.Out.WriteLine(CliConsole.Printable($"  {check.Id}: {check.Remedy}"));
        }

        console.Out.WriteLine();
    }

    private static (string Word, string Colour) Result(Check check) => check switch
    {
        { Result: CheckResult.Pass } => ("pass", "green"),
        { Result: CheckResult.Unknown } => ("unknown", "grey"),
        { Severity: CheckSeverity.Error } => ("ERROR", "red"),
        { Severity: CheckSeverity.Warning } => ("warning", "yellow"),
        _ => ("note", "blue"),
    };

    /// <summary>The last line: <c>lab-a: the first layer that is missing is vhost-vdpa. Mend it: modprobe vhost_vdpa</c>.</summary>
    private static string Answer(HostReport report)
    {
        string name = report.Facts.Host.Name;
        if (report.FirstMissing is { } missing)
        {
            return $"{name}: the first layer that is missing is {Layer(missing.Name)}.{(missing.Remedy is { } remedy ? $" Mend it: {remedy}" : "")}";
        }

        LayerResult[] unknown = [.. report.Layers.Where(layer => layer is { Needed: true, Result: CheckResult.Unknown })];
        return unknown.Length == 0
            ? $"{name}: no layer is missing."
            : $"{name}: no layer is known to be missing; not seen: {string.Join(", ", unknown.Select(layer => Layer(layer.Name)))}.";
    }

    private static string Layer(HostLayer layer) => layer switch
    {
        HostLayer.VhostVdpa => "vhost-vdpa",
        HostLayer.VdpaBus => "vdpa-bus",
        _ => $"{layer}".ToLowerInvariant(),
    };

    private static string Answer(bool? answer) => answer switch { true => "yes", false => "no", null => "unknown" };

    private static string Text(string text) => Markup.Escape(CliConsole.Printable(text));
}
