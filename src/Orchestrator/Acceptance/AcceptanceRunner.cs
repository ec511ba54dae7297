using System.Globalization;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Recovery;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Running;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Acceptance;

/// <summary>Writes the document of a lab's guest for a host of the lab.</summary>
/// <param name="host">The host.</param>
/// <param name="spec">How the guest shall be.</param>
/// <param name="cancellationToken">Gives up.</param>
public delegate Task<string> LabGuestWriter(HostAddress host, LabGuestSpec spec, CancellationToken cancellationToken);

/// <summary>How an acceptance is run.</summary>
public sealed record AcceptanceOptions
{
    /// <summary>What the run is called; the names of all that it makes begin with its end.</summary>
    public required string Id { get; init; }

    /// <summary>The ids of the cases to run, the plan's or the cases' own; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>This program's version.</summary>
    public string Tool { get; init; } = "";

    /// <summary>Where migrations are written down before they begin; <see langword="null"/> for nowhere.</summary>
    public Journal? Journal { get; init; }

    /// <summary>Writes the lab's guests; <see langword="null"/> where there is no lab.</summary>
    public LabGuestWriter? WriteLabGuest { get; init; }

    /// <summary>This machine's files.</summary>
    public HostFiles Files { get; init; } = new();

    /// <summary>This machine's vdpa tool.</summary>
    public VdpaTool Vdpa { get; init; } = new();

    /// <summary>Given the run so far after each case, to keep it: a process that is killed has nothing else to show. <see langword="null"/> for nobody.</summary>
    public Action<AcceptanceRun>? OnCase { get; init; }

    /// <summary>Told what is being done.</summary>
    public IProgress<AcceptanceProgress>? Progress { get; init; }
}

/// <summary>How far an acceptance is.</summary>
/// <param name="Number">The case, from 1.</param>
/// <param name="Of">How many there are.</param>
/// <param name="Case">Its id.</param>
/// <param name="Message">What is being done.</param>
/// <param name="Result">What became of it, once that is known.</param>
public sealed record AcceptanceProgress(int Number, int Of, string Case, string Message, CaseResult? Result = null);

