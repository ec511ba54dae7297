using System.Xml;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>Decides what a definition would do. Pure.</summary>
internal static class DefinitionPlanner
{
    internal static DefinitionPlan Plan(DomainDocument document, Guid uuid, HostDialect dialect, HostSnapshot present)
    {
        var problems = new List<DefinitionProblem>();
        var notes = new List<string>();
        string host = present.Host.Name;
        if (document.Name.Length == 0)
        {
            problems.Add(new("/domain/name", "the document gives the domain no name", ["<name>…</name>"]));
        }

        if (document.Uuid is null && document.Root.Element("uuid") is { } unreadable)
        {
            IXmlLineInfo at = unreadable;
            problems.Add(new("/domain/uuid", $"'{unreadable.Value}' is not a UUID", ["leave <uuid> out, and the domain gets a new one"], Place(at.LineNumber), Place(at.LinePosition)));
        }

        problems.AddRange(DeviceProblems(document, dialect));
        DomainDocument given = document.Copy();
        if (MemoryLimits.Write(given, present.Host) is { } limit)
        {
            notes.Add(limit);
        }

        notes.AddRange(given.Check().Where(problem => problem.Severity == DeviceProblemSeverity.Warning).Select(problem => $"{problem.Path}: {problem.Message}"));
        if (present.ByName is { } byName && byName.Uuid != uuid)
        {
            problems.Add(new(
                "/domain/name",
                $"the name {document.Name} belongs to another domain on {host}, UUID {byName.Uuid} ({byName.Describe()})",
                [$"to change that domain: <uuid>{byName.Uuid}</uuid>", "to make another one: another <name>"]));
        }

        if (present.ByUuid is { } byUuid && byUuid.Name != document.Name)
        {
            problems.Add(new(
                "/domain/uuid",
                $"the UUID {uuid} belongs to {byUuid.Name} on {host} ({byUuid.Describe()})",
                ["leave <uuid> out, and libvirt makes one", $"to change that domain: <name>{byUuid.Name}</name>"]));
        }

        if (present.ByUuid is { IsActive: true })
        {
            notes.Add($"{document.Name} is {present.ByUuid.Describe()} on {host}: the new definition takes effect when it is next started");
        }

        return new(present.Host, dialect, document.Name, uuid, present.ByUuid is null ? DefinitionAction.Created : DefinitionAction.Updated, DevicesOf(document, dialect), problems, notes);
    }

    private static IReadOnlyList<PlannedDevice> DevicesOf(DomainDocument document, HostDialect dialect) =>
    [
        .. from device in document.Devices
           where device.Scheme.IsOfTheHost() && device.HostResource is not null
           select new PlannedDevice(device, DeviceMigration.Judge(device, dialect, null)),
    ];

    /// <summary>The devices that no libvirt takes, and those that this host's would refuse or drop a part of.</summary>
    internal static IReadOnlyList<DefinitionProblem> DeviceProblems(DomainDocument document, HostDialect dialect)
    {
        List<DefinitionProblem> problems =
        [
            .. from problem in document.Check()
               where problem.Severity == DeviceProblemSeverity.Error
               select new DefinitionProblem(problem.Path, problem.Message, [], Place(problem.Line), Place(problem.Column)),
        ];

        // A proposal that no libvirt took up is a problem of the document already.
        problems.AddRange(
            from problem in DeviceWriting.DialectProblems(document, dialect)
            where problem.Device is not RejectedVdpaDevice
            select new DefinitionProblem(problem.Path, $"{problem.Device.Kind}: {problem.Refusal.Reason}", problem.Refusal.Alternatives, Place(problem.Line), Place(problem.Column)));
        return problems;
    }

    /// <summary>The refusal in a sentence: each reason once.</summary>
    internal static string Refusal(HostIdentity host, HostDialect dialect, string what, IReadOnlyList<DefinitionProblem> problems) =>
        $"{host.Name} ({(dialect.Name == DialectName.OpenEuler ? "openeuler" : "upstream")} dialect) cannot take {what}: {string.Join("; ", problems.Select(problem => problem.Message).Distinct())}";

    private static int? Place(int number) => number > 0 ? number : null;

    /// <summary>A loss that was found by reading back.</summary>
    internal static DefinitionProblem ProblemOf(ReadBackLoss loss, string host) =>
        new(loss.Path, $"{host}: {loss}", ["take it out of the document, or choose a host whose libvirt knows it (orchestrator host show)"]);
}
