namespace Libvirt.Interop;

/// <summary>Which domains to list; none means all.</summary>
[Flags]
[NativeEnum("VIR_CONNECT_LIST_DOMAINS_")]
public enum ListDomainsFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_ACTIVE</c>.</summary>
    Active = 1 << 0,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_INACTIVE</c>.</summary>
    Inactive = 1 << 1,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_PERSISTENT</c>.</summary>
    Persistent = 1 << 2,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_TRANSIENT</c>.</summary>
    Transient = 1 << 3,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_RUNNING</c>.</summary>
    Running = 1 << 4,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_PAUSED</c>.</summary>
    Paused = 1 << 5,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_SHUTOFF</c>.</summary>
    Shutoff = 1 << 6,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_OTHER</c>.</summary>
    Other = 1 << 7,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE</c>.</summary>
    Managedsave = 1 << 8,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE</c>.</summary>
    NoManagedsave = 1 << 9,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_AUTOSTART</c>.</summary>
    Autostart = 1 << 10,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART</c>.</summary>
    NoAutostart = 1 << 11,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT</c>.</summary>
    HasSnapshot = 1 << 12,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT</c>.</summary>
    NoSnapshot = 1 << 13,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT</c>.</summary>
    HasCheckpoint = 1 << 14,

    /// <summary><c>VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT</c>.</summary>
    NoCheckpoint = 1 << 15,
}

/// <summary>Which form of a domain's document to return.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_XML_")]
public enum DomainXmlFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_XML_SECURE</c>: dump security sensitive information too.</summary>
    Secure = 1 << 0,

    /// <summary><c>VIR_DOMAIN_XML_INACTIVE</c>: dump inactive domain information.</summary>
    Inactive = 1 << 1,

    /// <summary><c>VIR_DOMAIN_XML_UPDATE_CPU</c>: update guest CPU requirements according to host CPU.</summary>
    UpdateCpu = 1 << 2,

    /// <summary><c>VIR_DOMAIN_XML_MIGRATABLE</c>: dump XML suitable for migration.</summary>
    Migratable = 1 << 3,
}

/// <summary>How to define a domain.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_DEFINE_")]
public enum DomainDefineFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_DEFINE_VALIDATE</c>: Validate the XML document against schema.</summary>
    Validate = 1 << 0,
}

/// <summary>How to start a domain.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_START_")]
public enum DomainCreateFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_START_PAUSED</c>: Launch guest in paused state.</summary>
    Paused = 1 << 0,

    /// <summary><c>VIR_DOMAIN_START_AUTODESTROY</c>: Automatically kill guest when virConnectPtr is closed.</summary>
    Autodestroy = 1 << 1,

    /// <summary><c>VIR_DOMAIN_START_BYPASS_CACHE</c>: Avoid file system cache pollution.</summary>
    BypassCache = 1 << 2,

    /// <summary><c>VIR_DOMAIN_START_FORCE_BOOT</c>: Boot, discarding any managed save.</summary>
    ForceBoot = 1 << 3,

    /// <summary><c>VIR_DOMAIN_START_VALIDATE</c>: Validate the XML document against schema.</summary>
    Validate = 1 << 4,

    /// <summary><c>VIR_DOMAIN_START_RESET_NVRAM</c>: Re-initialize NVRAM from template.</summary>
    ResetNvram = 1 << 5,
}

/// <summary>How to destroy a domain.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_DESTROY_")]
public enum DomainDestroyFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_DESTROY_GRACEFUL</c>: only SIGTERM, no SIGKILL.</summary>
    Graceful = 1 << 0,

    /// <summary><c>VIR_DOMAIN_DESTROY_REMOVE_LOGS</c>: remove VM logs on destroy.</summary>
    RemoveLogs = 1 << 1,
}

/// <summary>By which way to ask a guest to shut down.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_SHUTDOWN_")]
public enum DomainShutdownFlags : uint
{
    /// <summary><c>VIR_DOMAIN_SHUTDOWN_DEFAULT</c>: the driver chooses.</summary>
    Default = 0,

    /// <summary><c>VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN</c>: press the ACPI power button.</summary>
    AcpiPowerBtn = 1 << 0,

    /// <summary><c>VIR_DOMAIN_SHUTDOWN_GUEST_AGENT</c>: ask the guest agent.</summary>
    GuestAgent = 1 << 1,

    /// <summary><c>VIR_DOMAIN_SHUTDOWN_INITCTL</c>: use initctl (containers).</summary>
    Initctl = 1 << 2,

    /// <summary><c>VIR_DOMAIN_SHUTDOWN_SIGNAL</c>: send a signal (containers).</summary>
    Signal = 1 << 3,

    /// <summary><c>VIR_DOMAIN_SHUTDOWN_PARAVIRT</c>: use paravirtual guest control (Xen).</summary>
    Paravirt = 1 << 4,
}

/// <summary>By which way to ask a guest to reboot.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_REBOOT_")]
public enum DomainRebootFlags : uint
{
    /// <summary><c>VIR_DOMAIN_REBOOT_DEFAULT</c>: the driver chooses.</summary>
    Default = 0,

    /// <summary><c>VIR_DOMAIN_REBOOT_ACPI_POWER_BTN</c>: press the ACPI power button.</summary>
    AcpiPowerBtn = 1 << 0,

