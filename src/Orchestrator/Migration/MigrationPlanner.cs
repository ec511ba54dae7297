using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Migration;

/// <summary>Makes a plan from a request and a snapshot of each host. Pure.</summary>
public static class MigrationPlanner
{
    private const string Loopback = "127.0.0.1";

    /// <summary>Makes a plan.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="domain">The domain as it stands on the source.</param>
    /// <param name="source">The source.</param>
    /// <param name="destination">The destination, and what stands there under the domain's name and UUID.</param>
    /// <param name="address">How the destination is reached: by its peers, and by migrations; <see langword="null"/> when only its URI is known.</param>
    public static MigrationPlan Plan(MigrationRequest request, DomainSnapshot domain, HostIdentity source, HostSnapshot destination, HostAddress? address = null)
    {
        MigrationMode mode = request.Mode != MigrationMode.Auto ? request.Mode
            : address?.PeerUri is not null ? MigrationMode.P2P
            : ChooseMode(source, destination.Host);
        PolicyContext context = TransferCall.ContextOf(request, domain);
        return new()
        {
            Request = request,
            Domain = domain,
            Source = source,
            Destination = destination.Host,
            Mode = mode,
            PolicyContext = context,
            Checks = MigrationChecks.All(request, domain, source, destination, mode),
            Call = new()
            {
                DomainUuid = domain.Uuid,
                DestinationUri = (mode == MigrationMode.P2P ? address?.PeerUri : null) ?? destination.Host.Uri,
                Flags = Flags(request, domain, mode) | TransferCall.FlagsOf(request.Policy, context),
                Parameters = [.. Parameters(request, source, destination.Host, address?.MigrationAddress), .. TransferCall.ParametersOf(request.Policy, context, request.BandwidthMiBps)],
            },
        };
    }

    // "qemu:///system" means this machine to us and itself to a remote source: only a URI that names its host can be handed on.
    private static MigrationMode ChooseMode(HostIdentity source, HostIdentity destination) =>
        QemuLogLocation.LocalSocket(destination.Uri) is null || QemuLogLocation.LocalSocket(source.Uri) is not null
            ? MigrationMode.P2P
            : MigrationMode.Direct;

    private static DomainMigrateFlags Flags(MigrationRequest request, DomainSnapshot domain, MigrationMode mode)
    {
        DomainMigrateFlags flags = DomainMigrateFlags.Live;
        if (mode == MigrationMode.P2P)
        {
            flags |= DomainMigrateFlags.Peer2Peer;
        }

        if (request.Persistence == MigrationPersistence.Persistent || (request.Persistence == MigrationPersistence.Keep && domain.IsPersistent))
        {
            flags |= DomainMigrateFlags.PersistDest;
            if (domain.IsPersistent)
            {
                flags |= DomainMigrateFlags.UndefineSource;
            }
        }

        return request.Unsafe ? flags | DomainMigrateFlags.Unsafe : flags;
    }

    private static List<KeyValuePair<string, object>> Parameters(MigrationRequest request, HostIdentity source, HostIdentity destination, string? migrationAddress)
    {
        // Two daemons of one machine: left to itself libvirt would pick a host name, and QEMU listen on every interface.
        bool oneMachine = QemuLogLocation.LocalSocket(source.Uri) is not null && QemuLogLocation.LocalSocket(destination.Uri) is not null;
        string? receives = migrationAddress ?? (oneMachine ? request.ListenAddress ?? Loopback : null);
        string? migrateUri = request.MigrateUri ?? (receives is null ? null : $"tcp://{(receives.Contains(':', StringComparison.Ordinal) ? $"[{receives}]" : receives)}");

        // Whoever names another URI may come through a relay: where QEMU listens then is not ours to say.
        string? listenAddress = request.ListenAddress ?? (request.MigrateUri is null ? receives : null);

        var parameters = new List<KeyValuePair<string, object>>();
        Add(MigrateParameter.MigrateUri, migrateUri);
        Add(MigrateParameter.ListenAddress, listenAddress);
        return parameters;

        void Add(string name, object? value)
        {
            if (value is not null)
            {
                parameters.Add(new(name, value));
            }
        }
    }
}
