using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

namespace Orchestrator.Acceptance.Cases;

/// <summary>Two operations at once: whatever the order, the guest is in one piece, on one host, and each operation says truly what became of it.</summary>
internal static class ConcurrencyCases
{
    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(bench => RebootAgainstAsync(bench, suspended: false))
        {
            Id = "concurrency-reboot-suspend", Group = CaseGroup.Concurrency, Name = "Reboot against suspend", ChineseName = "重启与 suspend 并发",
            Covers = "a reboot and a suspend at once: the guest ends paused, and rebooted if and only if the reboot says so",
        },
        new(bench => RebootAgainstAsync(bench, suspended: true))
        {
            Id = "concurrency-reboot-resume", Group = CaseGroup.Concurrency, Name = "Reboot against resume", ChineseName = "重启与 resume 并发",
            Covers = "a reboot and a resume of a paused guest at once: it ends running, and rebooted if and only if the reboot says so",
        },
        Migrating("concurrency-reboot-migrate", "Reboot against migrate", "重启与热迁移并发", "a guest is not rebooted while it migrates, and can be when it has arrived", RebootAsync),
        Migrating("concurrency-suspend-migrate", "Suspend against migrate", "suspend/resume 与热迁移并发", "a guest is not suspended while it migrates, and can be when it has arrived", SuspendAsync),
        Migrating("concurrency-hotplug-migrate", "Hot-plug against migrate", "热插拔与热迁移并发", "no device is plugged in while the guest migrates, and one can be when it has arrived", HotPlugAsync, kinds: HotPlugCases.Pluggable),
        Migrating("concurrency-destroy-migrate", "Destroy against migrate", "destroy 与热迁移并发", "a guest that is destroyed while it migrates is on neither host", DestroyAsync, takes: CaseKeys.Migration),
        Migrating("concurrency-reset-phases", "Reset in each phase", "各阶段 reset", "off: refused; running and paused: done; while it migrates: not done", ResetAsync),
    ];

    private static AcceptanceCase Migrating(string id, string name, string chineseName, string covers, Func<CaseBench, Task> run, CaseKeys takes = CaseKeys.Migration | CaseKeys.Limit, params CaseDeviceKind[] kinds) => new(run)
    {
        Id = id,
        Group = CaseGroup.Concurrency,
        Name = name,
        ChineseName = chineseName,
        Covers = covers,
        Severity = CaseSeverity.Critical,
        NeedsDevices = kinds.Length > 0,
        Kinds = kinds,
        FixedDevices = kinds.Length > 0 ? 1 : null,
        Takes = takes,
    };

    private static async Task RebootAgainstAsync(CaseBench bench, bool suspended)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        if (suspended)
        {
            await bench.LiveAsync(bench.Source, new SuspendRequest(guest.Key)).ConfigureAwait(false);
        }

        using EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false);
        Task<bool> reboot = IsDoneAsync(bench.LiveAsync(bench.Source, new RebootRequest(guest.Key)));
        await Task.WhenAll(reboot, bench.LiveAsync(bench.Source, suspended ? new ResumeRequest(guest.Key) : new SuspendRequest(guest.Key))).ConfigureAwait(false);
        await bench.CheckRebootedAsync(events, guest, await reboot.ConfigureAwait(false)).ConfigureAwait(false);
        await bench.CheckOnlyOnAsync(bench.Source, guest, suspended ? DomainState.Running : DomainState.Paused).ConfigureAwait(false);
        if (!suspended)
        {
            await bench.LiveAsync(bench.Source, new ResumeRequest(guest.Key)).ConfigureAwait(false);
            await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        }
    }

    /// <summary>Whether a request was done; one that was refused was not.</summary>
    private static async Task<bool> IsDoneAsync(Task<LifecycleResult> request)
    {
        try
        {
            return (await request.ConfigureAwait(false)).Changed;
        }
        catch (OperationException e) when (e.Stage == OperationStage.Refused)
        {
            return false;
        }
    }

    private static async Task RebootAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        using (EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false))
        {
            await ArrivesAsync(bench, guest, () => NotNowAsync(bench, new RebootRequest(guest.Key))).ConfigureAwait(false);
            await bench.CheckRebootedAsync(events, guest, wanted: false).ConfigureAwait(false);
        }

        using EventRecorder there = await bench.RecordAsync(bench.Destination, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Destination, new RebootRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckRebootedAsync(there, guest, wanted: true).ConfigureAwait(false);
        await bench.CheckOnlyOnAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static async Task SuspendAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await ArrivesAsync(bench, guest, async () =>
        {
            await NotNowAsync(bench, new SuspendRequest(guest.Key)).ConfigureAwait(false);
            await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        }).ConfigureAwait(false);
        await bench.LiveAsync(bench.Destination, new SuspendRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckOnlyOnAsync(bench.Destination, guest, DomainState.Paused).ConfigureAwait(false);
        await bench.LiveAsync(bench.Destination, new ResumeRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckOnlyOnAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static async Task HotPlugAsync(CaseBench bench)
    {
        CaseDevice device = await bench.MakeSpareAsync().ConfigureAwait(false);
        CaseGuest guest = await HotPlugCases.BareAsync(bench).ConfigureAwait(false);
        MigrationResult result = await bench.WhileMigratingAsync(guest, () => bench.RefusedAsync(
            $"attach {device.Words} while {guest.Name} migrates",
            () => bench.Attacher(bench.Source).AttachAsync(guest.Key, device.Document, DomainModificationImpact.Live, bench.Impatient, bench.Cancellation), IsNotNow)).ConfigureAwait(false);
        MigrationCases.CheckOutcome(bench, result, MigrationOutcome.Completed);
        await bench.CheckOnlyOnAsync(bench.Destination, guest).ConfigureAwait(false);
        await bench.CheckDeviceAsync(bench.Destination, guest, device, isWanted: false).ConfigureAwait(false);
        await HotPlugCases.AttachAsync(bench, bench.Destination, guest, await bench.MakeThereAsync(device).ConfigureAwait(false), DomainModificationImpact.Live).ConfigureAwait(false);
        await bench.CheckOnlyOnAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static async Task DestroyAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        MigrationResult result = await bench.WhileMigratingAsync(guest, () => bench.LiveAsync(bench.Source, new DestroyRequest(guest.Key)), goesOn: false).ConfigureAwait(false);
        bench.Check("the migration did not complete", result.Verdict.Outcome != MigrationOutcome.Completed, $"{ErrorDocument.CodeOf(result.Verdict.Outcome)}: {result.Verdict.Message}");
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Shutoff).ConfigureAwait(false);
        await bench.CheckGoneAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static async Task ResetAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.DefineAsync().ConfigureAwait(false);
        await bench.RefusedAsync($"reset {guest.Name}, which is off", () => bench.LiveAsync(bench.Source, new ResetRequest(guest.Key)), e => e is OperationException { Stage: OperationStage.Refused }).ConfigureAwait(false);
        await bench.StartAsync(guest).ConfigureAwait(false);
        await ResetNowAsync(bench, guest).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new SuspendRequest(guest.Key)).ConfigureAwait(false);
        await ResetNowAsync(bench, guest).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Paused).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new ResumeRequest(guest.Key)).ConfigureAwait(false);
        using EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false);
        await ArrivesAsync(bench, guest, () => NotNowAsync(bench, new ResetRequest(guest.Key))).ConfigureAwait(false);
        await bench.CheckResetAsync(events, guest, wanted: false).ConfigureAwait(false);
    }

    private static async Task ResetNowAsync(CaseBench bench, CaseGuest guest)
    {
        using EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new ResetRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckResetAsync(events, guest, wanted: true).ConfigureAwait(false);
    }

    /// <summary>A guest migrates slowly, something is tried meanwhile, and it arrives all the same, with its devices.</summary>
    private static async Task ArrivesAsync(CaseBench bench, CaseGuest guest, Func<Task> meanwhile)
    {
        MigrationResult result = await bench.WhileMigratingAsync(guest, meanwhile).ConfigureAwait(false);
        MigrationCases.CheckOutcome(bench, result, MigrationOutcome.Completed);
        await bench.CheckOnlyOnAsync(bench.Destination, guest).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static Task NotNowAsync(CaseBench bench, LifecycleRequest request) => bench.RefusedAsync(
        $"{ErrorDocument.CodeOf(request.Operation)} while it migrates", () => bench.Lifecycle(bench.Source).RunAsync(request with { Options = bench.Impatient }, bench.Cancellation), IsNotNow);

    private static bool IsNotNow(Exception e) => e is OperationException { WaitedInVain: true };
}
