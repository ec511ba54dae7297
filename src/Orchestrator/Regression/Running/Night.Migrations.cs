using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

internal sealed partial class Night
{
    private async Task MigrationsAsync(Scenario scenario, NightGuest guest, ScenarioLog log, CancellationToken cancellationToken)
    {
        if (scenario.Load is { } load)
        {
            LoadStarted check = EffectOf(load, guest);
            await RunningLoad.CheckAsync(load, ChannelOf(check), ledger, check, time, cancellationToken).ConfigureAwait(false);
        }

        var attached = new List<NightLedger.Entry>();
        foreach (string device in scenario.Devices)
        {
            attached.Add(await AttachAsync(guest, device, cancellationToken).ConfigureAwait(false));
        }

        // The last to be begun is the first to be put back: devices are detached at home.
        NightLedger.Entry away = ledger.Begin(new GuestAway(guest.Uuid, guest.Name, scenario.Unsafe, [.. scenario.Allow], guest.MapHome));

        int count = scenario.WarmUps + scenario.Repetitions;
        for (int i = 0; i < count; i++)
        {
            if (!await MigrateAsync(scenario, guest, log, i + 1, count, isWarmUp: i < scenario.WarmUps, cancellationToken).ConfigureAwait(false)
                || (!scenario.MeasureWayBack && !await GoHomeAsync(scenario, guest, log, cancellationToken).ConfigureAwait(false)))
            {
                return; // what it changed is put back by who called
            }
        }

        if (!await GoHomeAsync(scenario, guest, log, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        ledger.End(away);
        foreach (NightLedger.Entry device in attached)
        {
            await Undoer.UndoAsync(device.Effect).ConfigureAwait(false);
            ledger.End(device);
        }
    }

    private async Task<bool> GoHomeAsync(Scenario scenario, NightGuest guest, ScenarioLog log, CancellationToken cancellationToken) =>
        await hosts.FindRunningAsync(guest.Uuid, guest.Name).ConfigureAwait(false) == hosts.Source
        || await MigrateAsync(scenario, guest, log, 0, 0, isWarmUp: false, cancellationToken, isWayHome: true).ConfigureAwait(false);

    private async Task<NightLedger.Entry> AttachAsync(NightGuest guest, string file, CancellationToken cancellationToken)
    {
        string xml = await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
        await RefuseOwnAsync(guest, xml, cancellationToken).ConfigureAwait(false);
        NightLedger.Entry entry = ledger.Begin(new DeviceAttached(guest.Uuid, guest.Name, xml));
        await hosts.Attacher(options.Files).AttachAsync($"{guest.Uuid}", DeviceDocument.Parse(xml), DomainModificationImpact.Live, hosts.Operations, cancellationToken).ConfigureAwait(false);
        return entry;
    }

    /// <summary>A device that the guest has already is its own: what the night puts back must never be that one.</summary>
    private async Task RefuseOwnAsync(NightGuest guest, string xml, CancellationToken cancellationToken)
    {
        var selector = DeviceSelector.Of(DeviceDocument.Parse(xml));
        if (await hosts.Source.FindDomainAsync(guest.Uuid, cancellationToken).ConfigureAwait(false) is { } domain && DomainDocument.Parse(domain.Xml).PlacedDevices.Any(selector.Matches))
        {
            throw new NightException(
                OutcomeCode.Refused, $"{guest.Name} on {hosts.Source.Address.Name} has {selector} already", $"Leave it out of the plan, or detach it first: orchestrator -c {hosts.Source.Address.Name} device detach {guest.Name} FILE.");
        }
    }

    /// <summary>One migration, to wherever the guest is not, with its load.</summary>
    /// <returns>Whether it went as planned.</returns>
    private async Task<bool> MigrateAsync(
        Scenario scenario, NightGuest guest, ScenarioLog log, int number, int count, bool isWarmUp, CancellationToken cancellationToken, bool isWayHome = false)
    {
        DateTimeOffset started = time.GetUtcNow();
        long began = time.GetTimestamp();
        bool wayBack = await hosts.FindRunningAsync(guest.Uuid, guest.Name).ConfigureAwait(false) == hosts.Destination;
        string direction = wayBack ? $"{hosts.Destination.Address.Name} → {hosts.Source.Address.Name}" : $"{hosts.Source.Address.Name} → {hosts.Destination.Address.Name}";
        Report(isWayHome ? $"{direction}, the way home" : isWarmUp ? $"{direction}, to warm up" : direction, scenario.Name, number, count);

        MigrationResult? result = null;
        string? load = null;
        RunProblem? problem = isWayHome ? null : await HookAsync(scenario.Before, "before", scenario.Name, cancellationToken).ConfigureAwait(false);
        if (problem is null)
        {
            (result, load, problem) = await MigrateUnderLoadAsync(scenario, guest, wayBack, isWayHome, number, count, log.LoadOutputName, cancellationToken).ConfigureAwait(false);
        }

        if (!isWayHome && await HookAsync(scenario.After, "after", scenario.Name, CancellationToken.None).ConfigureAwait(false) is { } failed)
        {
            problem ??= failed;
        }

        string? evidence = result?.Evidence is { } seen ? Save(log.EvidenceName, path => EvidenceFile.Save(path, seen)) : null;
        double? value = problem is null && !isWayHome ? result!.Downtime?.ValueMs : null;
        log.Add(
            new()
            {
                Started = started,
                TookMs = time.GetElapsedTime(began).TotalMilliseconds,
                IsWarmUp = isWarmUp,
                IsWayHome = isWayHome,
                Direction = direction,
                Outcome = result is null ? "failed" : ErrorDocument.CodeOf(result.Verdict.Outcome),
                Values = value is { } ms ? new Dictionary<string, double> { ["downtime"] = ms } : new Dictionary<string, double>(),
                Downtime = result?.Downtime,
                Decisions = [.. (result?.Decisions ?? []).Select(decision => decision.ToString())],
                Evidence = evidence,
                Load = load,
                Problem = problem?.Message ?? (value is null && !isWayHome ? result!.Downtime?.Problem ?? "the downtime could not be measured" : null),
            },
            new Dictionary<string, double?> { ["downtime"] = result?.Downtime?.UncertaintyMs });
        if (problem is not null)
        {
            log.Problems.Add(problem);
            return false;
        }

        Report(
            value is null ? "no value" : string.Create(CultureInfo.InvariantCulture, $"downtime {value:0.0} ms{(result!.Downtime!.UncertaintyMs is { } doubt ? $" ± {doubt:0.0}" : "")}"),
            scenario.Name, number, count);
        return true;
    }

    private async Task<(MigrationResult? Result, string? Load, RunProblem? Problem)> MigrateUnderLoadAsync(
        Scenario scenario, NightGuest guest, bool wayBack, bool isWayHome, int number, int count, string loadOutput, CancellationToken cancellationToken)
    {
        RunningLoad? load = null;
        MigrationResult? result = null;
        string? words = null;
        try
        {
            if (scenario.Load is { } wanted && !isWayHome)
            {
                LoadStarted effect = EffectOf(wanted, guest);
                load = await RunningLoad.StartAsync(wanted, ChannelOf(effect), ledger, effect, output => Save(loadOutput, path => File.WriteAllText(path, output)), time, cancellationToken).ConfigureAwait(false);
            }

            var request = new MigrationRequest
            {
                Domain = $"{guest.Uuid}",
                Map = wayBack ? [.. guest.MapHome.Select(DeviceMapEntry.Parse)] : guest.Planned.Map,
                Mode = scenario.Mode,
                Policy = scenario.Policy,
                MaxDowntime = scenario.MaxDowntime,
                BandwidthMiBps = scenario.BandwidthMiBps,
                Unsafe = scenario.Unsafe,
                Allow = scenario.Allow,
                Timeout = scenario.Timeout,
                Options = hosts.Operations,
                ReadGuestTicks = guest.ReadTicks,
            };
            result = await hosts.Migrator(wayBack).MigrateAsync(request, Progress(scenario.Name, number, count), cancellationToken).ConfigureAwait(false);
            RunProblem? problem = result.Verdict.Outcome == MigrationOutcome.Completed ? ClockProblem(scenario, result.Downtime)
                : new(OutcomeCode.Of(result.Verdict.Outcome), $"{guest.Name} {result.Verdict.Outcome switch { MigrationOutcome.Refused => "was refused", _ => "was not migrated as it should" }}: {result.Verdict.Message}", result.Verdict.Remedy);
            if (load is not null && problem is null)
            {
                bool wentOn = await load.GoesOnAsync().ConfigureAwait(false);
                words = await load.EndAsync(cancellationToken).ConfigureAwait(false);
                problem = wentOn ? null : new(OutcomeCode.Failed, $"{scenario.Load!.Command[0]} in the guest had ended before the migration had: nothing says that it went on during the blackout", "Give it more to do.");
            }

            return (result, words, problem);
        }
        catch (Exception e) when (NightProblems.Of(e) is not null)
        {
            return (result, words, NightProblems.Of(e));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return (result, words, new(OutcomeCode.Cancelled, "it was cancelled"));
        }
        finally
        {
            if (load is not null)
            {
                await load.AbandonAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Clocks that certainly differ by more than the plan allows: time synchronisation is broken, and no value counts.</summary>
    private static RunProblem? ClockProblem(Scenario scenario, DowntimeReport? downtime)
    {
        if (scenario.ClockAgreement is not { } limit || downtime?.ClockDifference is not { OffsetMs: { } offset, UncertaintyMs: { } doubt })
        {
            return null;
        }

        double difference = Math.Abs(offset);
        return difference - doubt <= limit.TotalMilliseconds ? null : new(
            OutcomeCode.Refused,
            string.Create(CultureInfo.InvariantCulture, $"the hosts' clocks differ by {difference:0.0} ± {doubt:0.0} ms; {limit.TotalMilliseconds:0.###} ms are allowed"),
            "Look at the hosts' time synchronisation: chronyc tracking.");
    }

    private string? Save(string name, Action<string> write)
    {
        string path = Path.Combine(options.Folder, name);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            write(path);
            return name;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _notes.Add($"{name} could not be saved: {e.Message}");
            return null;
        }
    }

    private Reporter Progress(string? scenario, int repetition = 0, int of = 0) => new(options.Progress, scenario, repetition, of);

    // Not Progress<T>: its reports would arrive on other threads, in any order.
    private sealed class Reporter(IProgress<NightProgress>? progress, string? scenario, int repetition, int of) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value) => progress?.Report(new(value.Stage, scenario, repetition, of, value));
    }
}
