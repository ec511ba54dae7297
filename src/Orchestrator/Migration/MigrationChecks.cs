using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Migration;

/// <summary>What must hold, and what is worth knowing, before a migration. Pure.</summary>
internal static class MigrationChecks
{
    internal static IReadOnlyList<Check> All(
        MigrationRequest request, DomainSnapshot domain, HostIdentity source, HostSnapshot destination, MigrationMode mode) =>
    [
        TwoHosts(source, destination.Host),
        Hypervisor(source, destination.Host),
        Architecture(source, destination.Host),
        Active(domain, source),
        NoJob(domain, source),
        FreeOnDestination(request, domain, destination),
        Limit(request),
        ModeIsSafe(mode),
        QemuVersions(source, destination.Host),
        Trace(domain),
        Consent(request),
    ];

    private static Check TwoHosts(HostIdentity source, HostIdentity destination)
    {
        bool same = source.Uri == destination.Uri || (source.HostUuid is { } uuid && uuid == destination.HostUuid);
        return Check("two-hosts", CheckSeverity.Error, !same,
            $"{source.Name} and {destination.Name} are two hosts",
            $"{source.Name} and {destination.Name} are the same host (UUID {source.HostUuid?.ToString() ?? "unknown"})",
            "Name another destination. If these are two machines with one UUID, set host_uuid in libvirtd.conf of one.");
    }

    private static Check Hypervisor(HostIdentity source, HostIdentity destination)
    {
        HostIdentity? other = source.Driver != "QEMU" ? source : destination.Driver != "QEMU" ? destination : null;
        return Check("hypervisor", CheckSeverity.Error, other is null,
            "both hosts run QEMU",
            $"{other?.Name} is driven by {other?.Driver ?? "an unknown driver"}, not by QEMU",
            "Connect with a qemu:// URI.");
    }

    private static Check Architecture(HostIdentity source, HostIdentity destination) =>
        source.Architecture is null || destination.Architecture is null
            ? new("architecture", CheckSeverity.Error, CheckResult.Unknown, "a host does not tell its architecture")
            : Check("architecture", CheckSeverity.Error, source.Architecture == destination.Architecture,
                $"both hosts are {source.Architecture}",
                $"{source.Name} is {source.Architecture}, {destination.Name} is {destination.Architecture}",
                "Choose a destination of the same architecture.");

    private static Check Active(DomainSnapshot domain, HostIdentity source) => domain.State switch
    {
        DomainState.Running => new("domain-runs", CheckSeverity.Error, CheckResult.Pass, $"{domain.Name} runs on {source.Name}"),
        DomainState.Paused => new("domain-runs", CheckSeverity.Warning, CheckResult.Fail,
            $"{domain.Name} is {domain.Describe()} on {source.Name}: it will arrive paused, and there is no downtime to measure",
            $"Resume it first if that is not meant: virsh resume {domain.Uuid}"),
        _ => new("domain-runs", CheckSeverity.Error, CheckResult.Fail,
            $"{domain.Name} is {domain.Describe()} on {source.Name}; only a running domain can be live-migrated",
            $"Start it first (virsh start {domain.Uuid}), or copy its definition to the destination."),
    };

    private static Check NoJob(DomainSnapshot domain, HostIdentity source) =>
        Check("no-job", CheckSeverity.Error, domain.Job == DomainJobType.None,
            $"no job runs on {domain.Name}",
            $"a job runs on {domain.Name} already (virsh -c {source.Uri} domjobinfo {domain.Uuid})",
            "Wait for it, or abort it with virsh domjobabort.");

