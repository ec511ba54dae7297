using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>
/// Observes a host: through libvirt, and where its daemon runs on this machine, through its files too. Changes nothing. What cannot be seen stays unknown.
/// </summary>
/// <param name="files">The files of this machine, or of a made tree that stands for those of every host with a local URI.</param>
/// <param name="time">The clock.</param>
public sealed class HostFactsReader(HostFiles files, TimeProvider? time = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Observes a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostUnreachableException">It was lost.</exception>
    public async Task<HostFacts> ReadAsync(IHost host, CancellationToken cancellationToken = default)
    {
        HostIdentity identity = host.Identity;
        HostDocuments documents = await host.GetDocumentsAsync(cancellationToken).ConfigureAwait(false);
        HostCapabilities capabilities = HostCapabilities.Parse(documents.Capabilities);
        SysinfoDocument? sysinfo = documents.Sysinfo is { } xml ? SysinfoDocument.Parse(xml) : null;
        var facts = new HostFacts
        {
            Host = identity,
            Dialect = identity.Driver == "QEMU" ? await host.GetDialectAsync(cancellationToken).ConfigureAwait(false) : null,
            CpuModel = capabilities.CpuModel,
            NumaNodes = capabilities.NumaNodes,
            Emulator = capabilities.Emulator,
            Firmware = sysinfo is null ? null : new(sysinfo.BiosVendor, sysinfo.BiosVersion, sysinfo.BiosDate, sysinfo.Product),
            Managers = DomainManagers.Of(documents.Domains),
            MonitorEvents = documents.MonitorEvents,
        };
        if (IsLocal(identity, files))
        {
            return await WithFilesAsync(facts, cancellationToken).ConfigureAwait(false);
        }

        return await WithNodeDevicesAsync(facts, host, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<HostFacts> WithNodeDevicesAsync(HostFacts facts, IHost host, CancellationToken cancellationToken)
    {
        const NodeDeviceCapabilities Wanted = NodeDeviceCapabilities.System | NodeDeviceCapabilities.PciDev | NodeDeviceCapabilities.Vdpa;
        (IReadOnlyList<NodeDeviceDocument> devices, bool knowsVdpa) = await HostNodeDevices.ListAsync(host, Wanted, cancellationToken).ConfigureAwait(false);
        if (devices.Count == 0)
        {
            return facts; // a daemon without a driver for devices: every other lists at least the computer itself
        }

        (IReadOnlyList<PciFunctionFacts> pci, IReadOnlyList<VdpaDeviceFacts> vdpa, int groups) = NodeDeviceReader.Read(devices);
        return facts with { PciFunctions = pci, VdpaDevices = knowsVdpa || vdpa.Count > 0 ? vdpa : null, IommuGroups = pci.Count > 0 ? groups : null };
    }

    private async Task<HostFacts> WithFilesAsync(HostFacts facts, CancellationToken cancellationToken)
    {
        IReadOnlyList<(int Pid, string Name)> processes = ProcReader.Processes(files);
        DaemonPlaces? places = DaemonPlaces.Find(facts.Host.Uri, Environment.GetEnvironmentVariable);
        QemuConfiguration? configuration = places is null || files.ReadText(places.Configuration) is not { } text ? null : QemuConfiguration.Parse(text);
        return facts with
        {
            IsThisMachine = true,
            Firmware = facts.Firmware ?? SysfsReader.Firmware(files),
            Managers = [.. facts.Managers.Concat(ProcReader.Managers(processes)).DistinctBy(manager => manager.Name)],
            Kernel = SysfsReader.Kernel(files),
            IommuGroups = SysfsReader.IommuGroups(files),
            PciFunctions = SysfsReader.PciFunctions(files),
            VdpaDevices = SysfsReader.Vdpa(files),
            QemuConfiguration = configuration,
            Daemon = places is null ? null : ProcReader.Daemon(files, places, IsPrivileged(facts.Host), configuration?.User, processes),
            LogsReadable = LogFolder(facts.Host) is { } logs ? files.MayList(logs) : null,
            TraceEvents = await TraceEventsAsync(facts.Emulator, cancellationToken).ConfigureAwait(false),
            Clock = files.IsMachine ? await ClockReader.ReadAsync(_time, cancellationToken).ConfigureAwait(false) : null,
        };
    }

    // A socket of this machine may be the end of a tunnel: then the host has another name. Whoever gives a made tree says himself that it is the host's.
    internal static bool IsLocal(HostIdentity host, HostFiles files) =>
        QemuLogLocation.LocalSocket(host.Uri) is not null && (!files.IsMachine || FirstLabel(host.HostName) == FirstLabel(Environment.MachineName));

    private static string? FirstLabel(string? name) => name?.Split('.')[0].ToUpperInvariant();

    private static bool IsPrivileged(HostIdentity host) => Uri.TryCreate(host.Uri, UriKind.Absolute, out Uri? uri) && uri.AbsolutePath == "/system";

    private static string? LogFolder(HostIdentity host) =>
        QemuLogLocation.Find(host.Uri, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), Environment.GetEnvironmentVariable("XDG_CACHE_HOME"));

    private async Task<IReadOnlySet<string>?> TraceEventsAsync(string? emulator, CancellationToken cancellationToken)
    {
        // Asked on the command line: no guest is needed, and a pattern without a match would not even be a warning in its log.
        string? list = files.IsMachine && emulator is not null && HostProgram.IsTrusted(files, emulator)
            ? await HostProgram.OutputAsync(emulator, ["-trace", "help"], Patience, _time, cancellationToken).ConfigureAwait(false)
            : null;
        return list?.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet(StringComparer.Ordinal);
    }
}
