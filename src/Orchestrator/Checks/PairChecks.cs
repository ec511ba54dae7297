using System.Globalization;
using Orchestrator.Devices;

namespace Orchestrator.Checks;

/// <summary>What two hosts must have in common for guests to move from one to the other. Pure.</summary>
public static class PairChecks
{
    /// <summary>The parity of two hosts.</summary>
    /// <param name="source">The host that guests leave.</param>
    /// <param name="destination">The host that they go to.</param>
    /// <param name="needs">What the hosts are wanted for: a difference that the kernel refuses is an error then.</param>
    public static IReadOnlyList<Check> Of(HostFacts source, HostFacts destination, IReadOnlyCollection<HostNeed>? needs = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        string names = $"{source.Host.Name} and {destination.Host.Name}";
        bool kae = needs?.Contains(HostNeed.Kae) == true;
        CheckSeverity device = kae ? CheckSeverity.Error : CheckSeverity.Warning;
        return
        [
            TwoHosts(source, destination),
            Same("pair-architecture", CheckSeverity.Error, "architecture", source, destination, facts => facts.Host.Architecture, "Choose a destination of the same architecture."),
            Same("pair-cpu-model", CheckSeverity.Warning, "CPU model", source, destination, facts => facts.CpuModel,
                "Give guests a CPU model that both have (virsh hypervisor-cpu-baseline); one that was started with host-passthrough stays."),
            Same("pair-bios", device, "BIOS", source, destination, facts => facts.Firmware is { Version: { } version } firmware ? $"{firmware.Vendor} {version}".Trim() : null,
                "Bring both to the same BIOS version; migration of KAE demands it. Where it is unknown: dmidecode -s bios-version on both."),
            Same("pair-kernel", CheckSeverity.Warning, "kernel", source, destination, facts => facts.Kernel?.Release, "Bring both to the same kernel. Where it is unknown: uname -r on both."),
            Drivers(source, destination),
            CardFirmware(names),
            Same("pair-dialect", CheckSeverity.Error, "dialect", source, destination, facts => facts.Dialect is { } dialect ? Words.Dialect(dialect) : null,
                "Devices written for one libvirt are refused or lost by the other: use two hosts of one distribution."),
            Direction("pair-libvirt", "libvirt", source, destination, facts => facts.Host.LibvirtVersion),
            Direction("pair-qemu", "QEMU", source, destination, facts => facts.Host.QemuVersion),
            VirtualFunctions(source, destination, device),
            QueueNumbers(source, destination, device),
            VdpaDevices(source, destination, needs?.Contains(HostNeed.Vdpa) == true ? CheckSeverity.Error : CheckSeverity.Warning),
            Ports(source, destination),
            Clocks(source, destination),
            new("pair-answer", CheckSeverity.Error, CheckResult.Pass, $"{names} both answer this process"),
            new("pair-reach", CheckSeverity.Warning, CheckResult.Unknown,
                $"whether {source.Host.Name}'s daemon can reach and log in to {destination.Host.Name} cannot be asked without migrating (--mode p2p needs it; --mode direct does not)",
                $"On {source.Host.Name}, as the daemon's account: virsh -c '{destination.Host.Uri}' version"),
        ];
    }

