using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration.Mapping;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

/// <summary>A night that goes on: what <see cref="NightRunner"/> does, step by step.</summary>
internal sealed partial class Night(
    RegressionPlan plan, RegressionRun run, NightHosts hosts, HostSettings settings, NightLedger ledger, ObserverClock clock, NightOptions options, TimeProvider time)
{
    private readonly List<ScenarioResult> _scenarios = [];
    private readonly List<RunProblem> _problems = [];
    private readonly List<string> _notes = [];
    private readonly Dictionary<string, NightGuest> _guests = [];
    private int _hooks;

    private NightUndoer Undoer => new(settings, hosts, options.Ssh, time, _ => Task.FromResult<string?>(null));

    internal async Task<RegressionRun> RunAsync(CancellationToken cancellationToken)
    {
        NightLedger.Entry opened = ledger.Begin(new RunOpened(run.Id, options.Store));
        try
        {
            Directory.CreateDirectory(options.Folder);
            await TellAsync(null).ConfigureAwait(false);
            await ApplySettingsAsync().ConfigureAwait(false);
            if (await HookAsync(plan.Before, "before", null, cancellationToken).ConfigureAwait(false) is { } problem)
            {
                _problems.Add(problem);
            }
            else
            {
                await MeasureAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _problems.Add(new(OutcomeCode.Cancelled, "the run was cancelled"));
        }
        catch (Exception e)
        {
            // Whatever it is: what was changed has to be put back, and what was measured is worth keeping.
            _problems.Add(NightProblems.OfAny(e));
        }

        await PutBackAsync().ConfigureAwait(false);
        foreach (Scenario left in plan.Scenarios.Skip(_scenarios.Count))
        {
            ScenarioLog log = LogOf(left);
            log.Problems.Add(new(_problems.Count > 0 ? _problems[0].Code : OutcomeCode.Failed, "it was not measured: the run had ended before"));
            _scenarios.Add(log.Result());
        }

        await TellAsync(time.GetUtcNow()).ConfigureAwait(false);
        ledger.End(opened);
        if (ledger.Open.Count == 0)
        {
            ledger.Close("completed", "the run has ended, and everything was put back");
        }

        return run;
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        foreach (Scenario scenario in plan.Scenarios)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ScenarioLog log = LogOf(scenario);
            bool goesOn;
            try
            {
                goesOn = await MeasureAsync(scenario, log, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _scenarios.Add(log.Result());
            }

            await TellAsync(null).ConfigureAwait(false);
            if (!goesOn)
            {
                _problems.Add(new(log.Problems[^1].Code, $"the run ended with {scenario.Name}: it is not known that its guest runs at home, as it was"));
                return;
            }
        }
    }

    /// <summary>Measures a scenario, and leaves its guest at home as it was.</summary>
    /// <returns>Whether the guest is known to be there, so that the next scenario may begin.</returns>
    private async Task<bool> MeasureAsync(Scenario scenario, ScenarioLog log, CancellationToken cancellationToken)
    {
        try
        {
            NightGuest guest = await PrepareAsync(scenario.Guest, cancellationToken).ConfigureAwait(false);
            await (scenario.Kind switch
            {
                ScenarioKind.Migrate => MigrationsAsync(scenario, guest, log, cancellationToken),
                ScenarioKind.Lifecycle => LivesAsync(scenario, guest, log, cancellationToken),
                _ => PlugsAsync(scenario, guest, log, cancellationToken),
            }).ConfigureAwait(false);
        }
        catch (Exception e) when (NightProblems.Of(e) is not null)
        {
            log.Problems.Add(NightProblems.Of(e)!);
        }

        // Before the next one begins, and when this one was cancelled: what it changed on its guest is put back.
        bool isSafe = true;
        foreach (NightLedger.Entry entry in ledger.Open.Where(entry => entry.Effect is GuestAway or GuestStopped or DeviceAttached or LoadStarted).Reverse().ToList())
        {
            isSafe &= await PutBackAsync(entry, log.Problems).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return isSafe;
    }

    private async Task ApplySettingsAsync()
    {
        if (plan.HostSettings.Count == 0)
        {
            return;
        }

        foreach ((string host, SettingPlace? place) in settings.PlacesOf(hosts.Source, hosts.Destination))
        {
            foreach ((string name, string value) in plan.HostSettings)
            {
                if (await ApplyAsync(host, place, name, value).ConfigureAwait(false) is { } problem)
                {
                    _notes.Add($"{name} on {host} was not set to \"{value}\": {problem}");
                }
            }
        }
    }

    private async Task<string?> ApplyAsync(string host, SettingPlace? place, string name, string value)
    {
        if (place is null)
        {
            return $"{host} is not this machine, and hosts.yaml names no side channel to it";
        }

        if (await settings.ReadAsync(place, name).ConfigureAwait(false) is not { } before)
        {
            return "it cannot be read";
        }

        if (before == HostSettings.Normal(value))
        {
            return null;
        }

        NightLedger.Entry entry = ledger.Begin(new SettingChanged(place, name, before, value));
        string? problem = await settings.WriteAsync(place, name, value).ConfigureAwait(false);
        if (problem is null)
        {
            return null;
        }

        // A value that the kernel has made another one of is put back at once: later it would look like somebody else's.
        if (await settings.ReadAsync(place, name).ConfigureAwait(false) is not { } now || (now != before && await settings.WriteAsync(place, name, before).ConfigureAwait(false) is not null))
        {
            return $"{problem}; what it was before, \"{before}\", could not be put back";
        }

        ledger.End(entry);
        return problem;
    }

    /// <summary>Runs a hook.</summary>
    /// <returns>Its failure; <see langword="null"/> when it did not fail, or there is none.</returns>
    private async Task<RunProblem?> HookAsync(Hook? hook, string when, string? scenario, CancellationToken cancellationToken)
    {
        if (hook is null)
        {
            return null;
        }

        string name = FormattableString.Invariant($"hooks/{++_hooks:00}-{(scenario is null ? "" : scenario + "-")}{when}.log");
        Report($"hook {hook.Command[0]}", scenario);
        var environment = new Dictionary<string, string> { ["ORCHESTRATOR_RUN"] = run.Id, ["ORCHESTRATOR_PLAN"] = plan.Name, ["ORCHESTRATOR_SCENARIO"] = scenario ?? "" };
        string? problem;
        try
        {
            problem = await HookProgram.RunAsync(hook, Path.Combine(options.Folder, name), environment, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }

        return problem is not null
            ? new(OutcomeCode.Failed, $"the hook {when} {scenario ?? "the run"} failed: {problem}", $"What it printed is in the run's folder: {name}")
            : null;
    }

    private async Task PutBackAsync()
    {
        foreach (NightLedger.Entry entry in ledger.Open.Where(entry => entry.Effect is not RunOpened).Reverse().ToList())
        {
            await PutBackAsync(entry, _problems).ConfigureAwait(false);
        }

        foreach (NightGuest guest in _guests.Values.Where(guest => guest.RemoveAsync is not null))
        {
            try
            {
                await guest.RemoveAsync!().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // The lab's own errors are not known here; none of them keeps the run from its end.
                _notes.Add($"{guest.Name} was not removed from the lab: {e.Message}");
            }
        }

        if (await HookAsync(plan.After, "after", null, CancellationToken.None).ConfigureAwait(false) is { } problem)
        {
            _problems.Add(problem);
        }
    }

    private async Task<bool> PutBackAsync(NightLedger.Entry entry, List<RunProblem> problems)
    {
        try
        {
            if (await Undoer.UndoAsync(entry.Effect, Progress(null)).ConfigureAwait(false) is { } done)
            {
                Report(done);
                if (entry.Effect is SettingChanged && done.StartsWith("left", StringComparison.Ordinal))
                {
                    _notes.Add(done);
                }
            }

            ledger.End(entry);
            return true;
        }
        catch (Exception e)
        {
            // Whatever it is: it keeps nothing else from being put back.
            problems.Add(NightProblems.OfAny(e));
            return false;
        }
    }

    private async Task TellAsync(DateTimeOffset? ended)
    {
        run = run with { Ended = ended, Scenarios = [.. _scenarios], Problems = [.. _problems], Notes = [.. _notes] };
        if (options.Changed is { } changed)
        {
            await changed(run).ConfigureAwait(false);
        }
    }

    private ScenarioLog LogOf(Scenario scenario) => new(scenario, ScenarioLog.SetupOf(scenario, plan.Guests[scenario.Guest]));

    private void Report(string message, string? scenario = null, int repetition = 0, int of = 0) => options.Progress?.Report(new(message, scenario, repetition, of));

    /// <summary>A guest of the night.</summary>
    private sealed record NightGuest(string Name, Guid Uuid, PlannedGuest Planned)
    {
        /// <summary>Reads its ticks, where it is one that ticks.</summary>
        internal Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>>? ReadTicks { get; init; }

        internal Func<Task>? RemoveAsync { get; init; }

        /// <summary>What its devices become on the way back, as <c>--map</c> takes it.</summary>
        internal IReadOnlyList<string> MapHome { get; } = [.. Planned.Map.Select(entry => $"{new DeviceMapEntry(entry.Destination, entry.Source)}")];
    }
}
