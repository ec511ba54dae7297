using System.Globalization;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Migration.Mapping;
using static Orchestrator.Migration.Checks.PlanContext;
using HostWords = Orchestrator.Checks.Words;

namespace Orchestrator.Migration.Checks;

/// <summary>The devices of the host that the domain has.</summary>
internal static class DeviceChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        if (plan.Document is not { } document)
        {
            return [];
        }

        return
        [
            .. plan.Mapping.Problems.Select(problem => new Check("device-map", CheckSeverity.Error, CheckResult.Fail, problem, "See the devices: orchestrator device list DOMAIN.")),
            .. plan.Mapping.Devices.Select(device => Mapped(plan, device)),
            .. document.Devices.Where(device => device.Scheme.IsOfTheHost()).Select(device => Migrates(plan, device)),
            .. Cloned(plan),
            .. MemoryLock(plan, document),
            .. Rings(plan),
            .. Rollback(plan),
        ];
    }

    private static Check Mapped(PlanContext plan, MappedDevice device)
    {
        string id = device.Scheme is DeviceScheme.VhostUser or DeviceScheme.UserVdpa ? "vhost-user-backend" : "device-mapping";
        string name = $"{device.Source} ({device.Kind}{(device.GuestAddress is { } place ? $", in the guest at {place}" : "")})";
        if (device.Destination is null)
        {
            return new(id, CheckSeverity.Error, CheckResult.Fail, $"{name} of {plan.Domain.Name} has nothing to become on {plan.To}: {device.Why}", $"Choose by hand: --map {device.Source}=DEVICE, or =MGMTDEV/new to have one made.");
        }

        string becomes = $"{name} becomes {(device.Creation is { } creation ? $"{creation.Name}, which is made" : device.Destination)} on {plan.To}: {device.Why}";
        return device.Unchecked.Count == 0 ? Pass(id, becomes)
            : Unknown(id, $"{becomes}; not checked: {string.Join(", ", device.Unchecked)}", $"Make sure on {plan.To}: a device that is not the same breaks the guest when it arrives.", CheckSeverity.Warning);
    }

    private static Check Migrates(PlanContext plan, DomainDevice device)
    {
        const string Id = "device-migration";
        DeviceMigration way = DetachmentPlanner.Judge(device, plan.Here, plan.Source);
        string name = $"{device.HostResource ?? device.Kind} ({JsonName(DetachmentPlanner.FactsOf(device, plan.Here).SchemeOf(device))})";
        string evidence = string.Join("; ", way.Evidence);
        string? obstacle = DetachmentPlanner.Obstacle(device, plan.Domain, plan.Here);
        string byHand = $"orchestrator device detach {plan.Domain.Name} {device.HostResource ?? "DEVICE"}";
        string remedy = way.Way == MigrationWay.NotAtAll || DetachmentPlanner.IsAccelerator(device, plan.Here) ? $"Shut {plan.Domain.Name} down, and start it on {plan.To}{(obstacle is null ? "" : $": {obstacle}")}."
            : obstacle is not null ? $"It is not detached for you: {obstacle}. Where the guest can go without it: {byHand}, and attach it again on {plan.To}."
            : $"--detach-devices detaches it before, and attaches what it becomes on {plan.To} after; or by hand: {byHand}.";
        return way switch
        {
            _ when plan.IsDetached(device) => Pass(Id, $"{name} does not migrate, and is detached for the migration, so that {plan.Domain.Name} is without it until it is attached again on {plan.To}: {evidence}"),
            { Way: MigrationWay.WithGuest or MigrationWay.HardwareAssisted or MigrationWay.ShadowVirtqueue, IsCertain: true } => Pass(Id, $"{name} migrates {Words(way.Way)}: {evidence}"),
            { Way: MigrationWay.WithGuest or MigrationWay.HardwareAssisted or MigrationWay.ShadowVirtqueue } => Unknown(Id, $"{name} would migrate {Words(way.Way)}, which only QEMU itself can confirm: {evidence}"),
            { IsCertain: true, Way: MigrationWay.ByDetach } when DetachmentPlanner.IsTeamed(device) => Pass(Id, $"{name} is unplugged by QEMU for the migration, and plugged again after: {evidence}"),
            { IsCertain: true } => new(Id, CheckSeverity.Error, CheckResult.Fail, $"{name} does not migrate: {evidence}", remedy),
            _ => new(Id, CheckSeverity.Warning, CheckResult.Unknown, $"{name} probably does not migrate: {evidence}", remedy),
        };
    }

    private static string Words(MigrationWay way) => way switch
    {
        MigrationWay.WithGuest => "with the guest",
        MigrationWay.HardwareAssisted => "by its hardware's help",
        _ => "over shadow virtqueues",
    };

    /// <summary>What the definition has beside the running domain would use on the destination what it used on the source: that may be another guest's there.</summary>
    private static IEnumerable<Check> Cloned(PlanContext plan) => plan.Documents.Strays.Count == 0 ? [] :
    [
        new("definition-devices", CheckSeverity.Error, CheckResult.Fail,
            $"the definition of {plan.Domain.Name} has {string.Join(", ", plan.Documents.Strays)}, which the running domain has not: on {plan.To} the next start would take what is called so there, another guest's perhaps",
            $"Take it out of the definition (orchestrator device detach {plan.Domain.Name} DEVICE --config), or give the definition by hand: --persistent-xml FILE."),
    ];

    private static IEnumerable<Check> MemoryLock(PlanContext plan, DomainDocument document)
    {
        const string Id = "memlock";
        if (plan.Vdpa.Count + plan.Functions.Count == 0)
        {
            yield break;
        }

        MemoryLock? need = null;
        try
        {
            need = document.MemoryLock();
        }
        catch (DomainDocumentException)
        {
            // an amount that cannot be read is no limit; libvirt would have refused it
        }

        if (need is not { RequiredKiB: > 0 })
        {
            yield break;
        }

        string amount = HostWords.Memory(need.RequiredKiB << 10);
        DaemonFacts? daemon = plan.There?.Layers?.Daemon;
        if (daemon is { IsPrivileged: false, LockedMemoryLimit: { } limit } && limit >> 10 < need.RequiredKiB)
        {
            yield return new(Id, CheckSeverity.Error, CheckResult.Fail, $"the devices lock {amount}, and the daemon of {plan.To} may lock {HostWords.Memory(limit)} and cannot raise that: QEMU ends there with \"Cannot allocate memory\"",
                "Set LimitMEMLOCK=infinity for the daemon's unit, or use the system's daemon (qemu:///system).");
        }
        else
        {
            // libvirt counts VFIO devices, interfaces and disks by itself; host devices of type vdpa and those of the command line it does not.
            bool counted = plan.Vdpa.All(device => device is VdpaInterface or VhostVdpaDisk);
            yield return Check(Id, CheckSeverity.Warning, counted || need.IsEnough, $"the devices may lock {amount}",
                $"the devices lock {amount} ({need}), which the document does not allow and libvirt does not count: on {plan.To} the kernel may refuse the mapping (ENOMEM)",
                string.Create(CultureInfo.InvariantCulture, $"Write <memtune><hard_limit unit='KiB'>{need.RequiredKiB}</hard_limit></memtune>; for this run: virsh memtune {plan.Domain.Uuid} --hard-limit {need.RequiredKiB} --live."));
        }
    }

    private static IEnumerable<Check> Rings(PlanContext plan) =>
        from device in plan.Vdpa
        where device is VdpaInterface or VhostVdpaNetwork && RingSizes.Matter(plan.Destination.Host.QemuVersion)
        let node = plan.Mapping.Devices.FirstOrDefault(mapped => mapped.Source == device.HostResource)?.Destination
        let size = plan.There?.Inventory.Vdpa?.FirstOrDefault(there => there.CharDevice == node)?.MaxVirtqueueSize
        where size is not null
        select Check("vdpa-ring-size", CheckSeverity.Warning, size >= RingSizes.Asked, $"the rings of {node} on {plan.To} hold the {RingSizes.Asked} entries that QEMU asks for",
            RingSizes.Warning(node!, size.Value, plan.Destination.Host.QemuVersion, plan.To), $"Map it to a device whose rings hold {RingSizes.Asked} (--map), or look after the migration: orchestrator domain health {plan.Domain.Name}.");

    // The fixes 493ef78aeb and 2713ad8575 are on openEuler's 6.2.0 branch; its 8.2.0 had them not when it was last seen.
    private static IEnumerable<Check> Rollback(PlanContext plan)
    {
        const string Id = "qemu-rollback";
        if (plan.Vdpa.Count < 2 || plan.Here?.Dialect is not { Name: DialectName.OpenEuler } dialect)
        {
            yield break;
        }

        yield return Check(Id, CheckSeverity.Warning, dialect.QemuVersion / 1000 != 8_002, $"QEMU {HostDialect.VersionText(dialect.QemuVersion)} of {plan.From} is not known to lose devices when a migration is rolled back",
            string.Create(CultureInfo.InvariantCulture, $"{plan.Domain.Name} has {plan.Vdpa.Count} vDPA devices, and QEMU {HostDialect.VersionText(dialect.QemuVersion)} of {plan.From} may leave some of them suspended when the migration is rolled back"),
            "Look for 493ef78aeb and 2713ad8575 in rpm -q --changelog qemu; without them check every device after a migration that failed.");
    }

    private static string JsonName(DeviceScheme scheme) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName($"{scheme}");
}
