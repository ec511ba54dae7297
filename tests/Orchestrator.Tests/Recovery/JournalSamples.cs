using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;

namespace Orchestrator.Tests.Recovery;

internal static class JournalSamples
{
    internal static readonly Guid Domain = Guid.Parse("d4b5a1c2-3f60-4e8b-9a51-0c1de2f3a4b5");

    internal static JournalIntent Intent { get; } = new()
    {
        DomainUuid = Domain,
        DomainName = "web1",
        SourceName = "lab-a",
        SourceUri = "qemu+unix:///session?socket=/tmp/lab-a/run/libvirt/libvirt-sock",
        DestinationName = "lab-b",
        DestinationUri = "qemu+unix:///session?socket=/tmp/lab-b/run/libvirt/libvirt-sock",
        Mode = "direct",
        MaxDowntime = TimeSpan.FromMilliseconds(100),
        Timeout = TimeSpan.FromMinutes(10),
        Policy = PolicyDocument.ToJson(MigrationPolicy.Adaptive),
        WasRunning = true,
        PersistentOnDestination = true,
        UndefinesSource = true,
        MaxDowntimeBefore = TimeSpan.FromMilliseconds(300),
    };
}
