using System.Text.Json;
using Libvirt.Xml;
using Orchestrator.Devices;

namespace Orchestrator.Migration;

/// <summary>What the host devices of a domain become in a migration. Pure.</summary>
internal static class DeviceMoves
{
    /// <summary>The devices that use something of the host's which the destination must have, too; the document travels as it is, so it is the same there.</summary>
    /// <param name="xml">The domain's document.</param>
    internal static IReadOnlyList<MigrationDocument.DeviceMove> Of(string xml)
    {
        try
        {
            return
            [
                .. from device in DomainDocument.Parse(xml).Devices
                   where device.Scheme.IsOfTheHost() && device.HostResource is not null
                   select new MigrationDocument.DeviceMove(device.HostResource!, device.HostResource!, JsonNamingPolicy.SnakeCaseLower.ConvertName($"{device.Scheme}")),
            ];
        }
        catch (DomainDocumentException)
        {
            return []; // the check of the trace events says that the document cannot be read
        }
    }
}
