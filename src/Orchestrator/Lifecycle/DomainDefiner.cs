using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>What a definition did, or would do.</summary>
public enum DefinitionAction
{
    /// <summary>The domain is new on the host.</summary>
    Created,

    /// <summary>The domain had another definition, or none that outlives it.</summary>
    Updated,
}

/// <summary>What defining a document on a host would do.</summary>
/// <param name="Host">The host.</param>
/// <param name="Dialect">What it understands.</param>
/// <param name="Name">The domain's name.</param>
/// <param name="Uuid">Its UUID: the document's, or one made for it.</param>
/// <param name="Action">What would be done.</param>
/// <param name="Devices">Its devices of the host, and how each would migrate.</param>
/// <param name="Problems">What stands in the way; none means that it can be done.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record DefinitionPlan(
    HostIdentity Host,
    HostDialect Dialect,
    string Name,
    Guid Uuid,
    DefinitionAction Action,
    IReadOnlyList<PlannedDevice> Devices,
    IReadOnlyList<DefinitionProblem> Problems,
    IReadOnlyList<string> Notes);

/// <summary>A device that uses something of the host's.</summary>
/// <param name="Device">The device.</param>
/// <param name="Migration">How it would migrate, as far as the document and the host's dialect tell: what its driver can do is not looked at.</param>
public sealed record PlannedDevice(DomainDevice Device, DeviceMigration Migration);

