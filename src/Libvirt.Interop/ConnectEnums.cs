namespace Libvirt.Interop;

/// <summary>How to open a connection.</summary>
[Flags]
[NativeEnum("VIR_CONNECT_")]
public enum ConnectFlags : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>VIR_CONNECT_RO</c>: A readonly connection.</summary>
    Ro = 1 << 0,

    /// <summary><c>VIR_CONNECT_NO_ALIASES</c>: Don't try to resolve URI aliases.</summary>
    NoAliases = 1 << 1,
}

/// <summary>Why a connection closed.</summary>
[NativeEnum("VIR_CONNECT_CLOSE_REASON_")]
public enum ConnectCloseReason
{
    /// <summary><c>VIR_CONNECT_CLOSE_REASON_ERROR</c>: Misc I/O error.</summary>
    Error = 0,

    /// <summary><c>VIR_CONNECT_CLOSE_REASON_EOF</c>: End-of-file from server.</summary>
    Eof = 1,

    /// <summary><c>VIR_CONNECT_CLOSE_REASON_KEEPALIVE</c>: Keepalive timer triggered.</summary>
    Keepalive = 2,

    /// <summary><c>VIR_CONNECT_CLOSE_REASON_CLIENT</c>: Client requested it.</summary>
    Client = 3,
}
