using Libvirt.Interop;
using Orchestrator.Hosts;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>The way between the hosts.</summary>
internal static class TransportChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        yield return ModeIsSafe(plan.Mode);
        if (plan.Mode == MigrationMode.P2P)
        {
            yield return Reach(plan);
        }

        yield return plan.OneMachine
            ? Pass("pair-clock", "both daemons run on this machine: their clock is the same, offset 0 ms", CheckSeverity.Info)
            : Unknown("pair-clock", $"the offset of the clocks of {plan.From} and {plan.To} is not told by libvirt; the migration bounds it by its events", "Let both follow one NTP server (chronyc tracking).");
        if (plan.Flags.HasFlag(DomainMigrateFlags.Tls))
        {
            yield return Tls(plan);
        }
    }

    private static Check ModeIsSafe(MigrationMode mode) => mode == MigrationMode.P2P
        ? new("mode", CheckSeverity.Info, CheckResult.Pass, "peer-to-peer: the migration goes on if this process ends")
        : new("mode", CheckSeverity.Warning, CheckResult.Fail,
            "direct: this process is part of the migration; if it is frozen or killed at the wrong moment, the guest stays paused",
            "Use --mode p2p where the source's daemon can reach the destination's.");

    private static Check Reach(PlanContext plan)
    {
        const string Id = "pair-reach";
        string? socket = plan.OneMachine && plan.There is { IsThisMachine: true } ? QemuLogLocation.LocalSocket(plan.Destination.Host.Uri) : null;
        return socket is { Length: > 0 }
            ? Pass(Id, $"{plan.From}'s daemon reaches {plan.To}'s over the socket that this process came through", CheckSeverity.Info)
            : Unknown(Id, $"whether {plan.From}'s daemon can reach and log in to {plan.To} is seen only by migrating", $"On {plan.From}, as the daemon's account: virsh -c '{plan.Destination.Host.Uri}' version. Otherwise --mode direct.");
    }

    private static Check Tls(PlanContext plan)
    {
        const string Id = "tls";
        PlanningFacts?[] all = [plan.Here, plan.There];
        string[] without = [.. all.Where(facts => facts?.HasCertificates == false).Select(facts => facts!.Host.Name)];
        return without.Length > 0
            ? new(Id, CheckSeverity.Error, CheckResult.Fail, $"TLS is asked for, and {string.Join(" and ", without)} has no certificates for QEMU (ca-cert.pem, server-cert.pem)",
                "Put them where migrate_tls_x509_cert_dir or default_tls_x509_cert_dir of qemu.conf says (/etc/pki/qemu), readable for QEMU's account.")
            : all.All(facts => facts?.HasCertificates == true)
                ? Pass(Id, "both hosts have certificates for encrypted migrations")
                : Unknown(Id, "TLS is asked for; the certificates of another machine cannot be seen from here", "Look for ca-cert.pem and server-cert.pem in /etc/pki/qemu of both.", CheckSeverity.Warning);
    }
}
