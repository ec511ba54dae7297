using Libvirt.Interop;

namespace Orchestrator.Migration;

/// <summary>In what a plan that is about to be carried out differs from the one that somebody has looked at. Pure.</summary>
internal static class PlanChanges
{
    private const int ShownLines = 6;

    internal static IReadOnlyList<string> Between(MigrationPlan seen, MigrationPlan now)
    {
        List<string> changes =
        [
            .. Of("the source", seen.Source.Uri, now.Source.Uri),
            .. Of("the destination", seen.Call.DestinationUri, now.Call.DestinationUri),
            .. Of("the mode", $"{seen.Mode}", $"{now.Mode}"),
            .. Of("the flags", $"{seen.Call.Flags}", $"{now.Call.Flags}"),
            .. seen.Devices.Select(device => device.Source).Union(now.Devices.Select(device => device.Source)).SelectMany(source => Of(source, DeviceOf(seen, source), DeviceOf(now, source))),
            .. Parameters(seen).Keys.Union(Parameters(now).Keys).SelectMany(name => Of(name, Parameters(seen).GetValueOrDefault(name), Parameters(now).GetValueOrDefault(name))),
        ];

        // Another device is another document too: that is told once.
        return changes.Count > 0 ? changes : [.. Document(seen, now, MigrateParameter.DestinationXml), .. Document(seen, now, MigrateParameter.PersistentXml)];
    }

    private static IEnumerable<string> Of(string what, string? seen, string? now) => seen == now ? [] : [$"{what}: {now ?? "none"} instead of {seen ?? "none"}"];

    private static string? DeviceOf(MigrationPlan plan, string source) =>
        plan.Devices.FirstOrDefault(device => device.Source == source) is { } device ? $"{device.Creation?.ToString() ?? device.Destination ?? "nothing"}{(device.Detachment is null ? "" : ", detached for the migration")}" : null;

    private static Dictionary<string, string> Parameters(MigrationPlan plan) =>
        plan.Call.DescribeParameters().Where(parameter => parameter.Key is not (MigrateParameter.DestinationXml or MigrateParameter.PersistentXml)).ToDictionary();

    private static IEnumerable<string> Document(MigrationPlan seen, MigrationPlan now, string name)
    {
        (string? before, string? after) = (TextOf(seen, name), TextOf(now, name));
        if (before == after)
        {
            return [];
        }

        // Without the two lines that name the documents.
        IEnumerable<string> lines = DocumentDiff.Of(before ?? "", after ?? "", "", "").Skip(2).Where(line => line[0] is '+' or '-').Take(ShownLines);
        return [$"{name}: {string.Join(" ", lines.Select(line => $"{line[0]}{line[1..].Trim()}"))}"];
    }

    private static string? TextOf(MigrationPlan plan, string name) => plan.Call.Parameters.FirstOrDefault(parameter => parameter.Key == name).Value as string;
}
