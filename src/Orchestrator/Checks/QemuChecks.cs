using Libvirt.Xml;

namespace Orchestrator.Checks;

/// <summary>The host's QEMU and its generic vDPA device.</summary>
internal static class QemuChecks
{
    private const long VhostVdpa = 5_001_000;
    private const string GenericDevice = "vhost-vdpa-device-pci";

    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        if (scope.Facts.Dialect is not { } dialect)
        {
            yield break;
        }

        yield return Version(scope, dialect);
        yield return Generic(scope, dialect);
        if (dialect.VdpaHostDevice)
        {
            yield return Rollback(scope, dialect);
            yield return SilentFailures(scope);
        }
    }

    private static HostCheck Version(HostScope scope, HostDialect dialect)
    {
        const string Id = "qemu";
        var judge = new Judge(HostLayer.Qemu, CheckSeverity.Error, Essential: true);
        return dialect.QemuVersion == 0
            ? judge.Fail(Id, $"{scope.Name}'s libvirt finds no QEMU", $"Install QEMU for {scope.Facts.Host.Architecture ?? "its architecture"}, and restart the daemon.")
            : judge.Pass(Id, $"QEMU {Words.Version(dialect.QemuVersion)} of {scope.Name}{(scope.Facts.Emulator is { } path ? $", {path}" : "")}");
    }

    private static HostCheck Generic(HostScope scope, HostDialect dialect)
    {
        const string Id = "qemu-generic-vdpa";
        Judge judge = scope.Essential(HostLayer.Qemu, HostNeed.Vdpa);
        string version = Words.Version(dialect.QemuVersion);
        string release = dialect.Name == DialectName.OpenEuler ? "openEuler 22.03 LTS SP1 and later have it" : "upstream has it since QEMU 8.0";
        return dialect.GenericVdpaDevice switch
        {
            true => judge.Pass(Id, $"QEMU {version} of {scope.Name} has the generic vDPA device, {GenericDevice}"),
            null => judge.Unknown(Id, $"whether QEMU {version} of {scope.Name} has {GenericDevice} could not be asked ({release})", $"On {scope.Name}: {scope.Facts.Emulator ?? "QEMU"} -device {GenericDevice},help"),
            false when dialect.VdpaInterface && dialect.QemuVersion >= VhostVdpa =>
                judge.Pass(Id, $"QEMU {version} of {scope.Name} has no {GenericDevice} ({release}); network devices are possible as <interface type='vdpa'> (QEMU 5.1)"),
            false => judge.Fail(Id, $"QEMU {version} of {scope.Name} has no {GenericDevice} ({release})",
                dialect.Name == DialectName.OpenEuler ? "dnf update qemu" : "Update QEMU to 8.0 or later."),
        };
    }

    // Fixed on openEuler's 6.2.0 branch in June and July 2024 (493ef78aeb, 2713ad8575); the 8.2.0 branch still lacked both in October 2024.
    private static HostCheck Rollback(HostScope scope, HostDialect dialect)
    {
        const string Id = "qemu-rollback";
        var judge = new Judge(HostLayer.Qemu, CheckSeverity.Warning);
        bool affected = dialect.QemuVersion / 1000 == 8_002;
        string version = Words.Version(dialect.QemuVersion);
        return (affected, scope.Facts.VdpaDevices?.Count) switch
        {
            (false, _) => judge.Pass(Id, $"QEMU {version} of {scope.Name} is not one of those known to lose devices when a migration is rolled back"),
            (true, null) => judge.Unknown(Id, $"QEMU {version} may leave devices of a guest with several vDPA devices suspended when a migration is rolled back, and the devices of {scope.Name} were not seen"),
            (true, > 1) => judge.Fail(Id,
                $"QEMU {version} of {scope.Name} may leave devices of a guest with several vDPA devices suspended when a migration is rolled back (fixed on openEuler's 6.2.0 branch in 2024)",
                "Look for 493ef78aeb and 2713ad8575 in rpm -q --changelog qemu; without them check every device after a migration that failed."),
            _ => judge.Pass(Id, $"{scope.Name} has fewer than two vDPA devices: the rollback of several does not arise"),
        };
    }

    private static HostCheck SilentFailures(HostScope scope) => new Judge(HostLayer.Qemu, CheckSeverity.Info).Fail("qemu-silent-failures",
        $"openEuler's QEMU tells a vDPA device that did not resume after a rollback only in its log, ends the destination's when one does not resume there, and suspends the devices of {scope.Name}'s guests on every virsh suspend too",
        "After a rollback, a cancelled migration or a resume look for 'vhost vdpa device resume failed' in the domain's log; a domain that runs is not yet a success.");
}
