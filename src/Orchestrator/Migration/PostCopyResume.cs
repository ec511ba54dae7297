using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Recovery;

namespace Orchestrator.Migration;

/// <summary>The call that lets a broken post-copy migration go on. Pure.</summary>
internal static class PostCopyResume
{
    private const long First = 8_005_000;

    /// <summary>Why two hosts cannot do it; <see langword="null"/> when nothing is known against it.</summary>
    internal static string? Problem(HostIdentity source, HostIdentity destination)
    {
        HostIdentity? old = source.LibvirtVersion < First ? source : destination.LibvirtVersion < First ? destination : null;
        return old is not null ? $"Destroy neither copy. To go on, both hosts need libvirt 8.5.0 or newer, and {old.Name} has {Version(old)}: update it (guests run on meanwhile), then recover again."

            // Seen: its qemuProcessIncomingDefNew reads through a null pointer when it prepares a resumption, each time. The daemon dies, the guest runs on, and nothing is gained.
            : destination.LibvirtVersion == 11_003_000 ? $"Destroy neither copy. The daemon of libvirt 11.3.0, which {destination.Name} has, crashes when it is asked to go on: update it (guests run on meanwhile), then recover again."
            : null;
    }

    /// <summary>The call: with what the first one had of flags and addresses.</summary>
    internal static (MigrationMode Mode, MigrationCall Call) Call(UnfinishedOperation operation, HostIdentity source, HostIdentity destination, HostAddress address)
    {
        MigrationMode mode = address.PeerUri is not null ? MigrationMode.P2P : MigrationPlanner.ChooseMode(source, destination);
        DomainMigrateFlags flags = DomainMigrateFlags.Live | DomainMigrateFlags.Postcopy | DomainMigrateFlags.PostcopyResume
            | (mode == MigrationMode.P2P ? DomainMigrateFlags.Peer2Peer : DomainMigrateFlags.None)
            | (operation.PersistentOnDestination ? DomainMigrateFlags.PersistDest : DomainMigrateFlags.None)
            | (operation.UndefinesSource ? DomainMigrateFlags.UndefineSource : DomainMigrateFlags.None);
        bool oneMachine = MigrationPlanner.IsLocal(source) && MigrationPlanner.IsLocal(destination);
        return (mode, new()
        {
            DomainUuid = operation.DomainUuid,
            DestinationUri = (mode == MigrationMode.P2P ? address.PeerUri : null) ?? destination.Uri,
            Flags = flags,
            Parameters = MigrationPlanner.Addresses(operation.MigrateUri, operation.ListenAddress, oneMachine, address.MigrationAddress),
        });
    }

    private static string Version(HostIdentity host) => $"{host.LibvirtVersion / 1_000_000}.{host.LibvirtVersion / 1000 % 1000}.{host.LibvirtVersion % 1000}";
}
