using Libvirt.Interop;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Acceptance.Cases;

/// <summary>Devices that come and go.</summary>
internal static class HotPlugCases
{
    /// <summary>The kinds that come and go while a guest runs: accelerators do not.</summary>
    internal static readonly CaseDeviceKind[] Pluggable = [CaseDeviceKind.Rng, CaseDeviceKind.Net, CaseDeviceKind.Blk];

    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(ColdAsync)
        {
            Id = "hotplug-cold", Group = CaseGroup.HotPlug, Name = "Attach to a guest that is off", ChineseName = "关机状态设备添加/删除（冷插拔）", NeedsDevices = true,
            Covers = "devices that are added to the definition are there after the start, and gone from it when they are detached",
        },
        new(RunningAsync)
        {
            Id = "hotplug-running", Takes = CaseKeys.Repetitions, Group = CaseGroup.HotPlug, Name = "Attach to a guest that runs", ChineseName = "运行状态设备热插/热拔", NeedsDevices = true, Kinds = Pluggable,
            Covers = "devices are plugged into a running guest, which lets go of them again; more than once, where the plan says so",
        },
        new(TwiceAsync)
        {
            Id = "hotplug-twice", FixedDevices = 1, Group = CaseGroup.HotPlug, Name = "Attach the same device twice", ChineseName = "重复热插同一设备失败", Severity = CaseSeverity.Minor, NeedsDevices = true,
            Kinds = [CaseDeviceKind.Net, CaseDeviceKind.Blk],
            Covers = "a device that the guest has already is refused, and stays as it is",
        },
        new(UnknownAsync)
        {
            Id = "hotplug-detach-unknown", FixedDevices = 1, Group = CaseGroup.HotPlug, Name = "Detach a device that is not there", ChineseName = "热拔不存在的设备失败", Severity = CaseSeverity.Minor, NeedsDevices = true, Kinds = Pluggable,
            Covers = "a device that the guest does not have is refused, and the guest runs on",
        },
    ];

    /// <summary>Attaches a device, and looks whether the guest has it.</summary>
    internal static Task AttachAsync(CaseBench bench, CaseGuest guest, CaseDevice device, DomainModificationImpact impact) => AttachAsync(bench, bench.Source, guest, device, impact);

    internal static async Task AttachAsync(CaseBench bench, IHost host, CaseGuest guest, CaseDevice device, DomainModificationImpact impact)
    {
        bench.Step($"attach {device.Words} ({(impact.HasFlag(DomainModificationImpact.Live) ? "running" : "definition")}{(impact == (DomainModificationImpact.Live | DomainModificationImpact.Config) ? " and definition" : "")})");
        await bench.Attacher(host).AttachAsync(guest.Key, device.Document, impact, bench.Options, bench.Cancellation).ConfigureAwait(false);
        await CheckAsync(bench, host, guest, device, impact, isWanted: true).ConfigureAwait(false);
    }

    private static async Task CheckAsync(CaseBench bench, IHost host, CaseGuest guest, CaseDevice device, DomainModificationImpact impact, bool isWanted)
    {
        if (impact.HasFlag(DomainModificationImpact.Live))
        {
            await bench.CheckDeviceAsync(host, guest, device, isWanted).ConfigureAwait(false);
        }

        if (impact.HasFlag(DomainModificationImpact.Config))
        {
            await bench.CheckDefinedAsync(host, guest, device, isWanted).ConfigureAwait(false);
        }
    }

    private static async Task ColdAsync(CaseBench bench)
    {
        IReadOnlyList<CaseDevice> devices = await bench.MakeDevicesAsync(bench.Planned.Devices, isDefined: true).ConfigureAwait(false);
        CaseGuest guest = await bench.DefineAsync(await bench.DocumentAsync([]).ConfigureAwait(false)).ConfigureAwait(false);
        foreach (CaseDevice device in devices)
        {
            await AttachAsync(bench, guest, device, DomainModificationImpact.Config).ConfigureAwait(false);
        }

        await bench.StartAsync(guest).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new DestroyRequest(guest.Key)).ConfigureAwait(false);
        foreach (CaseDevice device in bench.Devices)
        {
            await DetachAsync(bench, guest, device, DomainModificationImpact.Config).ConfigureAwait(false);
        }
    }

    private static async Task RunningAsync(CaseBench bench)
    {
        IReadOnlyList<CaseDevice> devices = await bench.MakeDevicesAsync(bench.Planned.Devices, isDefined: false).ConfigureAwait(false);
        CaseGuest guest = await BareAsync(bench).ConfigureAwait(false);
        for (int i = 0; i < bench.Planned.Repetitions; i++)
        {
            foreach (CaseDevice device in devices)
            {
                await AttachAsync(bench, guest, device, DomainModificationImpact.Live).ConfigureAwait(false);
            }

            foreach (CaseDevice device in devices.Reverse())
            {
                await DetachAsync(bench, guest, device, DomainModificationImpact.Live).ConfigureAwait(false);
            }
        }

        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
    }

    private static async Task TwiceAsync(CaseBench bench)
    {
        CaseDevice device = await bench.MakeDeviceAsync().ConfigureAwait(false);
        CaseGuest guest = await BareAsync(bench).ConfigureAwait(false);
        await AttachAsync(bench, guest, device, DomainModificationImpact.Live).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"attach {device.Words} once more", () => bench.Attacher(bench.Source).AttachAsync(guest.Key, device.Document, DomainModificationImpact.Live, bench.Options, bench.Cancellation),
            e => Refusals.IsOf(e, device, $"has {DeviceSelector.Of(device.Document)} already") || e is HostDeviceException { Problem: HostDeviceProblem.AlreadyExists }).ConfigureAwait(false);
        await bench.CheckDeviceAsync(bench.Source, guest, device, isWanted: true).ConfigureAwait(false);
    }

    private static async Task UnknownAsync(CaseBench bench)
    {
        CaseDevice device = await bench.MakeDeviceAsync().ConfigureAwait(false);
        CaseGuest guest = await BareAsync(bench).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"detach {device.Words}, which is not there",
            () => bench.Detacher(bench.Source).DetachAsync(guest.Key, DeviceSelector.Of(device.Document), DomainModificationImpact.Live, bench.Options, bench.Cancellation),
            e => e is HostDeviceException { Problem: HostDeviceProblem.NotFound }).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
    }

    /// <summary>A running guest without devices.</summary>
    internal static async Task<CaseGuest> BareAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.DefineAsync(await bench.DocumentAsync([]).ConfigureAwait(false)).ConfigureAwait(false);
        await bench.StartAsync(guest).ConfigureAwait(false);
        return guest;
    }

    private static async Task DetachAsync(CaseBench bench, CaseGuest guest, CaseDevice device, DomainModificationImpact impact)
    {
        bench.Step($"detach {device.Words}");
        await bench.Detacher(bench.Source).DetachAsync(guest.Key, DeviceSelector.Of(device.Document), impact, bench.Options, bench.Cancellation).ConfigureAwait(false);
        await CheckAsync(bench, bench.Source, guest, device, impact, isWanted: false).ConfigureAwait(false);
    }
}