    private static Check TwoHosts(HostFacts source, HostFacts destination)
    {
        const string Id = "pair-two-hosts";
        const string Remedy = "Name another host. If these are two machines with one UUID, set host_uuid in libvirtd.conf of one.";
        string names = $"{source.Host.Name} and {destination.Host.Name}";
        if (source.Host.Uri == destination.Host.Uri)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail, $"{names} are the same host", Remedy);
        }

        return (source.Host.HostUuid, destination.Host.HostUuid) switch
        {
            ({ } a, { } b) => a == b
                ? new(Id, CheckSeverity.Error, CheckResult.Fail, $"{names} have the same host UUID, {a}", Remedy)
                : new(Id, CheckSeverity.Error, CheckResult.Pass, $"{names} are two hosts"),
            _ => new(Id, CheckSeverity.Error, CheckResult.Unknown, $"one of {names} tells no host UUID", "Set host_uuid in libvirtd.conf."),
        };
    }

    private static Check Same(string id, CheckSeverity severity, string what, HostFacts source, HostFacts destination, Func<HostFacts, string?> part, string remedy) =>
        (part(source), part(destination)) switch
        {
            ({ } a, { } b) when a == b => new(id, severity, CheckResult.Pass, $"{what} of both: {a}"),
            ({ } a, { } b) => new(id, severity, CheckResult.Fail, $"{what} of {source.Host.Name} is {a}, of {destination.Host.Name} {b}", remedy),
            (var a, _) => new(id, severity, CheckResult.Unknown, $"{what} of {(a is null ? source : destination).Host.Name} could not be seen", remedy),
        };

    private static Check Drivers(HostFacts source, HostFacts destination)
    {
        const string Id = "pair-drivers";
        const string Remedy = "Install the same driver packages on both. Where it is unknown: modinfo MODULE on both.";
        if (source.Kernel is not { } a || destination.Kernel is not { } b)
        {
            return new(Id, CheckSeverity.Warning, CheckResult.Unknown, $"modules of {(source.Kernel is null ? source : destination).Host.Name} could not be seen", Remedy);
        }

        string[] different = [.. a.Modules.Keys.Union(b.Modules.Keys).Order(StringComparer.Ordinal).Where(name => a.Modules.GetValueOrDefault(name) != b.Modules.GetValueOrDefault(name))];
        return different.Length == 0
            ? new(Id, CheckSeverity.Warning, CheckResult.Pass, $"modules for devices are the same on both ({a.Modules.Count})")
            : new(Id, CheckSeverity.Warning, CheckResult.Fail, $"modules differ: {Words.Some(different.Select(name => $"{name} ({Build(a, source, name)}; {Build(b, destination, name)})"))}", Remedy);

        static string Build(KernelFacts kernel, HostFacts host, string name) =>
            $"{host.Host.Name}: {(kernel.Modules.TryGetValue(name, out ModuleFacts? module) ? module.Build : "not loaded")}";
    }

    // Neither sysfs nor libvirt has it.
    private static Check CardFirmware(string names) => new(
        "pair-firmware", CheckSeverity.Warning, CheckResult.Unknown, $"the firmware of the cards of {names} is told by neither libvirt nor sysfs",
        "Compare on both: ethtool -i INTERFACE | grep firmware, or the vendor's tool; it must be the same.");

    private static Check Direction(string id, string what, HostFacts source, HostFacts destination, Func<HostFacts, long> part)
    {
        (long a, long b) = (part(source), part(destination));
        if (a == 0 || b == 0)
        {
            return new(id, CheckSeverity.Warning, CheckResult.Unknown, $"{(a == 0 ? source : destination).Host.Name} does not tell the version of its {what}");
        }

        return b >= a
            ? new(id, CheckSeverity.Warning, CheckResult.Pass, a == b ? $"{what} {Words.Version(a)} on both" : $"{what} {Words.Version(a)} to {Words.Version(b)}: to the newer; the way back is not promised")
            : new(id, CheckSeverity.Warning, CheckResult.Fail, $"{what} of {destination.Host.Name} ({Words.Version(b)}) is older than {source.Host.Name}'s ({Words.Version(a)})",
                "A machine type or device that the older one lacks makes the migration fail late: update it, or migrate the other way.");
    }

    private static Check VirtualFunctions(HostFacts source, HostFacts destination, CheckSeverity severity)
    {
        const string Id = "pair-vf-counts";
        const string Remedy = "Set sriov_numvfs of every engine to the same number on both: the driver refuses state of a function with another share of queues.";
        if (source.PciFunctions is null || destination.PciFunctions is null)
        {
            return new(Id, severity, CheckResult.Unknown, $"virtual functions of {(source.PciFunctions is null ? source : destination).Host.Name} could not be seen", Remedy);
        }

        string a = Counts(source);
        string b = Counts(destination);
        return a == b
            ? new(Id, severity, CheckResult.Pass, $"KAE virtual functions on both: {a}")
            : new(Id, severity, CheckResult.Fail, $"KAE virtual functions of {source.Host.Name}: {a}; of {destination.Host.Name}: {b}", Remedy);

        // Per physical function, since it is the function's queues that are shared out.
        static string Counts(HostFacts facts) => string.Join(", ", Accelerator.All.Select(engine =>
        {
            IReadOnlyList<PciFunctionFacts> virtuals = facts.KaeVirtualFunctions(engine)!;
            int[] each = [.. facts.KaePhysicalFunctions(engine)!.Select(physical => virtuals.Count(function => function.PhysicalFunction == physical.Address)).OrderDescending()];
            return $"{engine.Name} {(each.Length == 0 ? "0" : string.Join("+", each))}";
        }));
    }

    private static Check QueueNumbers(HostFacts source, HostFacts destination, CheckSeverity severity)
    {
        const string Id = "pair-pf-q-num";
        Accelerator[] engines = [.. Accelerator.All.Where(engine => source.KaePhysicalFunctions(engine) is { Count: > 0 } || destination.KaePhysicalFunctions(engine) is { Count: > 0 })];
        if (source.Kernel is not { } a || destination.Kernel is not { } b)
        {
            return new(Id, severity, CheckResult.Unknown, $"pf_q_num of {(source.Kernel is null ? source : destination).Host.Name} could not be seen", "Compare on both: cat /sys/module/hisi_*/parameters/pf_q_num");
        }

        string[] different = [.. engines.Where(engine => Number(a, engine) != Number(b, engine)).Select(engine => $"{engine.Driver} {Text(a, engine)} on {source.Host.Name}, {Text(b, engine)} on {destination.Host.Name}")];
        return different.Length == 0
            ? new(Id, severity, CheckResult.Pass, engines.Length == 0 ? "neither host has KAE" : $"pf_q_num is the same on both: {string.Join(", ", engines.Select(engine => $"{engine.Driver} {Text(a, engine)}"))}")
            : new(Id, severity, CheckResult.Fail, $"pf_q_num differs: {string.Join("; ", different)}", "Load the KAE modules with the same pf_q_num on both (options hisi_zip pf_q_num=32 in /etc/modprobe.d).");

        static int? Number(KernelFacts kernel, Accelerator engine) => kernel.Modules.GetValueOrDefault(engine.Driver)?.QueueNumber;

        static string Text(KernelFacts kernel, Accelerator engine) => Number(kernel, engine)?.ToString(CultureInfo.InvariantCulture) ?? "unknown";
    }

    private static Check VdpaDevices(HostFacts source, HostFacts destination, CheckSeverity severity)
    {
        const string Id = "pair-vdpa-devices";
        const string Remedy = "Create them on the destination: vdpa dev add name NAME mgmtdev MGMTDEV. Their names and numbers may differ; a migration maps them.";
        if (source.VdpaDevices is not { } a || destination.VdpaDevices is not { } b)
        {
            return new(Id, severity, CheckResult.Unknown, $"vDPA devices of {(source.VdpaDevices is null ? source : destination).Host.Name} could not be seen", Remedy);
        }

        (int has, int gets) = (Usable(a), Usable(b));
        return gets >= has
            ? new(Id, severity, CheckResult.Pass, $"vDPA devices for guests: {has} on {source.Host.Name}, {gets} on {destination.Host.Name}")
            : new(Id, severity, CheckResult.Fail, $"{destination.Host.Name} has {gets} vDPA devices for guests, {source.Host.Name} {has}", Remedy);

        static int Usable(IReadOnlyList<VdpaDeviceFacts> devices) => devices.Count(device => device.Driver == "vhost_vdpa");
    }

    private static Check Ports(HostFacts source, HostFacts destination)
    {
        const string Id = "pair-ports";
        if (source.QemuConfiguration is not { } a || destination.QemuConfiguration is not { } b)
        {
            return new(Id, CheckSeverity.Warning, CheckResult.Unknown, $"the migration ports of {(source.QemuConfiguration is null ? source : destination).Host.Name} could not be seen",
                "Compare migration_port_min and migration_port_max in qemu.conf with the firewalls of both.");
        }

        bool overlap = a.MigrationPortMin <= b.MigrationPortMax && b.MigrationPortMin <= a.MigrationPortMax;
        string ranges = $"{source.Host.Name} {a.MigrationPortMin} to {a.MigrationPortMax}, {destination.Host.Name} {b.MigrationPortMin} to {b.MigrationPortMax}";
        return overlap && source.IsThisMachine && destination.IsThisMachine
            ? new(Id, CheckSeverity.Warning, CheckResult.Fail, $"two daemons of one machine share migration ports ({ranges}): migrations that cross take each other's", "Give each its own migration_port_min and migration_port_max in qemu.conf.")
            : new(Id, CheckSeverity.Warning, CheckResult.Pass, $"migration ports: {ranges}; firewalls must let them in");
    }

    private static Check Clocks(HostFacts source, HostFacts destination)
    {
        const string Id = "pair-clock";
        if (source.IsThisMachine && destination.IsThisMachine)
        {
            return new(Id, CheckSeverity.Warning, CheckResult.Pass, "both daemons run on this machine: their clock is the same, offset 0 ms");
        }

        return new(Id, CheckSeverity.Warning, CheckResult.Unknown,
            $"the offset of the clocks of {source.Host.Name} and {destination.Host.Name} is not told by libvirt; each migration bounds it by its events",
            "Compare: date +%Y-%m-%d\\ %H:%M:%S.%3N on both, and let both follow one NTP server (chronyc tracking).");
    }
}