    private static Check FreeOnDestination(MigrationRequest request, DomainSnapshot domain, HostSnapshot destination)
    {
        const string Id = "destination-free";
        string host = destination.Host.Name;
        if (destination.ByName is { } byName && byName.Uuid != domain.Uuid)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"the name {domain.Name} belongs to another domain on {host}, UUID {byName.Uuid} ({byName.Describe()})",
                "Rename or remove one of the two.");
        }

        if (destination.ByUuid is { } byUuid && byUuid.Name != domain.Name)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"the UUID {domain.Uuid} belongs to another domain on {host}, named {byUuid.Name} ({byUuid.Describe()})",
                "Give one of the two another UUID.");
        }

        if (destination.ByName is not { } existing)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Pass, $"{host} has no domain of this name or UUID");
        }

        if (existing.IsActive)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"{domain.Name} is already active on {host} ({existing.Describe()}), UUID {existing.Uuid}",
                "Find out which of the two copies is the right one before anything else; libvirt would leave both running.");
        }

        bool replaced = request.Persistence == MigrationPersistence.Persistent
            || (request.Persistence == MigrationPersistence.Keep && domain.IsPersistent);
        return new(Id, CheckSeverity.Info, CheckResult.Pass, replaced
            ? $"{host} has a shut-off definition of {domain.Name} (same UUID); it will be replaced"
            : $"{host} has a shut-off definition of {domain.Name} (same UUID); it stays as it is, so the domain will be persistent there");
    }

    private static Check Limit(MigrationRequest request)
    {
        bool valid = request.MaxDowntime is not { } limit
            || (limit >= TimeSpan.FromMilliseconds(1) && limit <= MigrationRequest.LargestMaxDowntime && limit.Ticks % TimeSpan.TicksPerMillisecond == 0);
        return Check("max-downtime", CheckSeverity.Error, valid,
            request.MaxDowntime is { } value ? string.Create(CultureInfo.InvariantCulture, $"limit {value.TotalMilliseconds:0} ms") : "the limit stays as it is",
            $"QEMU takes limits of 1 ms to {MigrationRequest.LargestMaxDowntime.TotalMilliseconds:0} ms, in whole milliseconds",
            "Choose a limit in that range.");
    }

    private static Check ModeIsSafe(MigrationMode mode) => mode == MigrationMode.P2P
        ? new("mode", CheckSeverity.Info, CheckResult.Pass, "peer-to-peer: the migration goes on if this process ends")
        : new("mode", CheckSeverity.Warning, CheckResult.Fail,
            "direct: this process is part of the migration; if it is frozen or killed at the wrong moment, the guest stays paused",
            "Use --mode p2p where the source's daemon can reach the destination's.");

    private static Check QemuVersions(HostIdentity source, HostIdentity destination)
    {
        if (source.QemuVersion == 0 || destination.QemuVersion == 0)
        {
            return new("qemu-versions", CheckSeverity.Info, CheckResult.Unknown, "a host does not tell its QEMU's version");
        }

        return Check("qemu-versions", CheckSeverity.Warning, destination.QemuVersion >= source.QemuVersion,
            $"QEMU {HostDialect.VersionText(source.QemuVersion)} to {HostDialect.VersionText(destination.QemuVersion)}",
            $"{destination.Name} has an older QEMU ({HostDialect.VersionText(destination.QemuVersion)}) than {source.Name} ({HostDialect.VersionText(source.QemuVersion)})",
            "A machine type or device that the older QEMU lacks makes the migration fail late.");
    }

    private static Check Trace(DomainSnapshot domain)
    {
        const string Id = "trace-events";
        const string Remedy = "Add --trace vm_state_notify to its qemu:commandline; it takes effect when the guest is next started.";
        TraceArguments trace;
        try
        {
            trace = DomainDocument.Parse(domain.Xml).TraceArguments;
        }
        catch (DomainDocumentException e)
        {
            return new(Id, CheckSeverity.Info, CheckResult.Unknown, $"the domain's document cannot be read: {e.Message}");
        }

        return trace.Covers("all_vcpus_paused") || trace.Covers("vm_state_notify")
            ? new(Id, CheckSeverity.Info, CheckResult.Pass, $"trace events enabled: {string.Join(", ", trace.Patterns)}")
            : new(Id, CheckSeverity.Info, CheckResult.Fail, "no trace events enabled: the downtime will be measured from QEMU's STOP and RESUME events", Remedy);
    }

    private static Check Consent(MigrationRequest request) =>
        new("storage-safety", request.Unsafe ? CheckSeverity.Warning : CheckSeverity.Info, request.Unsafe ? CheckResult.Fail : CheckResult.Pass,
            request.Unsafe ? "--unsafe: libvirt's check of the storage is switched off, by consent" : "libvirt checks the storage itself");

    private static Check Check(string id, CheckSeverity severity, bool holds, string pass, string fail, string remedy) => holds
        ? new(id, severity, CheckResult.Pass, pass)
        : new(id, severity, CheckResult.Fail, fail, remedy);
}
