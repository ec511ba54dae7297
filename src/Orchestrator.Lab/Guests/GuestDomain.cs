using System.Globalization;
using System.Xml.Linq;
using Orchestrator.Lab.Images;

namespace Orchestrator.Lab.Guests;

/// <summary>The domain of a ticking guest.</summary>
internal static class GuestDomain
{
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    private const int FreePorts = 6;

    // Switched on from the start: they cannot be from outside later, and a pattern without a match costs nothing.
    private static readonly string[] Traces = ["vm_state_notify", "vmstate_downtime*", "all_vcpus*"];

    /// <summary>Writes its document. Without a socket its serial port is a terminal of its host.</summary>
    public static XElement Document(GuestOptions guest, Guid uuid, GuestImage image, string? serialSocket, bool hasKvm, string? emulator = null) => new(
        "domain",
        new XAttribute("type", hasKvm ? "kvm" : "qemu"),
        new XAttribute(XNamespace.Xmlns + "qemu", Qemu.NamespaceName),
        new XElement("name", guest.Name),
        new XElement("uuid", uuid.ToString()),
        new XElement("memory", new XAttribute("unit", "MiB"), guest.MemoryMiB.ToString(CultureInfo.InvariantCulture)),
        guest.SharedMemory
            ? new XElement(
                "memoryBacking",
                new XElement("source", new XAttribute("type", "memfd")),
                new XElement("access", new XAttribute("mode", "shared")))
            : null,
        new XElement("vcpu", guest.Vcpus.ToString(CultureInfo.InvariantCulture)),
        new XElement(
            "os",
            new XElement("type", new XAttribute("arch", "x86_64"), new XAttribute("machine", "q35"), "hvm"),
            new XElement("kernel", image.Kernel),
            new XElement("initrd", image.Initramfs),
            new XElement("cmdline", CommandLine(hasKvm, guest.Shell))),
        new XElement("features", new XElement("acpi")),
        new XElement("on_poweroff", "destroy"),
        new XElement("on_reboot", "restart"),
        new XElement("on_crash", "destroy"),
        new XElement(
            "devices",
            emulator is null ? null : new XElement("emulator", emulator),
            Controller("usb", "none"),
            Controller("pci", "pcie-root"),
            // Free places to plug devices into while the guest runs.
            Enumerable.Range(0, FreePorts).Select(_ => Controller("pci", "pcie-root-port")),
            serialSocket is null ? Terminal("0") : new XElement(
                "serial",
                new XAttribute("type", "unix"),
                new XElement("source", new XAttribute("mode", "connect"), new XAttribute("path", serialSocket)),
                new XElement("target", new XAttribute("port", "0"))),
            guest.Shell ? Terminal("1") : null,
            new XElement("memballoon", new XAttribute("model", "none"))),
        new XElement(Qemu + "commandline", Traces.SelectMany(trace => new[] { Argument("--trace"), Argument(trace) })));

    /// <summary>Whether a host offers KVM for x86-64 guests, by its capabilities document.</summary>
    public static bool HasKvm(XElement capabilities) => capabilities.Elements("guest")
        .SelectMany(guest => guest.Elements("arch"))
        .Where(arch => (string?)arch.Attribute("name") == "x86_64")
        .SelectMany(arch => arch.Elements("domain"))
        .Any(domain => (string?)domain.Attribute("type") == "kvm");

    // Emulated processors of two hosts do not share a time stamp counter: the guest would find that out after a migration, in the middle of a tick.
    private static string CommandLine(bool hasKvm, bool hasShell) =>
        "console=ttyS0 quiet panic=-1" + (hasKvm ? "" : " tsc=unstable clocksource=acpi_pm") + (hasShell ? " lab.shell" : "");

    private static XElement Terminal(string port) => new("serial", new XAttribute("type", "pty"), new XElement("target", new XAttribute("port", port)));

    private static XElement Controller(string type, string model) =>
        new("controller", new XAttribute("type", type), new XAttribute("model", model));

    private static XElement Argument(string value) => new(Qemu + "arg", new XAttribute("value", value));
}
