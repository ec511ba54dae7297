using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>The call that lets a broken post-copy migration go on. Pure.</summary>
internal static class PostCopyResume
{
    private const long First = 8_005_000;

    /// <summary>Why two hosts cannot do it; <see langword="null"/> when nothing is known against it.</summary>
    internal static string? Problem(UnfinishedOperation operation, HostIdentity source, HostIdentity destination)
    {
        if (operation.FirstPolicy is not null && OptionsOf(operation) is null)
        {
            return "Destroy neither copy. The policy that the migration began with was written by another version and cannot be read, so that it is not known whether its connection is encrypted: recover with that version.";
        }

        HostIdentity? old = source.LibvirtVersion < First ? source : destination.LibvirtVersion < First ? destination : null;
        return old is not null ? $"Destroy neither copy. To go on, both hosts need libvirt 8.5.0 or newer, and {old.Name} has {Version(old)}: update it (guests run on meanwhile), then recover again."

            // Seen: its qemuProcessIncomingDefNew reads through a null pointer when it prepares a resumption, each time. The daemon dies, the guest runs on, and nothing is gained.
            : destination.LibvirtVersion == 11_003_000 ? $"Destroy neither copy. The daemon of libvirt 11.3.0, which {destination.Name} has, crashes when it is asked to go on: update it (guests run on meanwhile), then recover again."
            : null;
    }

    /// <summary>The call: with what the first one had of flags, addresses and encryption, by the same driver.</summary>
    internal static (MigrationMode Mode, MigrationCall Call) Call(UnfinishedOperation operation, HostIdentity source, HostIdentity destination, HostAddress address)
    {
        MigrationMode mode = operation.Mode switch
        {
            "p2p" => MigrationMode.P2P,
            "direct" => MigrationMode.Direct,
            _ => address.PeerUri is not null ? MigrationMode.P2P : MigrationPlanner.ChooseMode(source, destination),
        };
        TransferOptions options = OptionsOf(operation) ?? new();
        DomainMigrateFlags flags = DomainMigrateFlags.Live | DomainMigrateFlags.Postcopy | DomainMigrateFlags.PostcopyResume
            | (mode == MigrationMode.P2P ? DomainMigrateFlags.Peer2Peer : DomainMigrateFlags.None)
            | (operation.PersistentOnDestination ? DomainMigrateFlags.PersistDest : DomainMigrateFlags.None)
            | (operation.UndefinesSource ? DomainMigrateFlags.UndefineSource : DomainMigrateFlags.None)
            | (options.Tls ? DomainMigrateFlags.Tls : DomainMigrateFlags.None);
        bool oneMachine = MigrationPlanner.IsLocal(source) && MigrationPlanner.IsLocal(destination);
        List<KeyValuePair<string, object>> parameters = MigrationPlanner.Addresses(operation.MigrateUri, operation.ListenAddress, oneMachine, address.MigrationAddress);
        if (options.TlsDestination is { } name)
        {
            parameters.Add(new(MigrateParameter.TlsDestination, name));
        }

        return (mode, new()
        {
            DomainUuid = operation.DomainUuid,
            DestinationUri = (mode == MigrationMode.P2P ? address.PeerUri : null) ?? destination.Uri,
            Flags = flags,
            Parameters = parameters,
        });
    }

    private static TransferOptions? OptionsOf(UnfinishedOperation operation)
    {
        try
        {
            return operation.FirstPolicy is { } json ? PolicyDocument.FromJson(json).Options : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Version(HostIdentity host) => $"{host.LibvirtVersion / 1_000_000}.{host.LibvirtVersion / 1000 % 1000}.{host.LibvirtVersion % 1000}";
}
