using Libvirt.Interop;

namespace Orchestrator.Lifecycle;

/// <summary>What to make of an error of libvirt's.</summary>
internal enum LibvirtErrorClass
{
    /// <summary>Nothing was done, and the next attempt may succeed.</summary>
    Retry,

    /// <summary>Only the host can tell whether it was done.</summary>
    AskHost,

    /// <summary>It will not be done, however often it is asked for.</summary>
    Fatal,
}

/// <summary>Classes of libvirt's errors, by their codes alone: their texts are translated. Pure.</summary>
internal static class LibvirtErrors
{
    /// <summary>The class of an error.</summary>
    /// <param name="code">Its code.</param>
    internal static LibvirtErrorClass ClassOf(LibvirtErrorCode code) => code switch
    {
        // The domain's lock was not to be had, a resource or a block job stood in the way, the agent did not answer.
        LibvirtErrorCode.OperationTimeout or LibvirtErrorCode.ResourceBusy or LibvirtErrorCode.BlockCopyActive or LibvirtErrorCode.AgentUnresponsive => LibvirtErrorClass.Retry,

        // "Domain is not running" and "already active" say what is, or what a daemon that is still finding its guests believes; a failed operation may have been done
        // in part; a connection that broke may have broken before or after.
        LibvirtErrorCode.OperationInvalid or LibvirtErrorCode.OperationFailed or LibvirtErrorCode.OperationAborted or LibvirtErrorCode.NoDomain
            or LibvirtErrorCode.Rpc or LibvirtErrorCode.NoConnect or LibvirtErrorCode.SystemError or LibvirtErrorCode.Ssh or LibvirtErrorCode.Libssh
            or LibvirtErrorCode.UnknownHost or LibvirtErrorCode.InternalError or LibvirtErrorCode.MigrateFinishOk => LibvirtErrorClass.AskHost,
        _ => LibvirtErrorClass.Fatal,
    };
}
