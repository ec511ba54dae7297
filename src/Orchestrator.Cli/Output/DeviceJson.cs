using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Devices;

namespace Orchestrator.Cli;

/// <summary>What <c>vdpa mgmt --json</c> prints.</summary>
internal sealed record VdpaManagementDocument(string Host, IReadOnlyList<VdpaManagementDevice> ManagementDevices);

/// <summary>What <c>vdpa list --json</c> prints.</summary>
internal sealed record VdpaListDocument(string Host, IReadOnlyList<VdpaDevice> Devices);

/// <summary>What <c>vdpa create|delete --json</c> prints.</summary>
/// <param name="Host">The host.</param>
/// <param name="Action">created, deleted, unchanged or planned.</param>
/// <param name="Name">The device's name.</param>
/// <param name="Device">The device as it is now; none after a deletion or for a plan.</param>
/// <param name="Commands">The commands that were, or would be, run.</param>
internal sealed record VdpaChangeDocument(string Host, string Action, string Name, VdpaDevice? Device, IReadOnlyList<string> Commands);

/// <summary>What <c>vf list --json</c> prints.</summary>
internal sealed record VfListDocument(string Host, IReadOnlyList<PhysicalFunction> PhysicalFunctions, IReadOnlyList<VirtualFunction> VirtualFunctions);

/// <summary>What <c>vf enable --json</c> prints.</summary>
/// <param name="Host">The host.</param>
/// <param name="Action">enabled, unchanged or planned.</param>
/// <param name="PhysicalFunction">The address of the physical function.</param>
/// <param name="Count">How many virtual functions it has, or would have.</param>
/// <param name="Writes">The writes that were, or would be, made.</param>
/// <param name="Notes">What a person should know.</param>
internal sealed record VfCountDocument(string Host, string Action, string PhysicalFunction, int Count, IReadOnlyList<SysfsWrite> Writes, IReadOnlyList<string> Notes);

/// <summary>What <c>vf bind --json</c> prints.</summary>
/// <param name="Host">The host.</param>
/// <param name="Action">bound, unchanged or planned.</param>
/// <param name="Driver">The driver.</param>
/// <param name="Functions">The functions.</param>
/// <param name="Notes">What a person should know.</param>
internal sealed record VfBindDocument(string Host, string Action, string Driver, IReadOnlyList<VfBindDocument.Function> Functions, IReadOnlyList<string> Notes)
{
    internal sealed record Function(string Address, string? DriverBefore, IReadOnlyList<SysfsWrite> Writes);
}

/// <summary>What <c>vf pick --json</c> prints.</summary>
internal sealed record VfPickDocument(
    string Host, int? NumaNode, IReadOnlyList<VfPickDocument.Picked> Functions, IReadOnlyList<PassedOver> PassedOver, IReadOnlyList<string> Notes)
{
    internal sealed record Picked(AcceleratorEngine? Engine, string Address, string? Driver, bool UsersKnown, string Xml);
}

/// <summary>What <c>vf enable|bind --print-unit --json</c> print.</summary>
internal sealed record UnitDocument(string Unit);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(VdpaManagementDocument))]
[JsonSerializable(typeof(VdpaListDocument))]
[JsonSerializable(typeof(VdpaChangeDocument))]
[JsonSerializable(typeof(VfListDocument))]
[JsonSerializable(typeof(VfCountDocument))]
[JsonSerializable(typeof(VfBindDocument))]
[JsonSerializable(typeof(VfPickDocument))]
[JsonSerializable(typeof(UnitDocument))]
internal sealed partial class DeviceJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: commands and XML stay readable.</summary>
    internal static DeviceJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