/// <summary>
/// Defines domains so that what was asked for is what the host then has: refuses what the host's dialect cannot say, reads back what was stored, and
/// puts back what was there before when something was lost.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="logger">Where to log.</param>
/// <param name="claims">The claims of this process; its own when there are none.</param>
public sealed partial class DomainDefiner(IHost host, ILogger? logger = null, DomainClaims? claims = null)
{
    private readonly OperationGate _gate = new(host, claims ?? new(), logger: logger);
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    /// <summary>Says what defining a document would do, and who or what would stand in the way; changes nothing.</summary>
    /// <param name="document">The domain.</param>
    /// <param name="options">How to deal with others who work on the domain.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<DefinitionPlan> PlanAsync(DomainDocument document, OperationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(document);
        DefinitionPlan plan = await ComputeAsync(document, cancellationToken).ConfigureAwait(false);
        GateForecast gate = await _gate.ForeseeAsync(DomainOperation.Define, plan.Uuid, options ?? new(), cancellationToken).ConfigureAwait(false);
        return plan with
        {
            Problems = gate.Problem is null ? plan.Problems : [.. plan.Problems, new("/domain", gate.Problem, gate.Remedy is null ? [] : [gate.Remedy])],
            Notes = [.. plan.Notes, .. gate.Notes],
        };
    }

    private async Task<DefinitionPlan> ComputeAsync(DomainDocument document, CancellationToken cancellationToken)
    {
        HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
        Guid uuid = document.Uuid ?? Guid.NewGuid();
        HostSnapshot present = await host.SnapshotAsync(document.Name, uuid, cancellationToken).ConfigureAwait(false);
        return DefinitionPlanner.Plan(document, uuid, dialect, present);
    }

    /// <summary>Defines a document.</summary>
    /// <param name="document">The domain.</param>
    /// <param name="acceptLosses">Keep a definition of which the host dropped something; the plan's notes name it.</param>
    /// <param name="options">How to deal with others who work on the domain.</param>
    /// <param name="cancellationToken">Ends the wait until the host is asked to change something; what was begun is then ended.</param>
    /// <exception cref="DefinitionException">The host cannot or did not take the document as it stands.</exception>
    /// <exception cref="OperationException">Somebody else works on the domain, or manages it.</exception>
    public async Task<DefinitionPlan> DefineAsync(
        DomainDocument document, bool acceptLosses = false, OperationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(document);
        DefinitionPlan plan = await ComputeAsync(document, cancellationToken).ConfigureAwait(false);
        Refuse(plan);
        await using EnteredOperation entered = await _gate.EnterAsync(DomainOperation.Define, plan.Uuid, options ?? new(), cancellationToken).ConfigureAwait(false);

        // Anew, now that nobody else changes it; under the UUID that was claimed.
        DomainDocument claimed = document.Copy();
        claimed.Uuid = plan.Uuid;
        DefinitionPlan done = await DefineHeldAsync(claimed, acceptLosses, (options ?? new()).Wait, cancellationToken).ConfigureAwait(false);
        return done with { Notes = [.. entered.Notes, .. done.Notes] };
    }

    /// <summary>Defines a document for somebody who holds its domain already: the gate would not open to who stands in it.</summary>
    internal async Task<DefinitionPlan> DefineHeldAsync(DomainDocument document, bool acceptLosses, TimeSpan wait, CancellationToken cancellationToken)
    {
        DefinitionPlan plan = await ComputeAsync(document, cancellationToken).ConfigureAwait(false);
        string name = plan.Host.Name;
        Refuse(plan);
        DomainDocument given = Written(document, plan);
        string? before = await host.GetDefinitionAsync(plan.Uuid, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        string stored = await DefineAndReadAsync(plan, given, before, wait).ConfigureAwait(false);
        IReadOnlyList<ReadBackLoss> losses = ReadBack.Compare(given.Root, DomainDocument.Parse(stored).Root);
        if (losses.Count == 0)
        {
            LogDefined(plan.Action, plan.Name, name);
            return plan;
        }

        if (acceptLosses)
        {
            return plan with { Notes = [.. plan.Notes, .. losses.Select(loss => $"{name} did not take everything: {loss}")] };
        }

        throw await UndoAsync(plan, before, losses).ConfigureAwait(false);
    }

    private static void Refuse(DefinitionPlan plan)
    {
        if (plan.Problems.Count > 0)
        {
            throw Failure(DefinitionStage.Refused, plan, DefinitionPlanner.Refusal(plan.Host, plan.Dialect, plan.Name.Length > 0 ? plan.Name : "a domain without a name", plan.Problems), plan.Problems);
        }
    }

    /// <summary>The document as it is given to the host: with its UUID, by which it can be found again, what the dialect wants said, and the memory that its devices pin.</summary>
    private static DomainDocument Written(DomainDocument document, DefinitionPlan plan)
    {
        DomainDocument given = document.Copy();
        given.Uuid = plan.Uuid;
        foreach (DomainDevice device in given.Devices)
        {
            DomainDevice written = DeviceWriting.ForDialect(device, plan.Dialect);
            if (written != device)
            {
                given.Replace(device, written);
            }
        }

        MemoryLimits.Write(given, plan.Host); // which the plan's notes tell
        return given;
    }

    private async Task<string> DefineAndReadAsync(DefinitionPlan plan, DomainDocument given, string? before, TimeSpan wait)
    {
        HostUnreachableException? lost = null;
        try
        {
            await host.DefineDomainAsync(given.ToString(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (HostUnreachableException e)
        {
            lost = e; // it may have heard us
        }

        string? now;
        try
        {
            now = await LostHost.AskAsync(
                host, () => host.GetDefinitionAsync(plan.Uuid, CancellationToken.None), now => now != before || lost is not { IsUnderway: true }, wait, TimeProvider.System).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            throw Failure(DefinitionStage.Unknown, plan, $"{plan.Host.Name} was lost while it was given the definition of {plan.Name}, and it is not known whether it took it: {e.Message}");
        }

        // The same as before may be what was asked for; what has more than that (a device) is not.
        if (lost is not null && IsSame(before, now) && !IsSame(given.ToString(), now))
        {
            throw lost.IsUnderway
                ? Failure(DefinitionStage.Unknown, plan, $"{plan.Name} on {plan.Host.Name} is defined as before, and may still be defined anew: {lost.Message}")
                : new OperationException(
                    OperationStage.Failed, DomainOperation.Define, plan.Host.Name, plan.Name,
                    $"{plan.Host.Name} was lost while it was given the definition of {plan.Name}, {(before is null ? "and did not take it" : "which is as before")}: {lost.Message}", "Try again.", lost);
        }

        return now ?? throw Failure(
            DefinitionStage.Unknown, plan, $"{plan.Host.Name} took the definition of {plan.Name}, and right afterwards has none: did somebody undefine it?");
    }

    private async Task<DefinitionException> UndoAsync(DefinitionPlan plan, string? before, IReadOnlyList<ReadBackLoss> losses)
    {
        string name = plan.Host.Name;
        DefinitionProblem[] problems = [.. losses.Select(loss => DefinitionPlanner.ProblemOf(loss, name))];
        string what = string.Join("; ", losses);
        LogLost(plan.Name, name, what);
        try
        {
            if (before is not null)
            {
                await host.DefineDomainAsync(before, CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                await host.UndefineDomainAsync(plan.Uuid, DomainUndefineFlags.KeepNvram, CancellationToken.None).ConfigureAwait(false);
            }

            string? now = await host.GetDefinitionAsync(plan.Uuid, CancellationToken.None).ConfigureAwait(false);
            if (!IsSame(before, now))
            {
                return Failure(DefinitionStage.NotUndone, plan, $"{name} did not take {plan.Name} as asked ({what}), and its former definition is not in place again", problems);
            }
        }
        catch (Exception e) when (e is LibvirtException or HostUnreachableException)
        {
            return Failure(DefinitionStage.NotUndone, plan, $"{name} did not take {plan.Name} as asked ({what}), and that could not be undone: {e.Message}", problems);
        }

        string undone = before is null ? "the domain was undefined again" : "its former definition is in place again";
        return Failure(DefinitionStage.Undone, plan, $"{name} did not take {plan.Name} as asked: {what}; {undone}", problems);
    }

    private static bool IsSame(string? before, string? now) => before is null || now is null
        ? before is null && now is null
        : ReadBack.Compare(DomainDocument.Parse(before).Root, DomainDocument.Parse(now).Root).Count == 0
            && ReadBack.Compare(DomainDocument.Parse(now).Root, DomainDocument.Parse(before).Root).Count == 0;

    private static DefinitionException Failure(DefinitionStage stage, DefinitionPlan plan, string message, params IReadOnlyList<DefinitionProblem> problems) =>
        new(stage, plan.Host.Name, plan.Name, message, problems);

    [LoggerMessage(EventId = 300, Level = LogLevel.Information, Message = "{Action} the definition of {Domain} on {Host}")]
    private partial void LogDefined(DefinitionAction action, string domain, string host);

    [LoggerMessage(EventId = 301, Level = LogLevel.Warning, Message = "The definition of {Domain} on {Host} is not what was asked for and is undone: {Losses}")]
    private partial void LogLost(string domain, string host, string losses);
}
