using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>Its domains in a list.</summary>
internal sealed partial class FakeHost
{
    public Task<IReadOnlyList<DomainRecord>> ListDomainRecordsAsync(CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<DomainRecord>>(() => [.. Domains.Values.Select(RecordOf)]);

    public Task<DomainRecord> GetDomainRecordAsync(Guid uuid, CancellationToken cancellationToken) => Answer(() => RecordOf(Present(uuid)));

    public Task<string> GetDomainXmlAsync(Guid uuid, DomainXmlFlags flags, CancellationToken cancellationToken) => Answer(() =>
    {
        DomainSnapshot domain = Present(uuid);
        return flags.HasFlag(DomainXmlFlags.Inactive) && Definitions.TryGetValue(uuid, out string? definition) ? definition : domain.Xml;
    });

    private DomainSnapshot Present(Guid uuid) => Domains.GetValueOrDefault(uuid)
        ?? throw new LibvirtException(LibvirtErrorCode.NoDomain, 10, "virDomainLookupByUUID", $"Domain not found: no domain with matching uuid '{uuid}'");

    private DomainRecord RecordOf(DomainSnapshot domain) => new()
    {
        Name = domain.Name,
        Uuid = domain.Uuid,
        State = domain.State,
        Reason = domain.Reason,
        IsPersistent = domain.IsPersistent,
        HasManagedSave = Leftovers.TryGetValue(domain.Uuid, out DomainLeftovers? leftovers) && leftovers.HasManagedSave,
        Job = domain.Job,
        Xml = domain.Xml,
    };
}
