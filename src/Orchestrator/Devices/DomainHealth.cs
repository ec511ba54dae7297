using System.Globalization;
using Libvirt.Xml;
using Orchestrator.Downtime;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>A sign that a device of a domain does not work.</summary>
/// <param name="Message">What it is, naming the device, the domain and the host.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record HealthProblem(string Message, string Remedy);

/// <summary>Whether the vDPA devices of a domain work.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Devices">Its vDPA devices.</param>
/// <param name="QemuAsked">Whether QEMU was asked.</param>
/// <param name="LogLines">What the log of its QEMU says of devices that failed.</param>
/// <param name="Problems">What does not work; none means that nothing is known to be dead.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record DomainHealth(
    DomainSnapshot Domain, IReadOnlyList<VdpaDeviceHealth> Devices, bool QemuAsked, IReadOnlyList<string> LogLines, IReadOnlyList<HealthProblem> Problems, IReadOnlyList<string> Notes)
{
    /// <summary>Why QEMU, which was to be asked, told nothing; <see langword="null"/> when it did or was not to.</summary>
    public string? Unanswered { get; init; }

    /// <summary>Whether every device is known to work, or to stand still as it should.</summary>
    public bool IsSettled => Devices.All(device => device.Health is VdpaHealth.Works or VdpaHealth.Stopped);

    /// <summary>Puts together what QEMU and its log say. Pure.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="devices">Its devices.</param>
    /// <param name="isAsked">Whether QEMU was asked.</param>
    /// <param name="lines">The lines of the log.</param>
    /// <param name="ringSizes">The most entries of a ring, by node, as far as the host told.</param>
    /// <param name="notes">What is worth knowing.</param>
    internal static DomainHealth Of(
        string host, DomainSnapshot domain, IReadOnlyList<VdpaDeviceHealth> devices, bool isAsked, IReadOnlyList<string> lines, IReadOnlyDictionary<string, int> ringSizes,
        IReadOnlyList<string> notes)
    {
        bool allWork = isAsked && devices.Count > 0 && devices.All(device => device.Health == VdpaHealth.Works);
        List<HealthProblem> problems =
        [
            .. from device in devices
               where device.Health == VdpaHealth.Dead
               select new HealthProblem($"{device.Resource} of {domain.Name} on {host} is dead: {device.Why}", RemedyOf(domain, lines, ringSizes, host)),

            // A device whose rings the kernel refused is not started, and QEMU says so; one whose memory could not be pinned is started all the same.
            .. from line in lines
               where devices.Count > 0 && (!allWork || QemuLogEvents.IsMappingError(line))
               select new HealthProblem($"the log of {domain.Name} on {host} says: {line}", RemedyOf(domain, [line], ringSizes, host)),
        ];
        string[] past =
        [
            .. from line in lines.Distinct()
               where devices.Count == 0 || (allWork && !QemuLogEvents.IsMappingError(line))
               select $"the log of {domain.Name} says '{line}', and {(devices.Count == 0 ? "it has no vDPA device now" : "QEMU says that every device is started now")}",
        ];
        return new(domain, devices, isAsked, lines, [.. problems.Distinct()], [.. notes, .. past]);
    }

    private static string RemedyOf(DomainSnapshot domain, IReadOnlyList<string> lines, IReadOnlyDictionary<string, int> ringSizes, string host)
    {
        var remedies = new List<string>();
        if (lines.Any(QemuLogEvents.IsMappingError))
        {
            long needed = DomainDocument.Parse(domain.Xml).MemoryLock().RequiredKiB;
            remedies.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"QEMU may not lock the memory that its devices pin: write <memtune><hard_limit unit='KiB'>{needed}</hard_limit></memtune> into the definition, and start {domain.Name} anew (orchestrator domain start --set-memtune does both)."));
        }

        if (lines.Any(QemuLogEvents.IsRingError))
        {
            string told = string.Join(", ", ringSizes.Where(ring => ring.Value < RingSizes.Asked).OrderBy(ring => ring.Key, StringComparer.Ordinal).Select(ring => $"{ring.Key}: {ring.Value}"));
            remedies.Add($"QEMU asks for rings of {RingSizes.Asked} entries, and the device has smaller ones ({(told.Length > 0 ? told : $"max_vq_size of `vdpa dev show` on {host}")}): give {domain.Name} a device whose rings hold {RingSizes.Asked}.");
        }

        return remedies.Count > 0 ? string.Join(' ', remedies)
            : $"Detach and attach it again (orchestrator device detach {domain.Name} …, device attach, on {host}), or start {domain.Name} anew; its QEMU's log may tell more.";
    }
}
