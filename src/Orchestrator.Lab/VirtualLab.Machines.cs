using System.Xml.Linq;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Guests;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Images;
using Orchestrator.Lab.Machines;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    /// <summary>The hosts on this machine; the others are in emulated machines.</summary>
    private IEnumerable<LabHost> LocalHosts => Hosts.Where(h => h.Machine is null);

    private static IEnumerable<LabMachine> MachinesOf(string folder, LabRecord record) => record.Machines.Select((machine, number) => new LabMachine(folder, number, machine));

    /// <summary>Makes the machines' image if it is wanted: minutes, in which nobody shall wait for the lock of the labs.</summary>
    private static Task PrepareImageAsync(LabOptions options, ILoggerFactory? loggerFactory, CancellationToken cancellationToken) =>
        options.Machines > 0 ? MachineImage.EnsureAsync(options, Log.For(loggerFactory), cancellationToken) : Task.CompletedTask;

    /// <summary>Starts those of the lab's emulated machines that do not run. What was in one that ended, devices and guests, is gone.</summary>
    private async Task StartMachinesAsync(CancellationToken cancellationToken)
    {
        if (RecordFile.Read(Folder).Record is not { Machines.Count: > 0 } record)
        {
            return;
        }

        var image = await MachineImage.EnsureAsync(_options, _log, cancellationToken).ConfigureAwait(false);
        await MachineKeys.EnsureAsync(Folder, record.Machines, cancellationToken).ConfigureAwait(false);
        foreach (var machine in MachinesOf(Folder, record))
        {
            // One after the other: the second is the first one's client.
            await machine.StartAsync(image, _options.Time, _log, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The document of a guest for a host in an emulated machine: its devices can be added, <c>/srv/guest</c> there has its kernel. Its first serial port says its ticks, to nobody.</summary>
    /// <param name="options">How it shall be; nothing dirties its memory.</param>
    public static XElement MachineGuestDocument(GuestOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return GuestDomain.Document(options, Guid.NewGuid(), new GuestImage("/srv/guest/kernel", "/srv/guest/initramfs", ""), serialSocket: null, hasKvm: true);
    }

    /// <summary>Starts a guest on a host in an emulated machine. The lab does not remember it: it ends with the machine, or as any domain does.</summary>
    /// <param name="options">How it shall be, with its host.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="LabException">There is no such host, or it is none of a machine.</exception>
    /// <exception cref="LibvirtException">The host refused the domain.</exception>
    public async Task<Guid> StartMachineGuestAsync(GuestOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var host = GetHost(options.Host ?? "");
        if (host.Machine is null)
        {
            throw new LabException($"{host.Name} is in no emulated machine.", host: host.Name);
        }

        return await LibvirtCall.RunAsync(host, connection => Start(connection, options), _options.Time, cancellationToken).ConfigureAwait(false);
    }

    private static Guid Start(LibvirtConnection connection, GuestOptions options)
    {
        var document = MachineGuestDocument(options).ToString();
        using var domain = options.Persistent ? connection.DefineXml(document) : connection.CreateXml(document);
        if (options.Persistent)
        {
            domain.Create();
        }

        return domain.Uuid;
    }
}
