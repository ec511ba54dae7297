namespace Libvirt.Xml.Devices;

/// <summary>How a device gets to the other host.</summary>
public enum MigrationWay
{
    /// <summary>Its state is QEMU's own and goes with the guest's: emulated devices, virtio, vhost with a dirty log.</summary>
    WithGuest,

    /// <summary>The hardware logs what it writes, and its driver gives and takes its state.</summary>
    HardwareAssisted,

    /// <summary>QEMU puts itself between guest and device for the time of the migration (shadow virtqueue).</summary>
    ShadowVirtqueue,

    /// <summary>Only unplugged before, and plugged again after.</summary>
    ByDetach,

    /// <summary>Not at all.</summary>
    NotAtAll,
}

/// <summary>How a device would migrate, and why that is believed.</summary>
/// <param name="Way">The way.</param>
/// <param name="IsCertain">Whether the evidence settles it; otherwise only QEMU itself, asked while the guest runs (<c>query-migrate</c>), can.</param>
/// <param name="Evidence">Sentences, each with the source of its fact.</param>
public sealed record DeviceMigration(MigrationWay Way, bool IsCertain, IReadOnlyList<string> Evidence)
{
    /// <summary>Judges a device. Pure.</summary>
    /// <param name="device">The device.</param>
    /// <param name="dialect">The host that it is on.</param>
    /// <param name="facts">What that host tells about it, if it was asked.</param>
    public static DeviceMigration Judge(DomainDevice device, HostDialect dialect, DeviceHostFacts? facts)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(dialect);
        facts ??= new();
        DeviceMigration judged = device switch
        {
            RejectedVdpaDevice => new(MigrationWay.NotAtAll, true, [$"libvirt: no release has {device.Kind}"]),
            VdpaHostDevice or GenericVdpaDevice or VhostVdpaNetwork or VdpaInterface or VhostVdpaDisk => VdpaMigration.Judge(device, dialect, facts),
            PciHostDevice or HostdevInterface or MediatedHostDevice => VfioMigration.Judge(device, dialect, facts),
            VdpaNetSimulation => Simulation(dialect),
            { Scheme: DeviceScheme.UserVdpa } => new(MigrationWay.HardwareAssisted, false,
                ["vhost-user protocol: the process logs dirty pages for its hardware and gives the ring states back", "the process: has to offer VHOST_F_LOG_ALL, which only QEMU learns from it"]),
            { Scheme: DeviceScheme.VhostUser } => new(MigrationWay.WithGuest, false,
                ["vhost-user protocol: the process logs dirty pages and gives the ring states back", "the process: has to offer VHOST_F_LOG_ALL, which only QEMU learns from it"]),
            { Scheme: DeviceScheme.VhostKernel } => new(MigrationWay.WithGuest, true, ["kernel: vhost offers VHOST_F_LOG_ALL; the device's state is QEMU's"]),
            { Scheme: DeviceScheme.HostPassthrough } => new(MigrationWay.ByDetach, false, ["libvirt: lets USB host devices pass and forbids the other kinds, whose hardware stays behind"]),
            _ => new(MigrationWay.WithGuest, true, ["QEMU: the device's state is its own and goes with the guest's"]),
        };
        return AskedQemu(judged, device, facts);
    }

    /// <summary>QEMU's own word wins over all that was inferred.</summary>
    private static DeviceMigration AskedQemu(DeviceMigration judged, DomainDevice device, DeviceHostFacts facts) => facts.BlockedReasons switch
    {
        null => judged,
        [] when judged.Way is MigrationWay.NotAtAll => judged,
        [] => judged with
        {
            Way = judged.Way == MigrationWay.ByDetach && device is not (PciHostDevice { Teaming.Type: TeamingType.Transient } or HostdevInterface { Teaming.Type: TeamingType.Transient })
                ? device is VdpaInterface or VhostVdpaNetwork ? MigrationWay.ShadowVirtqueue : MigrationWay.HardwareAssisted
                : judged.Way,
            IsCertain = true,
            Evidence = [.. judged.Evidence, "QEMU (query-migrate): nothing blocks the migration"],
        },
        var reasons => new(
            judged.Way == MigrationWay.NotAtAll || !CanBeUnplugged(device, facts) ? MigrationWay.NotAtAll : MigrationWay.ByDetach,
            true,
            [.. reasons.Select(reason => $"QEMU (query-migrate): {reason}"), .. judged.Evidence]),
    };

    /// <summary>Whether a guest can go on without the device while it moves.</summary>
    internal static bool CanBeUnplugged(DomainDevice device, DeviceHostFacts facts)
        => device is not VirtioDisk and not VdpaNetSimulation and not UntypedDevice { Scheme: not DeviceScheme.HostPassthrough } && !facts.IsKaeFunction && device.BootOrder is null;

    private static DeviceMigration Simulation(HostDialect dialect) => dialect.VdpaNetSimulation switch
    {
        true => new(MigrationWay.WithGuest, false, ["QEMU: virtio-net in QEMU, whose state is QEMU's own; the live-migration registers are for the nested guest's migration"]),
        _ => new(MigrationWay.NotAtAll, dialect.VdpaNetSimulation is not null, ["QEMU: the vdpa property of virtio-net was reverted upstream; this host's QEMU isn't known to have it"]),
    };
}