/// <summary>Runs acceptance plans on two hosts: case after case, each of which cleans up behind itself.</summary>
/// <param name="source">The host that guests are made on.</param>
/// <param name="destination">The host that they are sent to.</param>
/// <param name="clock">The clock with which both hosts were connected.</param>
/// <param name="options">How.</param>
/// <param name="time">Where time comes from.</param>
public sealed class AcceptanceRunner(IHost source, IHost destination, ObserverClock clock, AcceptanceOptions options, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The cases of a plan that would be run.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="only">Their ids, the plan's (with or without kind and number of devices) or the cases' own; empty for all.</param>
    /// <exception cref="KeyNotFoundException">There is no such case.</exception>
    public static IReadOnlyList<PlannedCase> Select(AcceptancePlan plan, IReadOnlyList<string> only)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(only);
        return only.FirstOrDefault(id => !plan.Cases.Any(planned => IsMeant(planned, id))) is { } unknown
            ? throw new KeyNotFoundException($"the plan {plan.Name} has no case {unknown}")
            : only.Count == 0 ? plan.Cases : [.. plan.Cases.Where(planned => only.Any(id => IsMeant(planned, id)))];

        static bool IsMeant(PlannedCase planned, string id) => planned.Id == id || planned.Case.Id == id || planned.Id.StartsWith($"{id}.", StringComparison.Ordinal);
    }

    /// <summary>Runs a plan. Cancellation ends the case that goes on, which cleans up; the others are then inconclusive.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="HostUnreachableException">A host was lost before anything was changed.</exception>
    public async Task<AcceptanceRun> RunAsync(AcceptancePlan plan, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<PlannedCase> cases = Select(plan, options.Only);
        IReadOnlyDictionary<string, string>[] facts = await Task.WhenAll(
            NightEnvironment.ReadAsync(source, options.Files, "ssh", _time, cancellationToken), NightEnvironment.ReadAsync(destination, options.Files, "ssh", _time, cancellationToken)).ConfigureAwait(false);
        var setup = new AcceptanceSetup(
            plan, new(source, HostMachine.Behind(source, options.Files, options.Vdpa)), new(destination, HostMachine.Behind(destination, options.Files, options.Vdpa)), clock, options, _time);
        var run = new AcceptanceRun
        {
            Id = options.Id,
            Plan = plan.Name,
            Description = plan.Description,
            Texts = plan.Texts,
            Only = options.Only,
            Started = _time.GetLocalNow(),
            Environment = new(facts[0], facts[1], options.Tool) { Hosts = [source.Address.Name, destination.Address.Name] },
            Guest = ShapeOf(plan),
        };
        var results = new List<CaseResult>();
        foreach (PlannedCase planned in cases)
        {
            int number = results.Count + 1;
            setup.Reporter = (message, result) => options.Progress?.Report(new(number, cases.Count, planned.Id, message, result));
            CaseResult result = cancellationToken.IsCancellationRequested
                ? Result(planned, new(CaseVerdict.Inconclusive, "the run was cancelled before this", OutcomeCode.Cancelled))
                : await RunAsync(setup, planned, number, cancellationToken).ConfigureAwait(false);
            results.Add(result);
            options.OnCase?.Invoke(run with { Cases = [.. results] });
            setup.Reporter(ErrorDocument.CodeOf(result.Verdict), result);
        }

        return run with { Ended = _time.GetLocalNow(), Cases = results };
    }

    private async Task<CaseResult> RunAsync(AcceptanceSetup setup, PlannedCase planned, int number, CancellationToken cancellationToken)
    {
        long began = _time.GetTimestamp();
        using var late = new CancellationTokenSource(planned.Timeout, _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var bench = new CaseBench(setup, planned, string.Create(CultureInfo.InvariantCulture, $"acc{options.Id[^4..]}-{number}"), ended.Token);
        CaseEnd end = await EndOfAsync(bench, planned, late.Token, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string> left = await bench.CleanUpAsync().ConfigureAwait(false);
        return Result(planned, CaseJudge.Judge(end, bench.Checks, left)) with
        {
            Steps = bench.Steps,
            Checks = bench.Checks,
            Downtimes = bench.Downtimes,
            LeftBehind = left,
            TookMs = _time.GetElapsedTime(began).TotalMilliseconds,
        };
    }

    private static CaseResult Result(PlannedCase planned, CaseEnd end)
    {
        AcceptanceCase what = planned.Case;
        return new()
        {
            Id = planned.Id,
            Case = what.Id,
            Group = what.Group,
            Name = what.Name,
            ChineseName = what.ChineseName,
            Covers = what.Covers,
            Severity = what.Severity,
            Preconditions = what.Preconditions,
            Setup = planned.Setup,
            Kind = planned.Devices > 0 ? planned.Kind : null,
            Devices = planned.Devices,
            Repetitions = planned.Repetitions,
            LimitMs = planned.JudgedLimit?.TotalMilliseconds,
            Load = planned.Load?.Command[0],
            Verdict = end.Verdict,
            Reason = end.Reason,
            Code = end.Code,
        };
    }

    private static async Task<CaseEnd> EndOfAsync(CaseBench bench, PlannedCase planned, CancellationToken late, CancellationToken cancellationToken)
    {
        try
        {
            await planned.Case.RunAsync(bench).ConfigureAwait(false);
            return CaseEnd.Done;
        }
        catch (CaseEndedException e)
        {
            return e.End;
        }
        catch (Exception e) when (IsCancellation(e) && cancellationToken.IsCancellationRequested)
        {
            return new(CaseVerdict.Inconclusive, "it was cancelled", OutcomeCode.Cancelled);
        }
        catch (Exception e) when (IsCancellation(e) && late.IsCancellationRequested)
        {
            return new(CaseVerdict.Fail, string.Create(CultureInfo.InvariantCulture, $"it had not come to its end after {planned.Timeout.TotalSeconds:0} s"), OutcomeCode.TimedOut);
        }
        catch (Exception e)
        {
            // Whatever it is: what the case made has to be removed, and the next one to be run.
            RunProblem problem = NightProblems.OfAny(e);
            return new(CaseVerdict.Fail, $"{(bench.Steps.Count > 0 ? $"{bench.Steps[^1]}: " : "")}{problem.Message}", problem.Code);
        }

        // What was asked of a guest already is told as an operation's cancellation.
        static bool IsCancellation(Exception e) => e is OperationCanceledException or OperationException { Stage: OperationStage.Cancelled };
    }

    private static string? ShapeOf(AcceptancePlan plan)
    {
        if (plan.Guest.Lab is { } spec)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{spec.Vcpus} vCPUs, {spec.MemoryMiB} MiB");
        }

        System.Xml.Linq.XElement? root = plan.GuestXml is { } xml ? DomainDocument.Parse(xml).Root : null;
        System.Xml.Linq.XElement? memory = root?.Element("memory");
        return memory is null ? null : $"{root!.Element("vcpu")?.Value ?? "1"} vCPUs, {memory.Value} {(string?)memory.Attribute("unit") ?? "KiB"}";
    }
}

/// <summary>One of the two hosts, with its machine where that can be looked into.</summary>
internal sealed record AcceptanceHost(IHost Host, HostMachine? Machine);

/// <summary>What is the same for all cases of a run.</summary>
internal sealed class AcceptanceSetup(AcceptancePlan plan, AcceptanceHost source, AcceptanceHost destination, ObserverClock clock, AcceptanceOptions options, TimeProvider time)
{
    private string? _labXml;

    internal AcceptancePlan Plan => plan;

    internal AcceptanceHost Source => source;

    internal AcceptanceHost Destination => destination;

    internal ObserverClock Clock => clock;

    internal AcceptanceOptions Options => options;

    internal TimeProvider Time => time;

    /// <summary>Told what the case that goes on does.</summary>
    internal Action<string, CaseResult?> Reporter { get; set; } = static (_, _) => { };

    internal void Report(string message) => Reporter(message, null);

    /// <summary>The document that guests are copies of.</summary>
    internal async Task<string> GuestXmlAsync(CancellationToken cancellationToken) => plan.GuestXml ?? (_labXml ??= options.WriteLabGuest is { } write
        ? await write(source.Host.Address, plan.Guest.Lab!, cancellationToken).ConfigureAwait(false)
        : throw CaseBench.NotApplicable($"the plan's guest is one of the lab, and {source.Host.Address.Name} is no host of a lab that runs"));
}
