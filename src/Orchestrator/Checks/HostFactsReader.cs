using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>
/// Observes a host: through libvirt, and where its daemon runs on this machine, or its machine is reached over SSH, through its files too. Changes nothing. What cannot be seen stays unknown.
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
        HostMachine? machine = HostMachine.Behind(host, files);
        string? problem = machine is null ? null : await machine.FindProblemAsync(cancellationToken).ConfigureAwait(false);
        if (machine is not null && problem is null)
        {
            return await WithFilesAsync(facts, machine, cancellationToken).ConfigureAwait(false);
        }

        facts = facts with { ChannelProblem = problem };

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

    private async Task<HostFacts> WithFilesAsync(HostFacts facts, HostMachine machine, CancellationToken cancellationToken)
    {
        HostFiles seen = machine.Files;
        string uri = QemuLogLocation.FromItsMachine(facts.Host.Uri);
        Func<string, string?> environment = await machine.EnvironmentAsync(_time, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<(int Pid, string Name)> processes = ProcReader.Processes(seen);
        DaemonPlaces? places = DaemonPlaces.Find(uri, environment);
        QemuConfiguration? configuration = places is null || seen.ReadText(places.Configuration) is not { } text ? null : QemuConfiguration.Parse(text);
        string? logs = QemuLogLocation.Find(
            uri, machine.IsThisMachine ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) : environment("HOME") ?? "/", environment("XDG_CACHE_HOME"));
        return facts with
        {
            IsThisMachine = machine.IsThisMachine,
            Channel = machine.Shell is { Target: var target } ? $"over SSH as {target.Host}{(target.Sudo ? " with sudo" : "")}" : null,
            SshHelpers = machine.IsThisMachine || !IsOverSsh(facts.Host) ? null : await SshHelpersAsync(machine, cancellationToken).ConfigureAwait(false),
            Firmware = facts.Firmware ?? SysfsReader.Firmware(seen),
            Managers = [.. facts.Managers.Concat(ProcReader.Managers(processes)).DistinctBy(manager => manager.Name)],
            Kernel = SysfsReader.Kernel(seen),
            IommuGroups = SysfsReader.IommuGroups(seen),
            PciFunctions = SysfsReader.PciFunctions(seen),
            VdpaDevices = SysfsReader.Vdpa(seen),
            QemuConfiguration = configuration,
            Daemon = places is null ? null : ProcReader.Daemon(seen, places, facts.Host.IsPrivileged, configuration?.User, processes),
            LogsReadable = logs is null ? null : seen.MayList(logs),
            Dialect = await WithGenericDeviceAsync(machine, facts.Dialect, facts.Emulator, cancellationToken).ConfigureAwait(false),
            TraceEvents = await TraceEventsAsync(machine, facts.Emulator, cancellationToken).ConfigureAwait(false),
            Clock = machine.RunsPrograms ? await ClockReader.ReadAsync(machine, _time, cancellationToken).ConfigureAwait(false) : null,
        };
    }

    private static bool IsOverSsh(HostIdentity host) => Uri.TryCreate(host.Uri, UriKind.Absolute, out Uri? uri) && uri.Scheme.Split('+') is [_, "ssh" or "libssh" or "libssh2"];

    /// <summary>The programs that libvirt may run at the other end of SSH.</summary>
    private async Task<IReadOnlyList<string>?> SshHelpersAsync(HostMachine machine, CancellationToken cancellationToken) =>
        (await machine.OutputAsync(["sh", "-c", "for p in virt-ssh-helper nc netcat; do command -v $p >/dev/null && echo $p; done; :"], Patience, _time, cancellationToken).ConfigureAwait(false))
            ?.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What a host that is not this machine can only be asked through its own QEMU.</summary>
    private async Task<HostDialect?> WithGenericDeviceAsync(HostMachine machine, HostDialect? dialect, string? emulator, CancellationToken cancellationToken)
    {
        if (dialect is not { GenericVdpaDevice: null } || !machine.RunsPrograms || emulator is null || !HostProgram.IsTrusted(machine.Files, emulator))
        {
            return dialect;
        }

        string? properties = await machine.OutputAsync([emulator, "-nodefaults", "-machine", "none", "-device", "vhost-vdpa-device-pci,help"], Patience, _time, cancellationToken).ConfigureAwait(false);
        return properties is null ? dialect : dialect with { GenericVdpaDevice = EmulatorProbe.Properties(properties).Contains("vhostdev") };
    }

    private async Task<IReadOnlySet<string>?> TraceEventsAsync(HostMachine machine, string? emulator, CancellationToken cancellationToken)
    {
        // Asked on the command line: no guest is needed, and a pattern without a match would not even be a warning in its log.
        string? list = machine.RunsPrograms && emulator is not null && HostProgram.IsTrusted(machine.Files, emulator)
            ? await machine.OutputAsync([emulator, "-trace", "help"], Patience, _time, cancellationToken).ConfigureAwait(false)
            : null;
        return list?.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet(StringComparer.Ordinal);
    }
}
