using System.Globalization;
using Orchestrator.Downtime;
using Spectre.Console;

namespace Orchestrator.Cli;

/// <summary>A downtime report for people: methods side by side, phases, timeline.</summary>
internal static class DowntimeText
{
    internal static void Write(CliConsole console, DowntimeReport report)
    {
        IAnsiConsole tables = console.Tables();
        tables.Write(Methods(report));
        if (report.Migrations.Count > 0 && report.ValueMs is not null)
        {
            console.Out.WriteLine("The logs alone don't tell how the hosts' clocks stand against each other: the value contains their difference.");
        }

        if (report.Migrations.Count > 1)
        {
            tables.Write(Migrations(report));
        }

        if (report.Phases.Count > 0)
        {
            var phases = new Table().Border(TableBorder.Simple).AddColumn("phase").AddColumn(new TableColumn("ms").RightAligned());
            foreach (MigrationPhase phase in report.Phases)
            {
                phases.AddRow(Text(phase.Name), Number(phase.DurationMs));
            }

            tables.Write(phases);
        }

        if (report.DeviceState.Devices.Count > 0)
        {
            tables.Write(Devices(report.DeviceState));
        }

        if (report.DeviceState.Problem is { } problem)
        {
            console.Out.WriteLine($"Device state by device: {CliConsole.Printable(problem)}");
        }

        if (report.Timeline.Count > 0)
        {
            tables.Write(Timeline(report));
        }
    }

    /// <summary>The timeline alone.</summary>
    internal static Table Timeline(DowntimeReport report)
    {
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumn(new TableColumn("ms").RightAligned()).AddColumn("host").AddColumn("event").AddColumn("seen in");
        foreach (TimelineEntry entry in report.Timeline)
        {
            table.AddRow(Number(entry.OffsetMs), Text(entry.Host), Text(entry.Event), Text(entry.Channel));
        }

        return table;
    }

    /// <summary>What each method says.</summary>
    internal static Table Methods(DowntimeReport report)
    {
        DowntimeSources sources = report.Sources;
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumn("method").AddColumn(new TableColumn("downtime ms").RightAligned()).AddColumn(new TableColumn("± ms").RightAligned()).AddColumn("");
        Row("trace", sources.Trace.ValueMs, sources.Trace.UncertaintyMs, sources.Trace.Problem ?? string.Join(" -> ", sources.Trace.Events));
        Row("qmp", sources.Qmp.ValueMs, sources.Qmp.UncertaintyMs, sources.Qmp.Problem ?? "STOP -> RESUME");
        Row("libvirt downtime_net", sources.Libvirt.DowntimeNetMs, null, sources.Libvirt.Problem ?? "without the clocks' difference");
        Row("libvirt downtime", sources.Libvirt.DowntimeMs, null, sources.Libvirt.Problem ?? "with the clocks' difference");
        Row("observer", sources.Observer.ValueMs, sources.Observer.UncertaintyMs, sources.Observer.Problem ?? "arrival of STOP and RESUME here");
        Row("guest", sources.Guest.ValueMs, sources.Guest.UncertaintyMs, sources.Guest.Problem ?? "gap in the guest's ticks");
        return table;

        void Row(string method, double? value, double? uncertainty, string note) =>
            table.AddRow(
                method + (report.Method is { } chosen && method.StartsWith(chosen, StringComparison.Ordinal) ? " *" : ""),
                value is { } ms ? Number(ms) : "-", uncertainty is { } u ? Number(u) : "", Text(note));
    }

    // What costs nothing to speak of is summed up.
    private const long WorthALineUs = 50;

    private static Table Devices(DeviceStateDowntime state)
    {
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumn("device state").AddColumn(new TableColumn("save us").RightAligned()).AddColumn(new TableColumn("load us").RightAligned());
        DeviceDowntime[] small = [.. state.Devices.Where(device => (device.SaveUs ?? 0) < WorthALineUs && (device.LoadUs ?? 0) < WorthALineUs)];
        foreach (DeviceDowntime device in state.Devices.Except(small))
        {
            table.AddRow(Text($"{device.Device}{(device.Instance > 0 ? $" #{device.Instance}" : "")}{(device.Type == "iterable" ? " (last part)" : "")}"), Whole(device.SaveUs), Whole(device.LoadUs));
        }

        if (small.Length > 0)
        {
            table.AddRow($"{small.Length} others", Whole(small.Sum(device => device.SaveUs ?? 0)), Whole(small.Sum(device => device.LoadUs ?? 0)));
        }

        return table.AddRow("all", Whole(state.SaveUs), Whole(state.LoadUs));

        static string Whole(long? us) => us?.ToString(CultureInfo.InvariantCulture) ?? "-";
    }

    private static Table Migrations(DowntimeReport report)
    {
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumn(new TableColumn("migration").RightAligned()).AddColumn("begun (source's clock)").AddColumn(new TableColumn("downtime ms").RightAligned()).AddColumn("");
        foreach (LoggedMigration migration in report.Migrations)
        {
            table.AddRow(
                $"{migration.Number}{(migration.Number == report.Migration ? " *" : "")}",
                migration.Initiated?.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture) ?? "-",
                migration.ValueMs is { } ms ? Number(ms) : "-",
                Text(migration.Problem ?? ""));
        }

        return table;
    }

    private static string Number(double ms) => ms.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Text(string text) => Markup.Escape(CliConsole.Printable(text));
}
