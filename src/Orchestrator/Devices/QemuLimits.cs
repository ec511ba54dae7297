using Orchestrator.Checks;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>What the kernel allows a QEMU of this machine.</summary>
internal static class QemuLimits
{
    /// <summary>How much memory the QEMU of a running domain may lock, in KiB; <see langword="null"/> when its process is not seen.</summary>
    internal static long? LockedMemoryKiB(HostFiles files, string domain) => ProcReader.Processes(files)
        .Where(process => process.Name.StartsWith("qemu", StringComparison.Ordinal) && DeviceOpeners.DomainOf(files.ReadText($"/proc/{process.Pid}/cmdline")) == domain)
        .Select(process => ProcReader.LockedMemoryLimit(files, process.Pid))
        .FirstOrDefault() >> 10;
}
