namespace Libvirt.Xml.Devices;

/// <summary>A host would refuse a device or drop a part of it without a word.</summary>
public sealed class DeviceRefusedException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="device">The device.</param>
    /// <param name="refusal">Why, and what else there is.</param>
    public DeviceRefusedException(DomainDevice device, DeviceRefusal refusal)
        : base($"{device?.Kind}{(device?.HostResource is { } resource ? $" ({resource})" : "")}: {refusal?.Reason}{string.Concat((refusal?.Alternatives ?? []).Select(text => $"; instead: {text}"))}")
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(refusal);
        Device = device;
        Reason = refusal.Reason;
        Alternatives = refusal.Alternatives;
    }

    /// <summary>The device.</summary>
    public DomainDevice Device { get; }

    /// <summary>Why the host would refuse it.</summary>
    public string Reason { get; }

    /// <summary>What to write instead; sentences with the XML.</summary>
    public IReadOnlyList<string> Alternatives { get; }
}

/// <summary>Why a host would refuse a device.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Alternatives">What to write instead; sentences with the XML.</param>
public sealed record DeviceRefusal(string Reason, IReadOnlyList<string> Alternatives);

/// <summary>A device of a document that a host would refuse, or drop a part of.</summary>
/// <param name="Device">The device.</param>
/// <param name="Path">Its place, such as <c>/domain/devices/hostdev[2]</c>.</param>
/// <param name="Line">The line, counted from 1; 0 for what was not read from a text.</param>
/// <param name="Column">The column, counted from 1; 0 for what was not read from a text.</param>
/// <param name="Refusal">Why, and what to write instead.</param>
public sealed record DialectProblem(DomainDevice Device, string Path, int Line, int Column, DeviceRefusal Refusal);
