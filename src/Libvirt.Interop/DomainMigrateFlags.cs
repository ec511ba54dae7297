namespace Libvirt.Interop;

/// <summary>How to migrate a domain. libvirt 6.2.0 ends at <see cref="Parallel"/> and refuses newer bits.</summary>
[Flags]
[NativeEnum("VIR_MIGRATE_")]
public enum DomainMigrateFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_MIGRATE_LIVE</c>: Do not pause the domain during migration.</summary>
    Live = 1 << 0,

    /// <summary><c>VIR_MIGRATE_PEER2PEER</c>: Tell the source libvirtd to connect directly to the destination host.</summary>
    Peer2Peer = 1 << 1,

    /// <summary><c>VIR_MIGRATE_TUNNELLED</c>: Tunnel migration data over libvirtd connection.</summary>
    Tunnelled = 1 << 2,

    /// <summary><c>VIR_MIGRATE_PERSIST_DEST</c>: Define the domain as persistent on the destination host after successful migration.</summary>
    PersistDest = 1 << 3,

    /// <summary><c>VIR_MIGRATE_UNDEFINE_SOURCE</c>: Undefine the domain on the source host once migration successfully finishes.</summary>
    UndefineSource = 1 << 4,

    /// <summary><c>VIR_MIGRATE_PAUSED</c>: Leave the domain suspended on the destination host.</summary>
    Paused = 1 << 5,

    /// <summary><c>VIR_MIGRATE_NON_SHARED_DISK</c>: Migrate full disk images in addition to domain's memory.</summary>
    NonSharedDisk = 1 << 6,

    /// <summary><c>VIR_MIGRATE_NON_SHARED_INC</c>: Migrate disk images in addition to domain's memory.</summary>
    NonSharedInc = 1 << 7,

    /// <summary><c>VIR_MIGRATE_CHANGE_PROTECTION</c>: Protect against domain configuration changes during the migration process.</summary>
    ChangeProtection = 1 << 8,

    /// <summary><c>VIR_MIGRATE_UNSAFE</c>: Force migration even if it is considered unsafe.</summary>
    Unsafe = 1 << 9,

    /// <summary><c>VIR_MIGRATE_OFFLINE</c>: Migrate a domain definition without starting the domain on the destination and without stopping it on the source host.</summary>
    Offline = 1 << 10,

    /// <summary><c>VIR_MIGRATE_COMPRESSED</c>: Compress migration data.</summary>
    Compressed = 1 << 11,

    /// <summary><c>VIR_MIGRATE_ABORT_ON_ERROR</c>: Cancel migration if a soft error (such as I/O error) happens during migration.</summary>
    AbortOnError = 1 << 12,

    /// <summary><c>VIR_MIGRATE_AUTO_CONVERGE</c>: Enable algorithms that ensure a live migration will eventually converge.</summary>
    AutoConverge = 1 << 13,

    /// <summary><c>VIR_MIGRATE_RDMA_PIN_ALL</c>: This flag can be used with RDMA migration (i.e., when VIR_MIGRATE_PARAM_URI starts with "rdma://") to tell the hypervisor to pin.</summary>
    RdmaPinAll = 1 << 14,

    /// <summary><c>VIR_MIGRATE_POSTCOPY</c>: Setting the VIR_MIGRATE_POSTCOPY flag tells libvirt to enable post-copy migration.</summary>
    Postcopy = 1 << 15,

    /// <summary><c>VIR_MIGRATE_TLS</c>: Setting the VIR_MIGRATE_TLS flag will cause the migration to attempt to use the TLS environment configured by the hypervisor in.</summary>
    Tls = 1 << 16,

    /// <summary><c>VIR_MIGRATE_PARALLEL</c>: Send memory pages to the destination host through several network connections.</summary>
    Parallel = 1 << 17,

    /// <summary><c>VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES</c>: Force the guest writes which happen when copying disk images for non-shared storage migration to be synchronously written to the.</summary>
    NonSharedSynchronousWrites = 1 << 18,

    /// <summary><c>VIR_MIGRATE_POSTCOPY_RESUME</c>: Resume migration which failed in post-copy phase.</summary>
    PostcopyResume = 1 << 19,

    /// <summary><c>VIR_MIGRATE_ZEROCOPY</c>: Use zero-copy mechanism for migrating memory pages.</summary>
    Zerocopy = 1 << 20,
}
