namespace Orchestrator.Checks;

/// <summary>The ports of incoming migrations.</summary>
internal static class PortChecks
{
    private const int Fewest = 4;

    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        const string Id = "migration-ports";
        var judge = new Judge(HostLayer.Migration, CheckSeverity.Warning);
        if (scope.Facts.QemuConfiguration is not { } configuration)
        {
            yield return judge.Unknown(Id, $"the ports of incoming migrations (qemu.conf) are {scope.Unseen}", $"On {scope.Name}: grep ^migration_port /etc/libvirt/qemu.conf; the default is 49152 to 49215");
            yield break;
        }

        int count = configuration.MigrationPortMax - configuration.MigrationPortMin + 1;
        string range = $"{configuration.MigrationPortMin} to {configuration.MigrationPortMax}";
        yield return count >= Fewest
            ? judge.Pass(Id, $"{scope.Name} takes incoming migrations on ports {range}: its firewall must let them in")
            : judge.Fail(Id, $"{scope.Name} takes incoming migrations on ports {range}, too few for several at a time", "Widen migration_port_min and migration_port_max in qemu.conf, and restart the daemon.");
    }
}
