using Libvirt.Xml;

namespace Orchestrator.Hosts;

/// <summary>
/// Asks a host's libvirt what it understands, by having it translate small documents to a QEMU command line; nothing is defined. No answer is
/// recognised by its words, which change with release and language: each is compared with the answer to a document that is wrong on purpose.
/// </summary>
internal static class DialectProbe
{
    /// <summary>No libvirt will ever know a type, value or attribute of this name.</summary>
    internal const string MadeUp = "made-up-by-orchestrator";

    private const string PciSource = "<source><address domain='0x0000' bus='0xff' slot='0x1f' function='0x7'/></source>";

    /// <summary>One answer: the command line, or libvirt's refusal.</summary>
    internal readonly record struct Answer(string? CommandLine, string? Refusal)
    {
        internal bool IsAccepted => CommandLine is not null;
    }

    /// <summary>Asks all questions.</summary>
    /// <param name="ask">Translates a document.</param>
    /// <param name="architecture">The host's architecture.</param>
    /// <param name="domainType"><c>kvm</c> or <c>qemu</c>: one that the host offers.</param>
    /// <exception cref="FormatException">The host refuses even a document without devices: nothing can be told then.</exception>
    internal static HostDialect Ask(Func<string, Answer> ask, string architecture, string domainType)
    {
        if (AskFor("") is { IsAccepted: false } baseline)
        {
            throw new FormatException($"the host's libvirt refuses even a plain {domainType} domain of {architecture}: {baseline.Refusal}");
        }

        Answer disk = AskFor(Disk("vhostvdpa", "none"));
        return new()
        {
            VdpaHostDevice = Knows(HostDevice("vdpa"), HostDevice(MadeUp), "vdpa"),

            // Only a host that reads the attribute can refuse its value.
            MigrationAttribute = Reads("migration", MadeUp),
            IommuFdAttribute = Reads("iommufd", MadeUp),

            // Without its source: a complete interface becomes a tap device first, whatever its type.
            VdpaInterface = Knows("<interface type='vdpa'/>", $"<interface type='{MadeUp}'/>", "vdpa"),
            VhostVdpaDisk = Differs(disk, AskFor(Disk(MadeUp, "none")), "vhostvdpa"),

            // libvirt looks first whether its QEMU can have such a disk, then at its cache mode; even a good one it cannot translate before the node is open (11.3).
            VhostVdpaDiskUsable = disk.IsAccepted || disk != AskFor(Disk("vhostvdpa", "writeback")),
        };

        bool Knows(string devices, string madeUp, string name) => Differs(AskFor(devices), AskFor(madeUp), name);

        bool Reads(string attribute, string value) =>
            AskFor(PciDevice($" {attribute}='{value}'")) is { IsAccepted: false } answer && answer != AskFor(PciDevice(""));

        Answer AskFor(string devices) => ask(Document(devices, architecture, domainType));
    }

    /// <summary>Whether a name was understood: its document was accepted, or refused in another way than that of a made-up name.</summary>
    private static bool Differs(Answer real, Answer madeUp, string name) =>
        real.IsAccepted || madeUp.IsAccepted || real.Refusal!.Replace(name, MadeUp, StringComparison.Ordinal) != madeUp.Refusal;

    private static string HostDevice(string type) => $"<hostdev mode='subsystem' type='{type}'><source dev='/dev/vhost-vdpa-0'/></hostdev>";

    private static string PciDevice(string attributes) =>
        $"<hostdev mode='subsystem' type='pci' managed='no'{attributes}><driver name='vfio'/>{PciSource}</hostdev>";

    private static string Disk(string type, string cache) =>
        $"<disk type='{type}' device='disk'><driver name='qemu' type='raw' cache='{cache}'/><source dev='/dev/vhost-vdpa-0'/><target dev='vda' bus='virtio'/></disk>";

    private static string Document(string devices, string architecture, string domainType)
    {
        string machine = architecture switch
        {
            "x86_64" => " machine='q35'",
            "aarch64" => " machine='virt'",
            _ => "",
        };
        return $"<domain type='{domainType}'><name>{MadeUp}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
            + $"<os><type arch='{architecture}'{machine}>hvm</type></os>"
            + $"<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking><devices>{devices}</devices></domain>";
    }
}
