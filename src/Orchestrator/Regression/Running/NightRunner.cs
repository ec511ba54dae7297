using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Recovery;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

/// <summary>
/// Runs a plan: makes its guests ready, measures its scenarios, and puts back whatever it has changed, however it ends. What went wrong is in the run; nothing is judged here.
/// </summary>
/// <param name="source">The host that guests live on.</param>
/// <param name="destination">The host that they are sent to.</param>
/// <param name="clock">The clock with which both hosts were connected.</param>
/// <param name="options">How the night is run.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
public sealed class NightRunner(IHost source, IHost destination, ObserverClock clock, NightOptions options, TimeProvider? time = null, ILogger? logger = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The run of a plan whose hosts could not even be reached.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="options">How it would have been run.</param>
    /// <param name="hosts">The hosts' names.</param>
    /// <param name="problem">What stood in the way.</param>
    /// <param name="now">The time.</param>
    public static RegressionRun Unmeasured(RegressionPlan plan, NightOptions options, IReadOnlyList<string> hosts, RunProblem problem, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        var nothing = new Dictionary<string, string>();
        return Opened(plan, options, new(nothing, nothing, options.Tool) { Hosts = hosts }, now) with
        {
            Ended = now,
            Scenarios = [.. plan.Scenarios.Select(scenario => new ScenarioLog(scenario, ScenarioLog.SetupOf(scenario, plan.Guests[scenario.Guest])).Result())],
            Problems = [problem],
        };
    }

    /// <summary>Runs a plan. Cancellation ends what is being measured, brings the guest home and puts the settings back: the run says so.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="cancellationToken">Ends the night.</param>
    /// <exception cref="OperationException">A night of this plan goes on already.</exception>
    /// <exception cref="JournalException">The journal cannot be written: nothing was changed.</exception>
    /// <exception cref="HostUnreachableException">A host was lost before anything was changed.</exception>
    public async Task<RegressionRun> RunAsync(RegressionPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        string uri = HostAddress.Redact(source.Address.Uri);
        ClaimAttempt attempt = await new DomainClaims(_time).TryClaimAsync(
            ClaimKey.OfNight(plan.Name, uri), ClaimHolder.Here(DomainOperation.Migrate, plan.Name, source.Address.Name, _time), cancellationToken).ConfigureAwait(false);
        if (attempt.Claim is not { } claim)
        {
            await using OtherClaim other = attempt.Other!;
            throw new OperationException(
                OperationStage.Refused, DomainOperation.Migrate, source.Address.Name, plan.Name, $"a run of {plan.Name} on {source.Address.Name} goes on already{(other.Pid is { } pid ? $" (pid {pid})" : "")}",
                "Let it come to its end, or end it: it puts everything back on SIGTERM.");
        }

        await using (claim.ConfigureAwait(false))
        {
            var settings = new HostSettings(options.Files, options.Ssh, _time);
            var hosts = new NightHosts(
                source, destination, clock, options.OwnsHosts ? null : options.Journal, new() { Recoverer = options.Recoverer }, _time, logger ?? NullLogger.Instance);
            IReadOnlyDictionary<string, string>[] facts = await Task.WhenAll(
                NightEnvironment.ReadAsync(source, options.Files, options.Ssh, _time, cancellationToken), NightEnvironment.ReadAsync(destination, options.Files, options.Ssh, _time, cancellationToken)).ConfigureAwait(false);
            RegressionRun run = Opened(
                plan, options, new(facts[0], facts[1], options.Tool) { Hosts = [source.Address.Name, destination.Address.Name] }, _time.GetUtcNow());
            return await new Night(plan, run, hosts, settings, Ledger(plan), clock, options, _time).RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private NightLedger Ledger(RegressionPlan plan) => new(
        options.Journal,
        options.Journal?.Begin(new()
        {
            Kind = NightLedger.Kind,
            DomainUuid = Guid.Empty,
            DomainName = plan.Name,
            SourceName = source.Address.Name,
            SourceUri = source.Address.Uri,
            DestinationName = destination.Address.Name,
            DestinationUri = destination.Address.Uri,
            Mode = NightLedger.Kind,
        }).Id,
        options.OwnsHosts);

    private static RegressionRun Opened(RegressionPlan plan, NightOptions options, RunEnvironment environment, DateTimeOffset now) => new()
    {
        Id = options.Id,
        Plan = plan.Name,
        Description = plan.Description,
        Started = now,
        Labels = plan.Labels.Concat(options.Labels).GroupBy(pair => pair.Key).ToDictionary(same => same.Key, same => same.Last().Value),
        Environment = environment,
    };
}
