using System.Text.Json;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Migration;

/// <summary>What the host devices of a domain become in a migration. Pure.</summary>
internal static class DeviceMoves
{
    /// <summary>The devices that use something of the host's: those that the plan maps, and the others, for which the destination must have the same.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="absences">How long the guest was without those that were detached.</param>
    internal static IReadOnlyList<MigrationDocument.DeviceMove> Of(MigrationPlan plan, IReadOnlyList<DeviceAbsenceTime> absences) =>
    [
        .. plan.Devices.Select(device =>
        {
            DeviceAbsenceTime? absence = absences.LastOrDefault(time => time.Device == device.Source);
            return new MigrationDocument.DeviceMove(
                device.Source, device.Destination, NameOf(device.Scheme), device.GuestAddress, device.Why, device.Detachment is not null, absence?.ValueMs, absence?.UncertaintyMs);
        }),
        .. Others(plan.Domain.Xml, plan.Devices),
    ];

    private static IEnumerable<MigrationDocument.DeviceMove> Others(string xml, IReadOnlyList<MappedDevice> mapped)
    {
        DomainDocument document;
        try
        {
            document = DomainDocument.Parse(xml);
        }
        catch (DomainDocumentException)
        {
            return []; // the check of the trace events says that the document cannot be read
        }

        return
            from device in document.Devices
            where device.Scheme.IsOfTheHost() && device.HostResource is not null && mapped.All(other => other.Source != device.HostResource)
            select new MigrationDocument.DeviceMove(device.HostResource!, device.HostResource!, NameOf(device.Scheme), device.GuestAddress?.ToString(), "the document travels as it is", false, null, null);
    }

    private static string NameOf(DeviceScheme scheme) => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{scheme}");
}
