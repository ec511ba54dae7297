using System.Text.Json;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Spectre.Console;

namespace Orchestrator.Cli;

/// <summary>A plan for people.</summary>
internal static class PlanText
{
    internal static void Write(CliConsole console, MigrationPlan plan, bool withCall)
    {
        // What stands in the way comes first; among equals the order of the checks.
        WriteTable(console, ["check", "result", "what was found"], plan.Checks.OrderBy(check => check.Refuses ? 0 : check.Warns ? 1 : 2).Select(check => new[]
        {
            check.Id,
            check.Result == CheckResult.Fail ? (check.Refuses ? "REFUSED" : check.Warns ? "warning" : "note") : $"{check.Result}".ToLowerInvariant(),
            $"{check.Message}.{(check.Result == CheckResult.Pass || check.Remedy is null ? "" : " " + check.Remedy)}",
        }));
        if (withCall)
        {
            WriteCall(console, plan);
        }

        console.Out.WriteLine(plan.IsRefused ? "The migration would be refused." : "The migration could begin. Nothing was changed.");
    }

    private static void WriteCall(CliConsole console, MigrationPlan plan)
    {
        if (plan.Devices.Count > 0)
        {
            WriteTable(console, ["guest address", "scheme", "source", "destination", "why"], plan.Devices.Select(device => new[]
            {
                device.GuestAddress ?? "", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{device.Scheme}"), device.Source, device.Creation is { } made ? $"{made.Name} (made)" : device.Destination ?? "nothing", device.Why,
            }));
        }

        foreach (DeviceCreation creation in plan.Creations)
        {
            console.Out.WriteLine(CliConsole.Printable($"creates:    {creation}"));
        }

        foreach (MappedDevice device in plan.Detachments)
        {
            console.Out.WriteLine(CliConsole.Printable($"detaches:   {device.Source}; on {plan.Destination.Name} is attached {device.Detachment!.DestinationXml ?? "nothing"}"));
        }

        foreach (MigrationConsent consent in plan.Consents)
        {
            console.Out.WriteLine(CliConsole.Printable($"consent:    {consent.Flag}: {consent.What}"));
        }

        console.Out.WriteLine($"mode:       {(plan.Mode == MigrationMode.P2P ? "p2p" : "direct")}");
        console.Out.WriteLine($"flags:      {string.Join(" ", plan.Call.Flags.ToString().Split(", "))}");
        console.Out.WriteLine($"parameters: {CliConsole.Printable(string.Join(" ", plan.Call.DescribeParameters().Select(p => $"{p.Key}={p.Value}")))}");
        foreach (string line in plan.Diff)
        {
            console.Out.WriteLine(CliConsole.Printable(line));
        }
    }

    private static void WriteTable(CliConsole console, string[] columns, IEnumerable<string[]> rows)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(columns);
        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(cell => Markup.Escape(CliConsole.Printable(cell)))]);
        }

        console.Tables().Write(table);
    }
}
