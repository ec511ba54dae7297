namespace Libvirt.Interop;

/// <summary>A call to libvirt failed. Branch on <see cref="Code"/>: message texts change with version and locale.</summary>
public sealed class LibvirtException : Exception
{
    /// <summary>Creates an error as libvirt would have reported it; host doubles in tests need this.</summary>
    /// <param name="code">What went wrong.</param>
    /// <param name="domain">The part of libvirt that reported it (<c>virErrorDomain</c>: 7 RPC, 10 QEMU, 18 storage, 20 domain, …).</param>
    /// <param name="operation">The C function that failed.</param>
    /// <param name="message">libvirt's text.</param>
    public LibvirtException(LibvirtErrorCode code, int domain, string operation, string message)
        : base(message)
    {
        Code = code;
        Domain = domain;
        Operation = operation;
    }

    /// <summary>What went wrong (<c>virErrorNumber</c>). A newer libvirt may return values that have no name here.</summary>
    public LibvirtErrorCode Code { get; }

    /// <summary>The part of libvirt that reported the error (<c>virErrorDomain</c>).</summary>
    public int Domain { get; }

    /// <summary>The C function that failed.</summary>
    public string Operation { get; }

    /// <summary>Whether the connection, rather than the operation, is at fault: the daemon is gone, cannot be reached, or is not let in.</summary>
    public bool IsConnectionLost => Code is LibvirtErrorCode.Rpc or LibvirtErrorCode.NoConnect or LibvirtErrorCode.InvalidConn
        or LibvirtErrorCode.GnutlsError or LibvirtErrorCode.Ssh or LibvirtErrorCode.Libssh or LibvirtErrorCode.UnknownHost
        || (Code is LibvirtErrorCode.InternalError or LibvirtErrorCode.SystemError && Domain == RpcDomain);

    // VIR_FROM_RPC: "client socket is closed" is INTERNAL_ERROR, and a reset connection SYSTEM_ERROR, of this domain.
    private const int RpcDomain = 7;
}
