using Libvirt.Xml;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Migration.Checks;

/// <summary>Documents that a person gave for the destination.</summary>
internal static class DocumentChecks
{
    private const string Id = "given-document";

    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        if (plan.Request.DestinationXml is { } live)
        {
            yield return Of(plan, live, "--xml", plan.Document);
        }

        if (plan.Request.PersistentXml is { } definition)
        {
            yield return plan.Documents.Persistent is null
                ? new(Id, CheckSeverity.Error, CheckResult.Fail, $"--persistent-xml is given, and {plan.Domain.Name} will have no definition on {plan.To}", "Leave it out, or say --persistence persistent.")
                : Of(plan, definition, "--persistent-xml", plan.Here?.DefinitionXml is { } xml ? DomainDocument.Parse(xml) : null);
        }
    }

    private static Check Of(PlanContext plan, string xml, string option, DomainDocument? own)
    {
        DomainDocument given;
        try
        {
            given = DomainDocument.Parse(xml);
        }
        catch (DomainDocumentException e)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail, $"the document of {option} cannot be read: {e.Message}", "Begin with virsh dumpxml --migratable, and change it.");
        }

        if (given.Uuid != plan.Domain.Uuid || given.Name != plan.Domain.Name)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail, $"the document of {option} is of {given.Name} ({given.Uuid?.ToString() ?? "no UUID"}), not of {plan.Domain.Name} ({plan.Domain.Uuid})", "A migration changes neither name nor UUID.");
        }

        string[] before = Places(own);
        string[] after = Places(given);
        string[] changed = [.. before.Except(after).Concat(after.Except(before)).Order(StringComparer.Ordinal)];
        return own is null || changed.Length == 0
            ? new(Id, CheckSeverity.Error, CheckResult.Pass, $"the document of {option} leaves the guest's devices where they are")
            : new(Id, CheckSeverity.Error, CheckResult.Fail, $"the document of {option} changes what the guest sees: {string.Join(", ", changed)}", "Change nothing but what devices use of the host.");
    }

    private static string[] Places(DomainDocument? document) =>
        document is null ? [] : [.. DeviceMapper.DevicesOf(document).Where(device => device.GuestAddress is not null).Select(device => $"{device.Kind} at {device.GuestAddress}")];
}
