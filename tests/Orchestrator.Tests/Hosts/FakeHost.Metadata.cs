using System.Xml.Linq;
using Libvirt.Interop;

namespace Orchestrator.Tests.Hosts;

/// <summary>The metadata of its domains, behind libvirt's lock.</summary>
internal sealed partial class FakeHost
{
    public Task SetMetadataAsync(Guid uuid, string prefix, string uri, string? element, DomainModificationImpact impact, CancellationToken cancellationToken) => Live("metadata", uuid, domain =>
    {
        if (domain.JobOperation is DomainJobOperation.MigrationOut or DomainJobOperation.MigrationIn)
        {
            throw new LibvirtException(LibvirtErrorCode.OperationTimeout, FromQemu, "virDomainSetMetadata", "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)");
        }

        if (impact.HasFlag(DomainModificationImpact.Live))
        {
            RequireActive("metadata", domain);
            Domains[uuid] = domain with { Xml = WithMetadata(domain.Xml) };
        }

        if (impact.HasFlag(DomainModificationImpact.Config))
        {
            Definitions[uuid] = WithMetadata(Definitions[uuid]);
        }

        string WithMetadata(string xml)
        {
            var document = XElement.Parse(xml);
            XElement metadata = document.Element("metadata") ?? new("metadata");
            metadata.Elements().Where(present => present.Name.NamespaceName == uri).Remove();
            if (element is not null)
            {
                var added = XElement.Parse(element);
                metadata.Add(new XElement(XNamespace.Get(uri) + added.Name.LocalName, new XAttribute(XNamespace.Xmlns + prefix, uri), added.Attributes(), added.Nodes()));
                if (metadata.Parent is null)
                {
                    document.Add(metadata);
                }
            }

            if (!metadata.HasElements && metadata.Parent is not null)
            {
                metadata.Remove();
            }

            return document.ToString();
        }
    });
}
