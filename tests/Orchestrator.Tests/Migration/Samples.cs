using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Tests.Migration;

/// <summary>Hosts and domains as the facts describe them.</summary>
internal static class Samples
{
    // Its own in each run: claims are known to the whole machine.
    internal static readonly Guid Uuid = Guid.NewGuid();

    internal static HostIdentity Host(string name, string? uri = null) => new()
    {
        Name = name,
        Uri = uri ?? $"qemu+unix:///session?socket=/tmp/{name}/run/libvirt/libvirt-sock",
        HostUuid = new Guid(name == "lab-a" ? "aaaaaaaa-0000-0000-0000-000000000001" : "bbbbbbbb-0000-0000-0000-000000000002"),
        HostName = name,
        Architecture = "x86_64",
        Driver = "QEMU",
        LibvirtVersion = 11_003_000,
        QemuVersion = 10_000_002,
    };

    internal static DomainSnapshot Domain(
        DomainState state = DomainState.Running, int reason = 1, bool persistent = true, string name = "web1", Guid? uuid = null, DomainJobType job = DomainJobType.None) => new()
        {
            Name = name,
            Uuid = uuid ?? Uuid,
            State = state,
            Reason = reason,
            IsPersistent = persistent,
            Job = job,
            Xml = """
            <domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
              <name>web1</name>
              <qemu:commandline><qemu:arg value='--trace'/><qemu:arg value='vm_state_notify'/></qemu:commandline>
            </domain>
            """,
        };

    // By a policy that adds nothing to the call.
    internal static MigrationRequest Request { get; } = new() { Domain = "web1", Policy = MigrationPolicy.Fixed };

    /// <summary>What a host tells that has plenty of everything.</summary>
    internal static PlanningFacts Facts(HostIdentity host) => new()
    {
        Host = host,
        Obstacles = new() { Snapshots = 0, BlockJobs = [], MonitorUsed = false },
        Offer = new() { Cpu = CpuComparison.Superset, Machine = true, FreeMemoryKiB = 64L << 20 },
    };

    internal static MigrationPlan Plan(
        MigrationRequest? request = null, DomainSnapshot? domain = null, HostSnapshot? destination = null, HostIdentity? source = null, PlanningFacts? here = null, PlanningFacts? there = null)
    {
        source ??= Host("lab-a");
        destination ??= new(Host("lab-b"), null, null);
        return MigrationPlanner.Plan(request ?? Request, domain ?? Domain(), source, destination, null, here ?? Facts(source), there ?? Facts(destination.Host));
    }
}
