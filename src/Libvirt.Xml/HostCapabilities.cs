using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>What a host's capabilities document tells.</summary>
public sealed class HostCapabilities
{
    private readonly XElement _root;

    private HostCapabilities(XElement root) => _root = root;

    /// <summary>The host's UUID; <see langword="null"/> when the driver tells none.</summary>
    public Guid? HostUuid => Guid.TryParse((string?)_root.Element("host")?.Element("uuid"), out Guid uuid) ? uuid : null;

    /// <summary>The CPU architecture (<c>x86_64</c>, <c>aarch64</c>).</summary>
    public string? Architecture => (string?)_root.Element("host")?.Element("cpu")?.Element("arch");

    /// <summary>The CPU model, as libvirt names it (<c>Kunpeng-920</c>, <c>Skylake-Server</c>); <see langword="null"/> when it recognises none.</summary>
    public string? CpuModel => (string?)_root.Element("host")?.Element("cpu")?.Element("model");

    /// <summary>The host's own CPU: its <c>cpu</c> element without the speed and microcode of this one; <see langword="null"/> when the driver tells none.</summary>
    public string? HostCpu
    {
        get
        {
            if (_root.Element("host")?.Element("cpu") is not { } told)
            {
                return null;
            }

            var cpu = new XElement(told);
            cpu.Elements().Where(part => part.Name.LocalName is "counter" or "microcode" or "signature").Remove();
            return cpu.ToString(SaveOptions.DisableFormatting);
        }
    }

    /// <summary>The NUMA nodes in their order.</summary>
    public IReadOnlyList<NumaNode> NumaNodes =>
    [
        .. _root.Elements("host").Elements("topology").Elements("cells").Elements("cell").Select(cell => new NumaNode(
            (int?)cell.Attribute("id") ?? 0, cell.Elements("cpus").Elements("cpu").Count(), (long?)cell.Element("memory") ?? 0)),
    ];

    /// <summary>Whether guests of the host's own architecture can use a kind of virtualisation (<c>kvm</c>, <c>qemu</c>).</summary>
    /// <param name="type">The value of a domain's <c>type</c>.</param>
    public bool Offers(string type) => OwnGuests.Elements("domain").Any(domain => (string?)domain.Attribute("type") == type);

    /// <summary>The path of the emulator for guests of the host's own architecture; <see langword="null"/> when the driver tells none.</summary>
    public string? Emulator => (string?)OwnGuests.Elements("emulator").FirstOrDefault();

    private IEnumerable<XElement> OwnGuests => _root.Elements("guest").Elements("arch").Where(arch => (string?)arch.Attribute("name") == Architecture);

    /// <summary>Reads a capabilities document.</summary>
    /// <param name="xml">What <c>virConnectGetCapabilities</c> returned.</param>
    /// <exception cref="FormatException">It is no such document.</exception>
    public static HostCapabilities Parse(string xml)
    {
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            XElement root = XElement.Load(reader);
            return root.Name == "capabilities"
                ? new(root)
                : throw new FormatException($"A capabilities document begins with <capabilities>, not with <{root.Name}>.");
        }
        catch (XmlException e)
        {
            throw new FormatException($"The capabilities document is not well-formed: {e.Message}", e);
        }
    }
}

/// <summary>One NUMA node of a host.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Cpus">How many logical CPUs it has.</param>
/// <param name="MemoryKiB">Its memory.</param>
public sealed record NumaNode(int Id, int Cpus, long MemoryKiB);
