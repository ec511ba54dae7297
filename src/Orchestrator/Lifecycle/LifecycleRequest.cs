namespace Orchestrator.Lifecycle;

/// <summary>A request that changes a domain's life.</summary>
/// <param name="Operation">What is asked for.</param>
/// <param name="Domain">The domain's name or UUID.</param>
public abstract record LifecycleRequest(DomainOperation Operation, string Domain)
{
    /// <summary>How to deal with what stands in the way.</summary>
    public OperationOptions Options { get; init; } = new();
}

/// <summary>What becomes of something that belongs to a domain.</summary>
public enum LeftoverChoice
{
    /// <summary>Nothing was chosen: if there is any, the request is refused.</summary>
    Unchosen,

    /// <summary>It stays.</summary>
    Keep,

    /// <summary>It is removed.</summary>
    Remove,
}

/// <summary>Remove a domain's definition; one that runs goes on running, and is gone when it ends.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record UndefineRequest(string Domain) : LifecycleRequest(DomainOperation.Undefine, Domain)
{
    /// <summary>Its firmware's variables.</summary>
    public LeftoverChoice Nvram { get; init; }

    /// <summary>The state of its TPM. Since libvirt 8.9.0.</summary>
    public LeftoverChoice Tpm { get; init; }

    /// <summary>Remove its saved state.</summary>
    public bool RemoveManagedSave { get; init; }

    /// <summary>Forget its snapshots; their data stays.</summary>
    public bool RemoveSnapshots { get; init; }

    /// <summary>Forget its checkpoints. Since libvirt 5.6.0.</summary>
    public bool RemoveCheckpoints { get; init; }
}

/// <summary>Start a domain.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record StartRequest(string Domain) : LifecycleRequest(DomainOperation.Start, Domain)
{
    /// <summary>Leave it paused.</summary>
    public bool Paused { get; init; }

    /// <summary>Boot it, and throw its saved state away.</summary>
    public bool ForceBoot { get; init; }

    /// <summary>Write <c>&lt;memtune&gt;&lt;hard_limit&gt;</c> into its definition first, when its vDPA devices need more than that allows.</summary>
    public bool SetMemtune { get; init; }

    /// <summary>How long to wait until its vDPA devices work, as QEMU says, which taints the domain; <see langword="null"/> to look into its log only.</summary>
    public TimeSpan? WaitDevices { get; init; }
}

/// <summary>What to do with a guest that does not shut down in time.</summary>
public enum ShutdownFallback
{
    /// <summary>Leave it, and say so.</summary>
    Fail,

    /// <summary>Destroy it.</summary>
    Destroy,
}

/// <summary>Ask a guest to shut down, and wait until it is off.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record ShutdownRequest(string Domain) : LifecycleRequest(DomainOperation.Shutdown, Domain)
{
    /// <summary>How long the guest may take.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After how long it is asked again: a guest that is just booting does not hear the first time.</summary>
    public TimeSpan AskAgain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What then.</summary>
    public ShutdownFallback Then { get; init; }
}

/// <summary>Ask a guest to reboot, and wait until it has.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record RebootRequest(string Domain) : LifecycleRequest(DomainOperation.Reboot, Domain)
{
    /// <summary>How long the guest may take.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After how long it is asked again: a guest that is just booting does not hear the first time.</summary>
    public TimeSpan AskAgain { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Press the reset button.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record ResetRequest(string Domain) : LifecycleRequest(DomainOperation.Reset, Domain);

/// <summary>End a domain at once. A migration of it is cancelled.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record DestroyRequest(string Domain) : LifecycleRequest(DomainOperation.Destroy, Domain)
{
    /// <summary>Let QEMU write what it has before it ends; one that does not end by itself goes on running.</summary>
    public bool Graceful { get; init; }
}

/// <summary>Stop a guest's vCPUs.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record SuspendRequest(string Domain) : LifecycleRequest(DomainOperation.Suspend, Domain);

/// <summary>Let a guest's vCPUs run again.</summary>
/// <param name="Domain">The domain's name or UUID.</param>
public sealed record ResumeRequest(string Domain) : LifecycleRequest(DomainOperation.Resume, Domain);
