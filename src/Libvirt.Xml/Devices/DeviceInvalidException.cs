namespace Libvirt.Xml.Devices;

/// <summary>A device can't be written: no libvirt would take it.</summary>
public sealed class DeviceInvalidException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="device">The device.</param>
    /// <param name="problems">What is wrong with it.</param>
    public DeviceInvalidException(DomainDevice device, IReadOnlyList<DeviceProblem> problems)
        : base($"{device?.Kind} can't be written: {string.Join("; ", (problems ?? []).Select(problem => problem.Message))}")
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(problems);
        Device = device;
        Problems = problems;
    }

    /// <summary>The device.</summary>
    public DomainDevice Device { get; }

    /// <summary>What is wrong with it; the paths begin at the device.</summary>
    public IReadOnlyList<DeviceProblem> Problems { get; }
}
