using Libvirt.Interop;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Acceptance.Cases;

/// <summary>Guests that move, and guests that have to stay.</summary>
internal static class MigrationCases
{
    private static readonly TimeSpan TooShort = TimeSpan.FromSeconds(2);

    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(ThereAndBackAsync)
        {
            Id = "migration-there-and-back", Takes = CaseKeys.Repetitions | CaseKeys.Move, Group = CaseGroup.Migration, Name = "Migrate there and back", ChineseName = "热迁移及回迁", Severity = CaseSeverity.Critical,
            Covers = "a running guest moves with its devices and back, and is on one host only; more than once, where the plan says so",
        },
        new(PausedAsync)
        {
            Id = "migration-paused", Takes = CaseKeys.Migration, Group = CaseGroup.Migration, Name = "Migrate a paused guest", ChineseName = "挂起状态虚拟机迁移",
            Covers = "a paused guest arrives paused, and can be resumed there",
        },
        new(CancelledAsync)
        {
            Id = "migration-cancelled", Takes = CaseKeys.Move, Group = CaseGroup.Migration, Name = "Cancel a migration", ChineseName = "迁移过程中取消迁移", Severity = CaseSeverity.Critical,
            Covers = "a guest whose migration is cancelled runs on where it was, with its devices, and can be migrated afterwards",
        },
        new(TimedOutAsync)
        {
            Id = "migration-timed-out", Takes = CaseKeys.Move, Group = CaseGroup.Migration, Name = "A migration that takes too long", ChineseName = "迁移超时回退", Severity = CaseSeverity.Critical,
            Covers = "a migration that takes longer than allowed is given up, and the guest runs on where it was",
        },
        new(FailedAsync)
        {
            Id = "migration-failed", Takes = CaseKeys.Move, Group = CaseGroup.Migration, Name = "A migration that fails", ChineseName = "迁移失败后虚拟机恢复", Severity = CaseSeverity.Critical,
            Covers = "a guest whose migration fails on the destination runs on where it was, with its devices, and can be migrated afterwards",
        },
        new(RefusedOffAsync)
        {
            Id = "migration-refused-off", Takes = CaseKeys.Migration, Group = CaseGroup.Migration, Name = "A guest that is off is not migrated", ChineseName = "关机状态虚拟机热迁移失败", Severity = CaseSeverity.Minor,
            Covers = "the live migration of a guest that is off is refused, and nothing appears on the destination",
        },
        new(RefusedDeviceAsync)
        {
            Id = "migration-refused-device", Takes = CaseKeys.Migration, Group = CaseGroup.Migration, Name = "The destination lacks the device", ChineseName = "目的端无对应设备时迁移失败", NeedsDevices = true,
            Kinds = [CaseDeviceKind.Net, CaseDeviceKind.Blk, CaseDeviceKind.Kae],
            Covers = "a migration to a device that is not there is refused before anything is touched, and the guest runs on",
        },
    ];

    internal static async Task ThereAndBackAsync(CaseBench bench)
    {
        await ThereAndBackAsync(bench, await bench.RunningAsync().ConfigureAwait(false)).ConfigureAwait(false);
    }

    internal static async Task ThereAndBackAsync(CaseBench bench, CaseGuest guest)
    {
        for (int i = 0; i < bench.Planned.Repetitions; i++)
        {
            await bench.MoveAsync(bench.Source, guest).ConfigureAwait(false);
            await bench.MoveAsync(bench.Destination, guest).ConfigureAwait(false);
        }
    }

    private static async Task PausedAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new SuspendRequest(guest.Key)).ConfigureAwait(false);
        await bench.MakeDevicesThereAsync().ConfigureAwait(false);
        bench.Step($"migrate {guest.Name} while it is paused");
        MigrationResult result = await bench.MigrateAsync(bench.Source, bench.Request(bench.Source, guest), bench.Cancellation).ConfigureAwait(false);
        CheckOutcome(bench, result, MigrationOutcome.Completed);
        await bench.CheckOnlyOnAsync(bench.Destination, guest, DomainState.Paused).ConfigureAwait(false);
        await bench.LiveAsync(bench.Destination, new ResumeRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckOnlyOnAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static async Task CancelledAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(bench.Cancellation);
        MigrationResult result = await bench.WhileMigratingAsync(
            guest,
            () =>
            {
                bench.Step("cancel the migration");
                return cancel.CancelAsync();
            },
            cancel: cancel.Token).ConfigureAwait(false);
        await StayedAsync(bench, guest, result, MigrationOutcome.Cancelled).ConfigureAwait(false);
    }

    private static async Task TimedOutAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.MakeDevicesThereAsync().ConfigureAwait(false);
        bench.Step($"migrate {guest.Name} slowly, with {TooShort.TotalSeconds:0} s to do it in");
        MigrationResult result = await bench.MigrateAsync(bench.Source, bench.Request(bench.Source, guest) with { BandwidthMiBps = CaseBench.SlowMiBps, Timeout = TooShort }, bench.Cancellation).ConfigureAwait(false);
        await StayedAsync(bench, guest, result, MigrationOutcome.TimedOut).ConfigureAwait(false);
    }

    private static async Task FailedAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.MakeDevicesThereAsync().ConfigureAwait(false);
        bench.Step($"migrate {guest.Name} to an address that {bench.Destination.Address.Name} does not have ({CaseBench.NobodysAddress})");
        MigrationResult result = await bench.MigrateAsync(bench.Source, bench.Request(bench.Source, guest) with { ListenAddress = CaseBench.NobodysAddress }, bench.Cancellation).ConfigureAwait(false);
        await StayedAsync(bench, guest, result, MigrationOutcome.Failed).ConfigureAwait(false);
    }

    private static async Task RefusedOffAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.DefineAsync().ConfigureAwait(false);
        bench.Step($"migrate {guest.Name}, which is off");
        string refusal;
        try
        {
            MigrationResult result = await bench.MigrateAsync(bench.Source, bench.Request(bench.Source, guest), bench.Cancellation).ConfigureAwait(false);
            CheckOutcome(bench, result, MigrationOutcome.Refused);
            refusal = result.Verdict.Message;
        }
        catch (OperationException e) when (e.Stage == OperationStage.Refused)
        {
            refusal = e.Message;
        }

        bench.Check("the migration is refused", true, refusal);
        await bench.CheckGoneAsync(bench.Destination, guest).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Shutoff).ConfigureAwait(false);
    }

    private static async Task RefusedDeviceAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        CaseDevice device = bench.Devices[0];
        string nowhere = device.Kind == CaseDeviceKind.Kae ? "ffff:ff:1f.7" : "/dev/vhost-vdpa-65535";
        bench.Step($"migrate {guest.Name} with {device.Words} mapped to {nowhere}");
        MigrationResult result = await bench.MigrateAsync(
            bench.Source, bench.Request(bench.Source, guest) with { Map = [new DeviceMapEntry(device.Resource!, nowhere)] }, bench.Cancellation).ConfigureAwait(false);
        CheckOutcome(bench, result, MigrationOutcome.Refused);
        await bench.CheckOnlyOnAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
    }

    /// <summary>A guest that had to stay runs where it was, nowhere else, and moves when nothing stands in its way.</summary>
    private static async Task StayedAsync(CaseBench bench, CaseGuest guest, MigrationResult result, MigrationOutcome wanted)
    {
        if (result.Verdict.Outcome == MigrationOutcome.Completed)
        {
            throw CaseBench.Inconclusive($"{guest.Name} had moved before it could be kept from it");
        }

        CheckOutcome(bench, result, wanted);
        await bench.CheckOnlyOnAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.MoveAsync(bench.Source, guest).ConfigureAwait(false);
    }

    internal static void CheckOutcome(CaseBench bench, MigrationResult result, MigrationOutcome wanted) => bench.Check(
        $"the migration is {ErrorDocument.CodeOf(wanted)}", result.Verdict.Outcome == wanted, $"{ErrorDocument.CodeOf(result.Verdict.Outcome)}: {result.Verdict.Message}");
}
