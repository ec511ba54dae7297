using Libvirt.Interop;
using Orchestrator.Devices;
using Orchestrator.Lifecycle;

namespace Orchestrator.Acceptance.Cases;

/// <summary>One device has one owner.</summary>
internal static class ExclusivityCases
{
    private static readonly CaseDeviceKind[] OfTheHost = [CaseDeviceKind.Net, CaseDeviceKind.Blk, CaseDeviceKind.Kae];

    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(StartAsync)
        {
            Id = "exclusivity-start", Group = CaseGroup.Exclusivity, Name = "A second guest with the same device is not started", ChineseName = "设备独占：配置相同设备的第二台虚拟机启动失败", Severity = CaseSeverity.Critical,
            NeedsDevices = true, Kinds = OfTheHost, Covers = "a guest whose device another one has is not started, and the other one keeps it",
        },
        new(AttachAsync)
        {
            Id = "exclusivity-attach", Group = CaseGroup.Exclusivity, Name = "A device of another guest is not attached", ChineseName = "设备独占：热插其他虚拟机正在使用的设备失败", Severity = CaseSeverity.Critical,
            NeedsDevices = true, Kinds = [CaseDeviceKind.Net, CaseDeviceKind.Blk], Covers = "a device that another guest has is not attached, and the other one keeps it",
        },
    ];

    private static async Task StartAsync(CaseBench bench)
    {
        CaseGuest owner = await bench.RunningAsync().ConfigureAwait(false);
        CaseGuest rival = await bench.DefineAsync(await bench.DocumentAsync(bench.Devices, withDisks: false).ConfigureAwait(false)).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"start {rival.Name}, whose devices {owner.Name} has", () => bench.LiveAsync(bench.Source, new StartRequest(rival.Key)),
            e => e is OperationException { Stage: OperationStage.Refused } && bench.Devices.All(device => e.Message.Contains(device.Resource!, StringComparison.Ordinal))).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, rival, DomainState.Shutoff).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, owner, DomainState.Running).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, owner).ConfigureAwait(false);
    }

    private static async Task AttachAsync(CaseBench bench)
    {
        CaseGuest owner = await bench.RunningAsync().ConfigureAwait(false);
        CaseGuest rival = await bench.DefineAsync(await bench.DocumentAsync([], withDisks: false).ConfigureAwait(false)).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new StartRequest(rival.Key)).ConfigureAwait(false); // without a disk it boots nothing; a QEMU that runs is all that an attachment needs
        CaseDevice device = bench.Devices[0];
        await bench.RefusedAsync(
            $"attach {device.Words}, which {owner.Name} has, to {rival.Name}",
            () => bench.Attacher(bench.Source).AttachAsync(rival.Key, device.Document, DomainModificationImpact.Live, bench.Options, bench.Cancellation),
            e => Refusals.IsOf(e, device, device.Resource!, owner.Name) || e is HostDeviceException { Problem: HostDeviceProblem.InUse }).ConfigureAwait(false);
        await bench.CheckDeviceAsync(bench.Source, rival, device, isWanted: false).ConfigureAwait(false);
        await bench.CheckDeviceAsync(bench.Source, owner, device, isWanted: true).ConfigureAwait(false);
    }
}
