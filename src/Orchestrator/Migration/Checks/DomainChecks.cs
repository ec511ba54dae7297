using System.Globalization;
using System.Xml.Linq;
using Libvirt.Interop;
using Orchestrator.Hosts;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>The domain itself, on both hosts.</summary>
internal static class DomainChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        yield return Active(plan.Domain, plan.Source);
        yield return NoJob(plan.Domain, plan.Source);
        yield return FreeOnDestination(plan.Request, plan.Domain, plan.Destination);
        if (plan.Here?.Obstacles is { } obstacles)
        {
            yield return Snapshots(plan, obstacles);
            yield return BlockJobs(plan, obstacles);
            yield return QemuDevices(plan, obstacles);
        }

        if (plan.Here?.BlockedReasons is { } all)
        {
            string[] reasons = [.. all.Except(plan.Mapping.Devices.SelectMany(device => device.Detachment?.Reasons ?? []))];
            yield return Check("qemu-blockers", CheckSeverity.Error, reasons.Length == 0, all.Count == 0 ? "QEMU says that nothing blocks the migration" : "QEMU says that nothing blocks the migration but the devices that are detached",
                $"QEMU on {plan.From} refuses to migrate {plan.Domain.Name}: {string.Join("; ", reasons)}", "Detach the devices that it names, migrate, and attach them again.");
        }

        foreach (Check check in Content(plan))
        {
            yield return check;
        }
    }

    private static Check Active(DomainSnapshot domain, HostIdentity source) => domain.State switch
    {
        DomainState.Running => new("domain-runs", CheckSeverity.Error, CheckResult.Pass, $"{domain.Name} runs on {source.Name}"),
        DomainState.Paused => new("domain-runs", CheckSeverity.Warning, CheckResult.Fail,
            $"{domain.Name} is {domain.Describe()} on {source.Name}: it will arrive paused, and there is no downtime to measure",
            $"Resume it first if that is not meant: virsh resume {domain.Uuid}"),
        _ => new("domain-runs", CheckSeverity.Error, CheckResult.Fail,
            $"{domain.Name} is {domain.Describe()} on {source.Name}; only a running domain can be live-migrated",
            $"Start it first (virsh start {domain.Uuid}), or copy its definition to the destination."),
    };

    private static Check NoJob(DomainSnapshot domain, HostIdentity source) =>
        Check("no-job", CheckSeverity.Error, domain.Job == DomainJobType.None,
            $"no job runs on {domain.Name}",
            $"a job runs on {domain.Name} already (virsh -c {source.Uri} domjobinfo {domain.Uuid})",
            "Wait for it, or abort it with virsh domjobabort.");

    private static Check FreeOnDestination(MigrationRequest request, DomainSnapshot domain, HostSnapshot destination)
    {
        const string Id = "destination-free";
        string host = destination.Host.Name;
        if (destination.ByName is { } byName && byName.Uuid != domain.Uuid)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"the name {domain.Name} belongs to another domain on {host}, UUID {byName.Uuid} ({byName.Describe()})",
                "Rename or remove one of the two.");
        }

        if (destination.ByUuid is { } byUuid && byUuid.Name != domain.Name)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"the UUID {domain.Uuid} belongs to another domain on {host}, named {byUuid.Name} ({byUuid.Describe()})",
                "Give one of the two another UUID.");
        }

        if (destination.ByName is not { } existing)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Pass, $"{host} has no domain of this name or UUID");
        }

        if (existing.IsActive)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"{domain.Name} is already active on {host} ({existing.Describe()}), UUID {existing.Uuid}",
                "Find out which of the two copies is the right one before anything else; libvirt would leave both running.");
        }

        bool replaced = request.Persistence == MigrationPersistence.Persistent
            || (request.Persistence == MigrationPersistence.Keep && domain.IsPersistent);
        return new(Id, CheckSeverity.Info, CheckResult.Pass, replaced
            ? $"{host} has a shut-off definition of {domain.Name} (same UUID); it will be replaced"
            : $"{host} has a shut-off definition of {domain.Name} (same UUID); it stays as it is, so the domain will be persistent there");
    }

    private static Check Snapshots(PlanContext plan, DomainObstacles obstacles) => obstacles.Snapshots is not { } count
        ? Unknown("snapshots", $"{plan.From} does not tell whether {plan.Domain.Name} has snapshots")
        : Check("snapshots", CheckSeverity.Error, count == 0, $"{plan.Domain.Name} has no snapshots",
            string.Create(CultureInfo.InvariantCulture, $"{plan.Domain.Name} has {count} snapshot(s) on {plan.From}, and libvirt migrates no domain with snapshots"),
            $"Delete them (virsh snapshot-list {plan.Domain.Uuid}; virsh snapshot-delete); --metadata forgets them and keeps the disks' contents.");

    private static Check BlockJobs(PlanContext plan, DomainObstacles obstacles) => obstacles.BlockJobs is not { } disks
        ? Unknown("block-jobs", $"{plan.From} does not tell whether jobs work on the disks of {plan.Domain.Name}")
        : Check("block-jobs", CheckSeverity.Error, disks.Count == 0, "no job works on a disk",
            $"a job works on {string.Join(", ", disks)} of {plan.Domain.Name} on {plan.From}, and libvirt migrates no domain with one",
            $"Wait for it, or end it: virsh blockjob {plan.Domain.Uuid} {(disks.Count > 0 ? disks[0] : "DISK")} --abort.");

    // Only who talks to QEMU past libvirt can plug in what libvirt does not know, and that taints the domain: without the taint there is nothing to ask for.
    private static Check QemuDevices(PlanContext plan, DomainObstacles obstacles)
    {
        const string Id = "qemu-devices";
        return (obstacles.MonitorUsed, plan.Here!.UnknownDevices) switch
        {
            (false, _) => Pass(Id, $"nobody has talked to the QEMU of {plan.Domain.Name} past libvirt: it has no devices that the document lacks"),
            (_, { Count: > 0 } unknown) when unknown.All(device => plan.Mapping.Devices.Any(mapped => mapped.Detachment?.QemuId is { } id && id == device.Id)) => Pass(
                Id, $"the devices that QEMU has and the document of {plan.Domain.Name} lacks are detached for the migration"),
            (_, { Count: 0 }) => Pass(Id, $"QEMU has no devices that the document of {plan.Domain.Name} lacks"),
            (_, { } unknown) => new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"the QEMU of {plan.Domain.Name} has devices that its document lacks: {string.Join(", ", unknown.Select(device => $"{device.Id ?? device.Path} ({device.Driver})"))}; the destination's is started without them, and the migration fails late",
                $"Detach them first: orchestrator device detach {plan.Domain.Name} {unknown[0].Id ?? "ID"}."),
            _ => Unknown(Id, $"{plan.From} does not tell whether devices were plugged into {plan.Domain.Name} past libvirt", $"orchestrator device list {plan.Domain.Name} --ask-qemu always shows them, and taints the domain."),
        };
    }

    private static IEnumerable<Check> Content(PlanContext plan)
    {
        if (plan.Document is not { } document)
        {
            yield break;
        }

        string[] transient = [.. GuestFiles.Disks(document).Where(disk => disk.IsTransient).Select(disk => disk.Target)];
        if (transient.Length > 0)
        {
            yield return new("transient-disk", CheckSeverity.Error, CheckResult.Fail,
                $"{string.Join(", ", transient)} of {plan.Domain.Name} is a transient disk, whose writes are in a file of {plan.From} alone; libvirt migrates none", "Shut the domain down, and take <transient/> out of its definition.");
        }

        string[] filesystems = [.. document.Root.Elements("devices").Elements("filesystem").Where(device => (string?)device.Element("driver")?.Attribute("type") == "virtiofs").Select(device => (string?)device.Element("target")?.Attribute("dir") ?? "?")];
        if (filesystems.Length > 0)
        {
            yield return new("virtiofs", CheckSeverity.Warning, CheckResult.Fail,
                $"{plan.Domain.Name} has virtiofs ({string.Join(", ", filesystems)}): older libvirts refuse it, newer ones need a virtiofsd that migrates and the same folder on {plan.To}", "Unmount it in the guest and detach it, migrate, attach it again.");
        }

        string[] shared = [.. document.Root.Elements("devices").Elements("shmem").Where(device => (string?)device.Attribute("role") != "master").Select(device => (string?)device.Attribute("name") ?? "?")];
        if (shared.Length > 0)
        {
            yield return new("shmem", CheckSeverity.Error, CheckResult.Fail,
                $"{plan.Domain.Name} shares the memory {string.Join(", ", shared)} with others on {plan.From}; it stays behind, and libvirt refuses that", "Detach it first.");
        }
    }
}
