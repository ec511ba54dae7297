using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Libvirt.Xml.Devices;

/// <summary>
/// QEMU's generic vDPA device passed through <c>&lt;qemu:commandline&gt;</c>: any virtio class on a stock libvirt whose QEMU is 8.0 or later. libvirt knows nothing of it: the node has to be
/// in <c>cgroup_device_acl</c>, accessible to QEMU's user, and the locked memory raised (<see cref="MemoryLock"/>). Stock QEMU doesn't migrate it.
/// </summary>
public sealed record GenericVdpaDevice : CommandLineDevice
{
    private static readonly string[] Known = ["driver", "vhostdev", "vdpa-dev", "id", "bus", "addr", "queue-size", "bootindex"];

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The node, such as <c>/dev/vhost-vdpa-0</c>.</summary>
    public required string SourceDevice { get; init; }

    /// <summary>The driver: <c>vhost-vdpa-device-pci</c>, its transitional variants, or <c>vhost-vdpa-device</c> on a virtio bus.</summary>
    public string Driver { get; init; } = "vhost-vdpa-device-pci";

    /// <summary>The size of the queues; <see langword="null"/> for the device's own maximum.</summary>
    public int? QueueSize { get; init; }

    /// <summary>The names of its other properties, with commas between; <see langword="null"/> when there are none.</summary>
    public string? OtherProperties { get; init; }

    /// <summary>What the guest sees. Not in the document: the host's vdpa bus tells.</summary>
    public VirtioClass? Class { get; init; }

    /// <inheritdoc/>
    public override VirtioClass? VirtioClass => Class;

    /// <inheritdoc/>
    public override DeviceScheme Scheme => DeviceScheme.GenericVdpa;

    /// <inheritdoc/>
    public override string? HostResource => SourceDevice;

    /// <summary>A short text for people, with the virtio class where it is known.</summary>
    public override string Kind => Class is { } known ? $"-device {Driver} ({known.ToString().ToLowerInvariant()})" : $"-device {Driver}";

    /// <summary>The arguments, as JSON: with key=value libvirt's buses aren't there yet when QEMU looks (<c>Bus 'pci.2' not found</c>).</summary>
    public override IReadOnlyList<string> Arguments
    {
        get
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer, Plain))
            {
                writer.WriteStartObject();
                writer.WriteString("driver", Driver);
                if (Id is not null)
                {
                    writer.WriteString("id", Id);
                }

                writer.WriteString("vhostdev", SourceDevice);
                if (QueueSize is { } size)
                {
                    writer.WriteNumber("queue-size", size);
                }

                if (BootOrder is { } order)
                {
                    writer.WriteNumber("bootindex", order);
                }

                if (Bus is not null)
                {
                    writer.WriteString("bus", Bus);
                }

                if (Address is not null)
                {
                    writer.WriteString("addr", Address);
                }

                writer.WriteEndObject();
            }

            return ["-device", Encoding.UTF8.GetString(buffer.WrittenSpan)];
        }
    }

    internal static bool Is(QemuOptions options) => options["driver"]?.StartsWith("vhost-vdpa-device", StringComparison.Ordinal) == true;

    internal static GenericVdpaDevice Read(QemuOptions options, DeviceElement argument)
    {
        if (options["vhostdev"] is { } node)
        {
            HostPath.CheckVdpaNode(argument, "value", node);
        }
        else if (options["vdpa-dev"] is not null)
        {
            argument.Error("the property 'vdpa-dev' exists in no QEMU: its name is 'vhostdev'", "value");
        }
        else
        {
            argument.Error("QEMU says \"vhost-vdpa-device: vhostdev are missing\"", "value");
        }

        if (!options.IsJson && options["bus"] is not null)
        {
            argument.Warn("write this -device as JSON: in the key=value form QEMU doesn't find libvirt's buses yet (\"Bus 'pci.N' not found\")", "value");
        }

        return new()
        {
            SourceDevice = options["vhostdev"] ?? options["vdpa-dev"] ?? "",
            Driver = options["driver"]!,
            Id = options["id"],
            Bus = options["bus"],
            Address = options["addr"],
            QueueSize = options.Number("queue-size"),
            OtherProperties = options.Keys.Except(Known).ToArray() is { Length: > 0 } others ? string.Join(", ", others) : null,
            BootOrder = options.Number("bootindex"),
        };
    }

    internal override DomainDevice AsWritten() => this with { Class = null };

    internal override bool IsSameAs(DomainDevice other) => other is GenericVdpaDevice generic && generic.SourceDevice == SourceDevice;
}
