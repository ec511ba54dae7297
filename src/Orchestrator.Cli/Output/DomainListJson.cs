using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli;

/// <summary>What <c>domain list --json</c> prints.</summary>
/// <param name="Hosts">The hosts that were asked.</param>
/// <param name="Domains">Their domains, host by host, by name.</param>
internal sealed record DomainListDocument(IReadOnlyList<DomainListDocument.Host> Hosts, IReadOnlyList<DomainItem> Domains)
{
    /// <param name="Name">What the user calls it.</param>
    /// <param name="Uri">Its URI; absent when it could not be reached.</param>
    /// <param name="Error">Why it could not be reached.</param>
    internal sealed record Host(string Name, string? Uri, ErrorDocument? Error);
}

/// <summary>One domain at a glance. What its host did not tell is absent, and <see cref="Problem"/> says why.</summary>
internal sealed record DomainItem(
    string Host, string Name, Guid Uuid, string State, string? Reason, long? MemoryKib, long? MaxMemoryKib, int? Vcpus, int? Disks, int? Interfaces, int? VdpaDevices,
    int? VirtualFunctions, string? Job, bool Persistent, bool Autostart, bool ManagedSave, string? Manager, string? Problem)
{
    internal static DomainItem From(string host, DomainRecord record)
    {
        DomainOutline? outline = record.Xml is { } xml ? DomainOutline.Of(xml) : null;
        string[] state = record.Describe().Split('/');
        return new(
            host, record.Name, record.Uuid, state[0], state.Length > 1 ? state[1] : null, record.MemoryKiB, record.MaxMemoryKiB, record.Vcpus, outline?.Disks, outline?.Interfaces,
            outline?.VdpaDevices, outline?.VirtualFunctions, record.Job is null or DomainJobType.None ? null : ErrorDocument.CodeOf(record.JobOperation), record.IsPersistent,
            record.IsAutostarted, record.HasManagedSave, outline?.Manager, record.Problem);
    }
}

/// <summary>What <c>domain show --json</c> prints.</summary>
/// <param name="Host">The host.</param>
/// <param name="Domain">The domain at a glance.</param>
/// <param name="Devices">Its devices as its document tells them; QEMU was not asked.</param>
/// <param name="Snapshots">How many snapshots the host keeps of it.</param>
/// <param name="Checkpoints">How many checkpoints.</param>
/// <param name="DefinitionDiffers">In what the running domain differs from its definition; absent when it does not run or has none.</param>
internal sealed record DomainShowDocument(
    DomainShowDocument.HostName Host, DomainItem Domain, IReadOnlyList<DomainShowDocument.Device> Devices, int Snapshots, int Checkpoints, IReadOnlyList<string>? DefinitionDiffers)
{
    internal static DomainShowDocument From(HostIdentity host, DomainRecord record, DomainLeftovers leftovers, string? definition) => new(
        new(host.Name, host.Uri),
        DomainItem.From(host.Name, record),
        record.Xml is { } xml ? [.. DomainDocument.Parse(xml).Devices.Where(device => device.Scheme != DeviceScheme.Other).Select(Device.From)] : [],
        leftovers.Snapshots,
        leftovers.Checkpoints,
        record is { IsActive: true, Xml: { } running } && definition is not null ? DefinitionDifferences.Of(running, definition) : null);

    internal sealed record HostName(string Name, string Uri);

    internal sealed record Device(string Kind, string Scheme, string? Resource, string? VirtioClass, string? GuestAddress, string? Alias)
    {
        internal static Device From(DomainDevice device) => new(
            device.Kind, ErrorDocument.CodeOf(device.Scheme), device.HostResource, device.VirtioClass is { } type ? ErrorDocument.CodeOf(type) : null,
            device.GuestAddress?.ToString(), device.Alias);
    }
}

/// <summary>What <c>domain dumpxml --json</c> prints.</summary>
internal sealed record DomainXmlDocument(DomainShowDocument.HostName Host, string Name, Guid Uuid, string Xml);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(DomainListDocument))]
[JsonSerializable(typeof(DomainShowDocument))]
[JsonSerializable(typeof(DomainXmlDocument))]
internal sealed partial class DomainListJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs and XML stay readable.</summary>
    internal static DomainListJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
