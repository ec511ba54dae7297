using System.Runtime.InteropServices;

namespace Libvirt.Interop.Native;

/// <summary><c>virError</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirError
{
    public int code;
    public int domain;
    public byte* message;
    public int level;
    public nint conn;
    public nint dom;
    public byte* str1;
    public byte* str2;
    public byte* str3;
    public int int1;
    public int int2;
    public nint net;
}

/// <summary><c>virTypedParameter</c>; <c>value</c> is a union of eight bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirTypedParameter
{
    internal const int FieldLength = 80;

    public fixed byte field[FieldLength];
    public int type;
    public long value;
}

/// <summary><c>virDomainStatsRecord</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirDomainStatsRecord
{
    public nint dom;
    public VirTypedParameter* @params;
    public int nparams;
}

/// <summary><c>virNodeMemoryStats</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirNodeMemoryStats
{
    internal const int FieldLength = 80;

    public fixed byte field[FieldLength];
    public ulong value;
}

/// <summary><c>virDomainBlockJobInfo</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VirDomainBlockJobInfo
{
    public int type;
    public CULong bandwidth;
    public ulong cur;
    public ulong end;
}