    /// <summary><c>VIR_DOMAIN_REBOOT_GUEST_AGENT</c>: ask the guest agent.</summary>
    GuestAgent = 1 << 1,

    /// <summary><c>VIR_DOMAIN_REBOOT_INITCTL</c>: use initctl (containers).</summary>
    Initctl = 1 << 2,

    /// <summary><c>VIR_DOMAIN_REBOOT_SIGNAL</c>: send a signal (containers).</summary>
    Signal = 1 << 3,

    /// <summary><c>VIR_DOMAIN_REBOOT_PARAVIRT</c>: use paravirtual guest control (Xen).</summary>
    Paravirt = 1 << 4,
}

/// <summary>What else to remove with a definition.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_UNDEFINE_")]
public enum DomainUndefineFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_MANAGED_SAVE</c>: Also remove any managed save.</summary>
    ManagedSave = 1 << 0,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA</c>: If last use of domain, then also remove any snapshot metadata.</summary>
    SnapshotsMetadata = 1 << 1,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_NVRAM</c>: Also remove any nvram file.</summary>
    Nvram = 1 << 2,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_KEEP_NVRAM</c>: Keep nvram file.</summary>
    KeepNvram = 1 << 3,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA</c>: If last use of domain, then also remove any checkpoint metadata.</summary>
    CheckpointsMetadata = 1 << 4,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_TPM</c>: Also remove any TPM state.</summary>
    Tpm = 1 << 5,

    /// <summary><c>VIR_DOMAIN_UNDEFINE_KEEP_TPM</c>: Keep TPM state Future undefine control flags should come here.</summary>
    KeepTpm = 1 << 6,
}

/// <summary>What a modification changes.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_AFFECT_")]
public enum DomainModificationImpact : uint
{
    /// <summary><c>VIR_DOMAIN_AFFECT_CURRENT</c>: the running domain if it runs, else its definition.</summary>
    Current = 0,

    /// <summary><c>VIR_DOMAIN_AFFECT_LIVE</c>: the running domain.</summary>
    Live = 1 << 0,

    /// <summary><c>VIR_DOMAIN_AFFECT_CONFIG</c>: the definition; takes effect at the next start.</summary>
    Config = 1 << 1,
}

/// <summary>Which groups of statistics to read of each domain.</summary>
[Flags]
[NativeEnum("VIR_DOMAIN_STATS_")]
public enum DomainStatsTypes : uint
{
    /// <summary>All that the driver has.</summary>
    None = 0,

    /// <summary><c>VIR_DOMAIN_STATS_STATE</c>: return domain state.</summary>
    State = 1 << 0,

    /// <summary><c>VIR_DOMAIN_STATS_CPU_TOTAL</c>: return domain CPU info.</summary>
    CpuTotal = 1 << 1,

    /// <summary><c>VIR_DOMAIN_STATS_BALLOON</c>: return domain balloon info.</summary>
    Balloon = 1 << 2,

    /// <summary><c>VIR_DOMAIN_STATS_VCPU</c>: return domain virtual CPU info.</summary>
    Vcpu = 1 << 3,

    /// <summary><c>VIR_DOMAIN_STATS_INTERFACE</c>: return domain interfaces info.</summary>
    Interface = 1 << 4,

    /// <summary><c>VIR_DOMAIN_STATS_BLOCK</c>: return domain block info.</summary>
    Block = 1 << 5,

    /// <summary><c>VIR_DOMAIN_STATS_PERF</c>: return domain perf event info.</summary>
    Perf = 1 << 6,

    /// <summary><c>VIR_DOMAIN_STATS_IOTHREAD</c>: return iothread poll info.</summary>
    Iothread = 1 << 7,

    /// <summary><c>VIR_DOMAIN_STATS_MEMORY</c>: return domain memory info.</summary>
    Memory = 1 << 8,

    /// <summary><c>VIR_DOMAIN_STATS_DIRTYRATE</c>: return domain dirty rate info.</summary>
    Dirtyrate = 1 << 9,

    /// <summary><c>VIR_DOMAIN_STATS_VM</c>: return vm info.</summary>
    Vm = 1 << 10,
}

/// <summary>Of which domains to read statistics, and how; none means all domains.</summary>
[Flags]
[NativeEnum("VIR_CONNECT_GET_ALL_DOMAINS_STATS_")]
public enum DomainStatsFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE</c>.</summary>
    Active = 1 << 0,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE</c>.</summary>
    Inactive = 1 << 1,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_PERSISTENT</c>.</summary>
    Persistent = 1 << 2,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_TRANSIENT</c>.</summary>
    Transient = 1 << 3,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING</c>.</summary>
    Running = 1 << 4,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_PAUSED</c>.</summary>
    Paused = 1 << 5,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF</c>.</summary>
    Shutoff = 1 << 6,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_OTHER</c>.</summary>
    Other = 1 << 7,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT</c>: report statistics that can be obtained immediately without any blocking. Since libvirt 4.5.0.</summary>
    Nowait = 1 << 29,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING</c>: include backing chain for block stats.</summary>
    Backing = 1 << 30,

    /// <summary><c>VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS</c>: enforce requested stats.</summary>
    EnforceStats = 1u << 31,
}
