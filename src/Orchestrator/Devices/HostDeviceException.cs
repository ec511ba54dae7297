namespace Orchestrator.Devices;

/// <summary>Why an operation on a host's devices was refused or failed.</summary>
public enum HostDeviceProblem
{
    /// <summary>It failed for a reason that has no name here; the message quotes it.</summary>
    Failed,

    /// <summary>What was asked for is no valid name, address or number.</summary>
    InvalidInput,

    /// <summary>The <c>vdpa</c> tool is not installed.</summary>
    ToolMissing,

    /// <summary>The <c>vdpa</c> tool does not know the command: it is too old.</summary>
    ToolTooOld,

    /// <summary>The tool printed what cannot be read.</summary>
    UnreadableOutput,

    /// <summary>A question was not answered in time, or a guest did not do what it was asked for; nothing was changed so far.</summary>
    TimedOut,

    /// <summary>A change did not come back in time: whether it was made is not known.</summary>
    OutcomeUnknown,

    /// <summary>A kernel module is not loaded.</summary>
    ModuleNotLoaded,

    /// <summary>This user may not.</summary>
    PermissionDenied,

    /// <summary>The host is not this machine, and libvirt has no call for it.</summary>
    NotThisMachine,

    /// <summary>There is no such device.</summary>
    NotFound,

    /// <summary>There is no such management device.</summary>
    NoManagementDevice,

    /// <summary>There is such a device already.</summary>
    AlreadyExists,

    /// <summary>More than one device answers the description.</summary>
    Ambiguous,

    /// <summary>There is such a device already, with other parameters.</summary>
    Differs,

    /// <summary>The device, or its parent, cannot do this.</summary>
    NotSupported,

    /// <summary>The kernel took a parameter for invalid.</summary>
    InvalidArgument,

    /// <summary>The device's driver has not negotiated its features: nothing uses it.</summary>
    NotNegotiated,

    /// <summary>Somebody uses the device.</summary>
    InUse,

    /// <summary>More functions than the device has.</summary>
    OverTotal,

    /// <summary>No device answers the request.</summary>
    NothingFits,

    /// <summary>It was done, but the device is not as it was asked for; or a failure could not be undone.</summary>
    Degraded,
}

/// <summary>An operation on a host's devices was refused or failed.</summary>
/// <param name="problem">Why, as data.</param>
/// <param name="message">Why, in words: names the device.</param>
/// <param name="remedy">What to do about it.</param>
/// <param name="host">The host; <see langword="null"/> for this machine.</param>
/// <param name="inner">What it was caused by.</param>
public sealed class HostDeviceException(HostDeviceProblem problem, string message, string? remedy = null, string? host = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public HostDeviceProblem Problem { get; } = problem;

    /// <summary>What to do about it.</summary>
    public string? Remedy { get; } = remedy;

    /// <summary>The host; <see langword="null"/> for this machine.</summary>
    public string? Host { get; } = host;
}
