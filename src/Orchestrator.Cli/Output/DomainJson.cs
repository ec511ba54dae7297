using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli;

/// <summary>What <c>domain define --json</c> prints.</summary>
internal sealed record DefinitionDocument(
    DefinitionDocument.DomainName Domain, DefinitionDocument.HostName Host, string Action, bool DryRun, IReadOnlyList<DefinitionDocument.Device> Devices,
    IReadOnlyList<ErrorProblem> Problems, IReadOnlyList<string> Notes)
{
    internal static DefinitionDocument From(DefinitionPlan plan, bool isDryRun) => new(
        new(plan.Name, plan.Uuid),
        HostOf(plan.Host, plan.Dialect),
        plan.Problems.Count > 0 ? "refused" : plan.Action == DefinitionAction.Created ? "created" : "updated",
        isDryRun,
        [.. plan.Devices.Select(device => new Device(
            device.Device.Kind, device.Device.HostResource!, ErrorDocument.CodeOf(device.Device.Scheme), new(ErrorDocument.CodeOf(device.Migration.Way), device.Migration.IsCertain, device.Migration.Evidence)))],
        Of(plan.Problems),
        plan.Notes);

    internal static HostName HostOf(HostIdentity host, HostDialect dialect) => new(host.Name, host.Uri, dialect.Name == DialectName.OpenEuler ? "openeuler" : "upstream");

    internal static IReadOnlyList<ErrorProblem> Of(IReadOnlyList<DefinitionProblem> problems) =>
        [.. problems.Select(problem => new ErrorProblem(problem.Path, problem.Message, problem.Line, problem.Column, problem.Alternatives))];

    internal sealed record DomainName(string Name, Guid Uuid);

    internal sealed record Device(string Kind, string Resource, string Scheme, Migration Migration);

    internal sealed record Migration(string Way, bool Certain, IReadOnlyList<string> Evidence);

    internal sealed record HostName(string Name, string Uri, string Dialect);
}

/// <summary>What <c>device attach --json</c> prints.</summary>
internal sealed record AttachmentDocument(DefinitionDocument.DomainName Domain, DefinitionDocument.HostName Host, bool DryRun, bool Changed, IReadOnlyList<ErrorProblem> Problems, IReadOnlyList<string> Notes);

/// <summary>What <c>device detach --json</c> prints.</summary>
internal sealed record DetachmentDocument(
    DefinitionDocument.DomainName Domain, DefinitionDocument.HostName Host, bool DryRun, bool Changed, IReadOnlyList<DetachmentDocument.Target> Devices, IReadOnlyList<string> Notes)
{
    internal sealed record Target(string From, string Kind, string? Resource, string? Alias);
}

/// <summary>What <c>device list --json</c> prints.</summary>
internal sealed record DeviceListDocument(
    DefinitionDocument.DomainName Domain, DefinitionDocument.HostName Host, string State, bool QemuAsked, IReadOnlyList<string>? BlockedReasons, IReadOnlyList<DeviceListDocument.Listed> Devices,
    IReadOnlyList<string> Notes)
{
    internal static DeviceListDocument From(DomainDeviceList list, DefinitionDocument.HostName host) => new(
        new(list.Domain.Name, list.Domain.Uuid),
        host,
        ErrorDocument.CodeOf(list.Domain.State),
        list.QemuAsked,
        list.BlockedReasons,
        [
            .. list.Devices.Select(device => new Listed(
                device.Kind, ErrorDocument.CodeOf(device.Scheme), ErrorDocument.CodeOf(device.DataPath), device.Resource, device.GuestAddress, device.Alias, device.IsLive, device.IsDefined,
                device.IsKnownToLibvirt, new(ErrorDocument.CodeOf(device.Migration.Way), device.Migration.IsCertain, device.Migration.Evidence))),
        ],
        list.Notes);

    internal sealed record Listed(
        string Kind, string Scheme, string DataPath, string? Resource, string? GuestAddress, string? Alias, bool Live, bool Config, bool KnownToLibvirt, DefinitionDocument.Migration Migration);
}

/// <summary>What <c>domain health --json</c> prints.</summary>
internal sealed record DomainHealthDocument(
    DefinitionDocument.DomainName Domain, DefinitionDocument.HostName Host, string State, string Health, bool QemuAsked, IReadOnlyList<DomainHealthDocument.Looked> Devices, IReadOnlyList<string> Log,
    IReadOnlyList<DomainHealthDocument.Finding> Problems, IReadOnlyList<string> Notes)
{
    internal static DomainHealthDocument From(DomainHealth health, DefinitionDocument.HostName host) => new(
        new(health.Domain.Name, health.Domain.Uuid),
        host,
        ErrorDocument.CodeOf(health.Domain.State),
        health.Problems.Count > 0 ? "degraded" : health.IsSettled ? "works" : "unknown",
        health.QemuAsked,
        [.. health.Devices.Select(device => new Looked(device.Kind, device.Resource, device.Alias, ErrorDocument.CodeOf(device.Health), device.Why))],
        health.LogLines,
        [.. health.Problems.Select(problem => new Finding(problem.Message, problem.Remedy))],
        health.Notes);

    internal sealed record Looked(string Kind, string? Resource, string? Alias, string Health, string Why);

    internal sealed record Finding(string Message, string Remedy);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(DefinitionDocument))]
[JsonSerializable(typeof(AttachmentDocument))]
[JsonSerializable(typeof(DetachmentDocument))]
[JsonSerializable(typeof(DeviceListDocument))]
[JsonSerializable(typeof(DomainHealthDocument))]
internal sealed partial class DomainJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: XML in messages stays readable.</summary>
    internal static DomainJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
