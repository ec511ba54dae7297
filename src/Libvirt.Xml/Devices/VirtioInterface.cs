using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>A virtio network card on a tap or a user-mode network: QEMU's own data path, or the kernel's (vhost-net), which libvirt takes by itself on a tap.</summary>
public sealed record VirtioInterface : InterfaceDevice
{
    /// <summary>What it is connected to: <c>network</c>, <c>bridge</c>, <c>ethernet</c>, <c>direct</c>, <c>user</c> and others.</summary>
    public required string Type { get; init; }

    /// <summary>The network's, bridge's or device's name.</summary>
    public string? Source { get; init; }

    /// <summary>The tap's name on the host; libvirt gives one to a running guest.</summary>
    public string? Tap { get; init; }

    /// <summary>The model: <c>virtio</c>, <c>virtio-transitional</c>, <c>virtio-non-transitional</c>; <see langword="null"/> where virtio is the machine's default.</summary>
    public string? Model { get; init; } = "virtio";

    /// <summary>The data path: <c>vhost</c> or <c>qemu</c>; <see langword="null"/> lets libvirt choose.</summary>
    public string? DriverName { get; init; }

    /// <summary>The number of queue pairs; <see langword="null"/> for one.</summary>
    public uint? Queues { get; init; }

    /// <summary>The interface's part in a team: persistent, beside a transient function.</summary>
    public Teaming? Teaming { get; init; }

    /// <summary>Whether its domain is of type <c>kvm</c>: libvirt opens vhost-net for no other. Not in the element.</summary>
    public bool KvmGuest { get; init; } = true;

    /// <inheritdoc/>
    public override DeviceScheme Scheme => KvmGuest && DriverName != "qemu" && IsTap ? DeviceScheme.VhostKernel : DeviceScheme.Virtio;

    /// <inheritdoc/>
    public override string? HostResource => Type is "network" ? Tap : Source ?? Tap;

    internal override string ElementType => Type;

    private bool IsTap => Type is "network" or "bridge" or "ethernet" or "direct";

    private static string? SourceAttribute(string type) => type switch { "network" => "network", "bridge" => "bridge", "direct" => "dev", _ => null };

    internal static VirtioInterface Read(DeviceElement e)
    {
        string type = e.Attribute("type") ?? "";
        DeviceElement? driver = e.Child("driver");
        if (driver?.Attribute("name") is { } name and not ("vhost" or "qemu"))
        {
            driver.Error($"'{name}' is neither 'vhost' nor 'qemu'", "name");
        }

        string? source = SourceAttribute(type) is { } attribute ? e.Child("source")?.Attribute(attribute) : null;
        if (source is null && SourceAttribute(type) is { } needed)
        {
            e.Error($"<source {needed}='…'/> is missing");
        }

        return new()
        {
            Type = type,
            Source = source,
            Tap = e.Child("target")?.Attribute("dev"),
            Mac = e.Mac(),
            Model = e.Child("model")?.Attribute("type"),
            DriverName = driver?.Attribute("name"),
            Queues = QueuesOf(e),
            Teaming = e.Teaming(),
            KvmGuest = e.Xml.Document?.Root is not { } domain || (string?)domain.Attribute("type") is null or "kvm",
        };
    }

    internal override DomainDevice AsWritten() => this with { KvmGuest = true };

    private protected override bool UsesSame(InterfaceDevice other) => other is VirtioInterface nic && nic.Source == Source && (Tap is null || nic.Tap == Tap);

    private protected override void Write(XElement element)
    {
        base.Write(element);
        if (SourceAttribute(Type) is { } attribute)
        {
            DocumentEdit.SetChildAttribute(element, "source", attribute, Source);
        }

        DocumentEdit.SetChildAttribute(element, "target", "dev", Tap);
        DocumentEdit.SetChildAttribute(element, "model", "type", Model);
        DocumentEdit.SetChildAttribute(element, "driver", "name", DriverName);
        WriteQueues(element, Queues);
        Devices.Teaming.Write(element, Teaming);
    }
}
