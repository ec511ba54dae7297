using Libvirt.Xml;

namespace Orchestrator.Checks;

/// <summary>The host's libvirt: the minimums of versions judge stock libvirt only; on openEuler what counts is what the host accepts.</summary>
internal static class LibvirtChecks
{
    private const long Floor = 6_002_000;
    private const long VdpaInterface = 6_009_000;
    private const long VhostVdpaDisk = 9_008_000;
    private const int Devices = 3;
    private const long GuestMemory = 8L << 30;
    private const long NeededLock = (Devices * GuestMemory) + (1L << 30);

    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        yield return Version(scope);
        if (scope.Facts.Dialect is not { } dialect)
        {
            yield break;
        }

        yield return Vdpa(scope, dialect);
        if (dialect.Name == DialectName.Upstream)
        {
            yield return Disk(scope, dialect);
        }

        yield return Migration(scope, dialect);
        yield return MemoryLock(scope);
    }

    private static HostCheck Version(HostScope scope)
    {
        const string Id = "libvirt";
        var judge = new Judge(HostLayer.Libvirt, CheckSeverity.Error, Essential: true);
        long version = scope.Facts.Host.LibvirtVersion;
        if (scope.Facts.Dialect is not { } dialect)
        {
            return judge.Fail(Id, $"{scope.Name} is driven by {scope.Facts.Host.Driver ?? "an unknown driver"}, not by QEMU", "Connect with a qemu:// URI.");
        }

        return version >= Floor
            ? judge.Pass(Id, $"libvirt {Words.Version(version)} of {scope.Name}, {Words.Dialect(dialect)} dialect")
            : judge.Fail(Id, $"{scope.Name} has libvirt {Words.Version(version)}; 6.2.0 is the oldest that is supported", "Update libvirt.");
    }

    private static HostCheck Vdpa(HostScope scope, HostDialect dialect)
    {
        const string Id = "libvirt-vdpa";
        Judge judge = scope.Essential(HostLayer.Libvirt, HostNeed.Vdpa);
        string version = Words.Version(dialect.LibvirtVersion);
        if (dialect.VdpaHostDevice)
        {
            return judge.Pass(Id, $"<hostdev type='vdpa'> is understood by {scope.Name} (libvirt {version}, openEuler)");
        }

        if (dialect.Name == DialectName.OpenEuler)
        {
            return judge.Fail(Id, $"{scope.Name} does not understand <hostdev type='vdpa'> (libvirt {version})", "Update libvirt to openEuler 22.03 LTS SP3, 24.03 LTS or later: dnf update libvirt.");
        }

        return dialect.VdpaInterface
            ? judge.Pass(Id, $"<interface type='vdpa'> is understood by {scope.Name} (libvirt {version}, upstream since 6.9.0); it has no <hostdev type='vdpa'>")
            : judge.Fail(Id,
                $"{scope.Name} understands no vDPA device (libvirt {version}; upstream has <interface type='vdpa'> since {Words.Version(VdpaInterface)})",
                "Update libvirt to 6.9.0 or later, or use openEuler 22.03 LTS SP3 or later, where <hostdev type='vdpa'> is understood.");
    }

    private static HostCheck Disk(HostScope scope, HostDialect dialect)
    {
        const string Id = "libvirt-vdpa-disk";
        var judge = new Judge(HostLayer.Libvirt, CheckSeverity.Info);
        return (dialect.VhostVdpaDisk, dialect.VhostVdpaDiskUsable) switch
        {
            (true, true) => judge.Pass(Id, $"<disk type='vhostvdpa'> is understood by {scope.Name}'s libvirt and QEMU"),
            (true, false) => judge.Fail(Id, $"<disk type='vhostvdpa'> is understood by {scope.Name}'s libvirt, but its QEMU has no libblkio", "Install QEMU's block drivers: on Debian qemu-block-extra, on Fedora qemu-block-blkio."),
            _ => judge.Fail(Id, $"{scope.Name}'s libvirt {Words.Version(dialect.LibvirtVersion)} has no <disk type='vhostvdpa'>", $"Update libvirt to {Words.Version(VhostVdpaDisk)} or later."),
        };
    }

    private static HostCheck Migration(HostScope scope, HostDialect dialect)
    {
        const string Id = "libvirt-migration-attribute";
        Judge judge = scope.Essential(HostLayer.Libvirt, HostNeed.Kae);
        return dialect.MigrationAttribute
            ? judge.Pass(Id, $"migration='on' of <hostdev> is understood by {scope.Name}")
            : judge.Fail(Id,
                $"{scope.Name} does not understand migration='on' of <hostdev>"
                + (dialect.Name == DialectName.Upstream ? "; stock libvirt drops it without a word" : ""),
                "Use openEuler 22.03 LTS SP4, 24.03 LTS SP3 or later: dnf update libvirt qemu.");
    }

    private static HostCheck MemoryLock(HostScope scope)
    {
        const string Id = "memlock";
        Judge judge = scope.Advice(HostLayer.Libvirt, HostNeed.Vdpa) with { Severity = CheckSeverity.Warning };
        string need = $"{Devices} vDPA devices of a guest of {Words.Memory(GuestMemory)} lock up to {Words.Memory(NeededLock)} (each device the guest's memory, and 1 GiB)";
        if (scope.Facts.Daemon is not { LockedMemoryLimit: { } limit } daemon)
        {
            return judge.Unknown(Id, $"the daemon's limit of locked memory is {scope.Unseen}; {need}", $"On {scope.Name}: grep 'locked memory' /proc/$(pidof libvirtd virtqemud)/limits");
        }

        string now = $"the daemon of {scope.Name} may lock {Words.Memory(limit)}"
            + (daemon.QemuLockedMemoryLimit is { } running ? $", its QEMUs at least {Words.Memory(running)}" : "");
        if (limit >= NeededLock)
        {
            return judge.Pass(Id, $"{now}; {need}");
        }

        return daemon.IsPrivileged
            ? judge.Pass(Id, $"{now} and raises a guest's limit to its <memtune><hard_limit>, which must be written: vDPA host devices are not counted by libvirt itself; {need}")
            : judge.Fail(Id, $"{now}, and without root it cannot raise that; {need}", "Set LimitMEMLOCK=infinity for the daemon's unit, or use the system's daemon (qemu:///system).");
    }
}
