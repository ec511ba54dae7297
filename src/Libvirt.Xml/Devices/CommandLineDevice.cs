using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A device that libvirt doesn't know: arguments in <c>&lt;qemu:commandline&gt;</c>. libvirt marks such a domain as tainted and can't plug the device while the guest runs.</summary>
public abstract record CommandLineDevice : DomainDevice
{
    private protected CommandLineDevice()
    {
    }

    /// <summary>QEMU's own name of the device, by which its monitor finds it.</summary>
    public string? Id { get; init; }

    /// <summary>The bus as QEMU names it, such as <c>pci.5</c>.</summary>
    public string? Bus { get; init; }

    /// <summary>The place on the bus, such as <c>0x0</c>.</summary>
    public string? Address { get; init; }

    /// <summary>The arguments as QEMU gets them.</summary>
    public abstract IReadOnlyList<string> Arguments { get; }

    internal override void AddTo(XElement domain) => QemuCommandLine.Append(domain, Arguments);
}
