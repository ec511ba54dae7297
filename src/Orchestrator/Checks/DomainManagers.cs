using System.Xml;
using System.Xml.Linq;
using Libvirt.Xml;

namespace Orchestrator.Checks;

/// <summary>Tells by a domain's metadata who else manages it. Pure.</summary>
internal static class DomainManagers
{
    // nova: http://openstack.org/xmlns/libvirt/nova/1.1; KubeVirt: http://kubevirt.io; vdsm: http://ovirt.org/vm/1.0 and http://ovirt.org/vm/tune/1.0.
    private static readonly (string Namespace, string Manager)[] Known =
    [
        ("http://openstack.org/xmlns/libvirt/nova/", "OpenStack (nova)"),
        ("http://kubevirt.io", "KubeVirt"),
        ("http://ovirt.org/vm/", "oVirt (vdsm)"),
    ];

    internal static IReadOnlyList<ManagerFacts> Of(IEnumerable<string> domains)
    {
        var found = new Dictionary<string, List<string>>();
        foreach (string xml in domains)
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            XElement domain = XElement.Load(reader);
            foreach (string manager in domain.Elements("metadata").Elements().Select(element => ManagerOf(element.Name.NamespaceName)).OfType<string>().Distinct())
            {
                if (!found.TryGetValue(manager, out List<string>? names))
                {
                    found[manager] = names = [];
                }

                names.Add((string?)domain.Element("name") ?? "?");
            }
        }

        return [.. found.Select(pair => new ManagerFacts(pair.Key, pair.Value.Count == 1 ? $"metadata of domain {pair.Value[0]}" : $"metadata of {pair.Value.Count} domains, such as {pair.Value[0]}"))];
    }

    /// <summary>Who else manages a domain; <see langword="null"/> when nobody does.</summary>
    internal static string? ManagerOf(DomainDocument domain) =>
        domain.Root.Elements("metadata").Elements().Select(element => ManagerOf(element.Name.NamespaceName)).OfType<string>().FirstOrDefault();

    /// <summary>The manager whose metadata is of a namespace; <see langword="null"/> for any other.</summary>
    internal static string? ManagerOf(string name) =>
        Known.Where(known => name.StartsWith(known.Namespace, StringComparison.Ordinal)).Select(known => known.Manager).FirstOrDefault();
}
