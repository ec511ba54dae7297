using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli;

/// <summary>What a host is, as <c>host check --json</c> and <c>host show --json</c> tell it.</summary>
internal sealed record HostDocument(string Name, string Uri, Guid? Uuid, string? HostName, string? Architecture, string? Driver, string Libvirt, string Qemu)
{
    internal static HostDocument From(HostIdentity host) => new(
        host.Name, host.Uri, host.HostUuid, host.HostName, host.Architecture, host.Driver, HostDialect.VersionText(host.LibvirtVersion), HostDialect.VersionText(host.QemuVersion));
}

/// <summary>What a host's libvirt and QEMU understand.</summary>
internal sealed record DialectDocument(
    string Name, bool VdpaHostDevice, bool MigrationAttribute, bool IommufdAttribute, bool VdpaInterface, bool VhostvdpaDisk, bool VhostvdpaDiskUsable, bool? GenericVdpaDevice)
{
    internal static DialectDocument From(HostDialect dialect) => new(
        dialect.Name == DialectName.OpenEuler ? "openeuler" : "upstream", dialect.VdpaHostDevice, dialect.MigrationAttribute, dialect.IommuFdAttribute,
        dialect.VdpaInterface, dialect.VhostVdpaDisk, dialect.VhostVdpaDiskUsable, dialect.GenericVdpaDevice);
}

/// <summary>A check with its layer.</summary>
internal sealed record HostCheckItem(string Id, HostLayer Layer, bool Essential, CheckSeverity Severity, CheckResult Result, string Message, string? Remedy)
{
    internal static HostCheckItem From(HostCheck item) =>
        new(item.Check.Id, item.Layer, item.Essential, item.Check.Severity, item.Check.Result, item.Check.Message, item.Check.Remedy);
}

/// <summary>What <c>host check --json</c> prints of the second host, and of both together.</summary>
internal sealed record PeerDocument(
    HostDocument Host, DialectDocument? Dialect, IReadOnlyList<LayerResult> Layers, HostLayer? FirstMissing, IReadOnlyList<HostCheckItem> Checks, IReadOnlyList<Check> Parity);

/// <summary>What <c>host check --json</c> prints.</summary>
internal sealed record HostCheckDocument(
    HostDocument Host, DialectDocument? Dialect, IReadOnlyList<LayerResult> Layers, HostLayer? FirstMissing, IReadOnlyList<HostCheckItem> Checks, PeerDocument? Peer)
{
    internal static HostCheckDocument From(HostReport host, HostReport? peer, IReadOnlyList<Check> parity) => new(
        HostDocument.From(host.Facts.Host),
        DialectOf(host),
        host.Layers,
        host.FirstMissing?.Name,
        [.. host.Checks.Select(HostCheckItem.From)],
        peer is null ? null : new(HostDocument.From(peer.Facts.Host), DialectOf(peer), peer.Layers, peer.FirstMissing?.Name, [.. peer.Checks.Select(HostCheckItem.From)], parity));

    private static DialectDocument? DialectOf(HostReport report) => report.Facts.Dialect is { } dialect ? DialectDocument.From(dialect) : null;
}

/// <summary>What <c>host show --json</c> prints. Counts are null when the devices could not be seen.</summary>
internal sealed record HostShowDocument(
    HostDocument Host, DialectDocument? Dialect, HostShowDocument.CpuDocument Cpu, long MemoryMib, IReadOnlyList<HostShowDocument.NumaDocument> Numa,
    int? VdpaDevices, IReadOnlyDictionary<string, int>? KaeVfs)
{
    internal static HostShowDocument From(HostFacts facts) => new(
        HostDocument.From(facts.Host),
        facts.Dialect is { } dialect ? DialectDocument.From(dialect) : null,
        new(facts.CpuModel, facts.NumaNodes.Sum(node => node.Cpus)),
        facts.NumaNodes.Sum(node => node.MemoryKiB) / 1024,
        [.. facts.NumaNodes.Select(node => new NumaDocument(node.Id, node.Cpus, node.MemoryKiB / 1024))],
        facts.VdpaDevices?.Count,
        facts.PciFunctions is null ? null : Accelerator.All.ToDictionary(engine => engine.Name, engine => facts.KaeVirtualFunctions(engine)!.Count));

    internal sealed record CpuDocument(string? Model, int Count);

    internal sealed record NumaDocument(int Node, int Cpus, long MemoryMib);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(HostCheckDocument))]
[JsonSerializable(typeof(HostShowDocument))]
internal sealed partial class HostJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: URIs and commands stay readable.</summary>
    internal static HostJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
