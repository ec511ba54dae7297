using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Checks;
using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Lifecycle;

/// <summary>How an operation deals with what stands in its way.</summary>
public sealed record OperationOptions
{
    /// <summary>How long to wait for others, and for the host to show what was asked of it.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>It is no error when what is asked for is so already.</summary>
    public bool IfNeeded { get; init; }

    /// <summary>Change a domain that another manager owns.</summary>
    public bool AllowForeignOwner { get; init; }

    /// <summary>Start a domain that was migrated to another host.</summary>
    public bool AllowMigratedAway { get; init; }

    /// <summary>Change a domain that another machine's operation has marked, although nobody here can tell whether that one still goes on.</summary>
    public bool AllowForeignOperation { get; init; }

    /// <summary>Give a running domain's QEMU a device whose memory it may not be allowed to lock.</summary>
    public bool AllowSmallMemlock { get; init; }

    /// <summary>Settles an operation on the domain whose process is gone, before this one begins; without it such a domain is refused.</summary>
    public Recovery.Recoverer? Recoverer { get; init; }
}

/// <summary>What is there, and what the matrix says of a request; nobody waits.</summary>
/// <param name="Domain">The domain; <see langword="null"/> when there is none.</param>
/// <param name="Condition">What it is doing.</param>
/// <param name="Holder">Who works on it.</param>
/// <param name="Decision">What would be done.</param>
public sealed record OperationOutlook(DomainSnapshot? Domain, DomainCondition Condition, ClaimHolder? Holder, MatrixDecision Decision);

/// <summary>What the gate would say to an operation now.</summary>
/// <param name="Problem">What would refuse it; <see langword="null"/> when nothing would.</param>
/// <param name="Remedy">What can be done about that.</param>
/// <param name="Notes">What it would begin with, and what it would do by consent.</param>
/// <param name="Consents">The consents that it would make use of.</param>
internal sealed record GateForecast(string? Problem, string? Remedy, IReadOnlyList<string> Notes, IReadOnlyList<MigrationConsent> Consents);

/// <summary>
/// The way into every operation that changes a domain: finds it, keeps it for itself, waits for what others do or asks for its end, and decides by the
/// <see cref="ConflictMatrix"/>.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="claims">The claims of this process.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
public sealed partial class OperationGate(IHost host, DomainClaims claims, TimeProvider? time = null, ILogger? logger = null)
{
    /// <summary>The log event of an operation that has its domain to itself.</summary>
    public const int EnteredEventId = 322;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    /// <summary>Looks what would be done about a request; changes nothing and waits for nobody.</summary>
    /// <param name="operation">What is asked for.</param>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">The name is ambiguous, or somebody else manages the domain.</exception>
    public async Task<OperationOutlook> LookAsync(
        DomainOperation operation, string nameOrUuid, OperationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var entry = new Entry(operation, options, _time.GetTimestamp()) { Name = nameOrUuid };
        DomainSnapshot? domain = await AskAsync(entry, () => FindAsync(entry, nameOrUuid, cancellationToken), cancellationToken).ConfigureAwait(false);
        return await LookAsync(entry, domain, cancellationToken).ConfigureAwait(false);
    }

    private async Task<OperationOutlook> LookAsync(Entry entry, DomainSnapshot? domain, CancellationToken cancellationToken)
    {
        DomainOperation operation = entry.Operation;
        DomainCondition condition = DomainConditions.Of(domain);
        if (domain is null)
        {
            return new(null, condition, null, ConflictMatrix.Decide(operation, condition));
        }

        await using OtherClaim? other = await claims.FindAsync(ClaimKey.OfDomain(domain.Uuid), Self(operation, domain.Name), cancellationToken).ConfigureAwait(false);
        return new(
            domain, condition, other?.Holder,
            other is null ? Allowed(operation, condition, entry.Options) : ConflictMatrix.Decide(operation, other.Holder?.Operation, condition));
    }

    /// <summary>What a plan has to tell of the gate.</summary>
    internal async Task<GateForecast> ForeseeAsync(DomainOperation operation, Guid uuid, OperationOptions options, CancellationToken cancellationToken)
    {
        var entry = new Entry(operation, options, _time.GetTimestamp()) { Name = $"{uuid}" };
        DomainSnapshot? domain = await AskAsync(entry, () => host.FindDomainAsync(uuid, cancellationToken), cancellationToken).ConfigureAwait(false);
        entry.Name = domain?.Name ?? entry.Name;
        try
        {
            RefuseForeign(entry, domain);
            OperationOutlook outlook = await LookAsync(entry, domain, cancellationToken).ConfigureAwait(false);
            string says = $"{entry.Name} on {host.Address.Name} {outlook.Decision.Reason}{(outlook.Holder is { } holder ? $" ({holder})" : "")}";
            switch (outlook.Decision.Action)
            {
                case MatrixAction.Refuse:
                    return new(says, outlook.Decision.Remedy, [], []);
                case MatrixAction.Wait:
                    entry.Note($"{says}: that would be waited for first");
                    break;
                case MatrixAction.CancelThenDo:
                    entry.Note($"{says}: that would be cancelled first");
                    break;
                default:
                    if (Unfinished(entry, uuid, domain) is (var unfinished, _))
                    {
                        entry.Note($"{entry.Name} on {host.Address.Name} was left by the {unfinished}, whose process is gone: that would be settled first");
                    }

                    break;
            }
        }
        catch (OperationException e)
        {
            return new(e.Message, e.Remedy, [], []);
        }

        return new(null, null, [.. entry.Consents.Select(consent => $"by consent ({consent.Flag}): {consent.What}"), .. entry.Notes], entry.Consents);
    }

    /// <summary>Enters: returns when the operation may be done and nobody else works on the domain.</summary>
    /// <param name="operation">What is asked for.</param>
    /// <param name="nameOrUuid">The domain; for a definition of a new one, its UUID.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">It is refused, or what stands in the way did not end in time.</exception>
    public async Task<EnteredOperation> EnterAsync(
        DomainOperation operation, string nameOrUuid, OperationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var entry = new Entry(operation, options, _time.GetTimestamp()) { Name = nameOrUuid };
        DomainSnapshot? first = await AskAsync(entry, () => FindAsync(entry, nameOrUuid, cancellationToken), cancellationToken).ConfigureAwait(false);
        return await EnterAsync(entry, first, nameOrUuid, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Enters for a domain whose UUID is known already; another one that has it for a name does not matter.</summary>
    internal async Task<EnteredOperation> EnterAsync(DomainOperation operation, Guid uuid, OperationOptions options, CancellationToken cancellationToken)
    {
        var entry = new Entry(operation, options, _time.GetTimestamp()) { Name = $"{uuid}" };
        DomainSnapshot? first = await AskAsync(entry, () => host.FindDomainAsync(uuid, cancellationToken), cancellationToken).ConfigureAwait(false);
        RefuseAbsent(operation, first, $"{uuid}", options);
        RefuseForeign(entry, first);
        return await EnterAsync(entry, first, $"{uuid}", cancellationToken).ConfigureAwait(false);
    }

    private async Task<EnteredOperation> EnterAsync(Entry entry, DomainSnapshot? first, string nameOrUuid, CancellationToken cancellationToken)
    {
        DomainOperation operation = entry.Operation;
        entry.First = DomainConditions.Of(first);
        entry.Name = first?.Name ?? nameOrUuid;
        if (first is null && !Guid.TryParse(nameOrUuid, out _))
        {
            // Nothing to claim, and nothing to do.
            return new(null, null, ConflictMatrix.Decide(operation, DomainCondition.Absent), [], TimeSpan.Zero);
        }

        Guid uuid = first?.Uuid ?? Guid.Parse(nameOrUuid);
        DomainClaim claim = await ClaimAsync(entry, uuid, cancellationToken).ConfigureAwait(false);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, claim.CancelRequested);
            (DomainSnapshot? domain, MatrixDecision decision) = await SettleAsync(entry, uuid, either.Token).ConfigureAwait(false);
            DomainCondition condition = DomainConditions.Of(domain);
            LogEntered(operation, entry.Name, condition, host.Address.Name);
            return new(claim, domain, decision, entry.Notes, _time.GetElapsedTime(entry.Start)) { Consents = entry.Consents };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            ClaimHolder? by = claim.CancelRequestedBy;
            await claim.DisposeAsync().ConfigureAwait(false);
            throw Failure(OperationStage.Cancelled, entry, $"was not touched: {by?.ToString() ?? "somebody"} asked for the end of this before it began");
        }
        catch
        {
            await claim.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<DomainSnapshot?> FindAsync(Entry entry, string nameOrUuid, CancellationToken cancellationToken)
    {
        DomainOperation operation = entry.Operation;
        string name = host.Address.Name;
        DomainSnapshot? found;
        if (Guid.TryParse(nameOrUuid, out Guid uuid))
        {
            HostSnapshot both = await host.SnapshotAsync(nameOrUuid, uuid, cancellationToken).ConfigureAwait(false);
            if (both is { ByName: { } byName, ByUuid: { } byUuid } && byName.Uuid != byUuid.Uuid)
            {
                throw new OperationException(
                    OperationStage.Refused, operation, name, nameOrUuid,
                    $"{nameOrUuid} is two domains on {name}: the UUID of {byUuid.Name}, and the name of the one with UUID {byName.Uuid}",
                    $"Say {byUuid.Name} for the one, and {byName.Uuid} for the other.");
            }

            found = both.ByUuid ?? both.ByName;
        }
        else
        {
            found = await host.FindDomainAsync(nameOrUuid, cancellationToken).ConfigureAwait(false);
        }

        RefuseAbsent(operation, found, nameOrUuid, entry.Options);
        RefuseForeign(entry, found);
        return found;
    }

    private void RefuseAbsent(DomainOperation operation, DomainSnapshot? found, string nameOrUuid, OperationOptions options)
    {
        if (found is null && operation != DomainOperation.Define
            && !(options.IfNeeded && ConflictMatrix.Decide(operation, DomainCondition.Absent).Action == MatrixAction.Already))
        {
            throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        }
    }

    private void RefuseForeign(Entry entry, DomainSnapshot? found)
    {
        if (found is null || ManagerOf(found) is not { } manager)
        {
            return;
        }

        string name = host.Address.Name;
        string what = $"{found.Name} on {name} is managed by {manager}, which undoes or loses track of what is changed behind its back";
        if (!entry.Options.AllowForeignOwner)
        {
            throw new OperationException(OperationStage.Refused, entry.Operation, name, found.Name, what, "Change it there, or consent: --allow foreign-owner.");
        }

        entry.Consent(MigrationConsents.ForeignOwner, what);
    }

    private async Task<DomainClaim> ClaimAsync(Entry entry, Guid uuid, CancellationToken cancellationToken)
    {
        while (true)
        {
            ClaimAttempt attempt = await claims.TryClaimAsync(ClaimKey.OfDomain(uuid), Self(entry.Operation, entry.Name), cancellationToken).ConfigureAwait(false);
            if (attempt.Claim is { } claim)
            {
                return claim;
            }

            await using OtherClaim other = attempt.Other!;
            DomainCondition condition = DomainConditions.Of(await AskAsync(entry, () => host.FindDomainAsync(uuid, cancellationToken), cancellationToken).ConfigureAwait(false));
            MatrixDecision decision = ConflictMatrix.Decide(entry.Operation, other.Holder?.Operation, condition);
            string holder = other.ToString();
            if (decision.Action == MatrixAction.Refuse)
            {
                throw Failure(OperationStage.Refused, entry, $"{decision.Reason} ({holder})", decision.Remedy);
            }

            entry.SawMigration |= other.Holder?.Operation == DomainOperation.Migrate;
            if (decision.Action == MatrixAction.CancelThenDo)
            {
                LogCancels(entry.Operation, entry.Name, holder);
                await other.RequestCancelAsync(cancellationToken).ConfigureAwait(false);
                entry.Note($"asked for the end of: {holder}");
            }
            else
            {
                LogWaits(entry.Operation, entry.Name, holder);
                entry.Note($"waited for: {holder}");
            }

            try
            {
                await other.Released.WaitAsync(Left(entry), _time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw Late(entry, $"{decision.Reason} ({holder})");
            }
        }
    }

    private async Task<(DomainSnapshot? Domain, MatrixDecision Decision)> SettleAsync(Entry entry, Guid uuid, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Anew: what was seen before the claim is what somebody else may have changed.
            DomainSnapshot? domain = await AskAsync(entry, () => host.FindDomainAsync(uuid, cancellationToken), cancellationToken).ConfigureAwait(false);
            DomainCondition condition = DomainConditions.Of(domain);
            RefuseForeign(entry, domain); // a copy that arrived tells only now whose it is
            if (await RecoverAsync(entry, uuid, domain, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            MatrixDecision decision = Decide(entry, condition);
            switch (decision.Action)
            {
                case MatrixAction.Do:
                    return (domain, decision);
                case MatrixAction.Already when entry.Options.IfNeeded || ConflictMatrix.Decide(entry.Operation, entry.First).Action != MatrixAction.Already:
                    return (domain, decision);
                case MatrixAction.Already:
                    throw Failure(OperationStage.Refused, entry, decision.Reason, "With --if-needed that is no error.");
                case MatrixAction.Refuse:
                    throw Failure(OperationStage.Refused, entry, decision.Reason, decision.Remedy);
                case MatrixAction.CancelThenDo:
                    try
                    {
                        await host.AbortJobAsync(uuid, cancellationToken).ConfigureAwait(false);
                    }
                    catch (LibvirtException e) when (LibvirtErrors.ClassOf(e.Code) != LibvirtErrorClass.Fatal)
                    {
                        LogCannotTell(host.Address.Name, entry.Name, e.Message); // whether the job is over is seen next
                    }

                    entry.Note($"asked for the end of a job that is none of ours: it {decision.Reason}");
                    break;
                default:
                    entry.Note($"waited, for it {decision.Reason}");
                    break;
            }

            entry.SawMigration |= condition is DomainCondition.Leaving or DomainCondition.Arriving or DomainCondition.PostCopy;
            if (Left(entry) <= TimeSpan.Zero)
            {
                throw Late(entry, decision.Reason);
            }

            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Settles what a process left that is gone: the claim is ours, so nobody of this machine works on it any more.</summary>
    /// <returns>Whether the domain has to be looked at again.</returns>
    private async Task<bool> RecoverAsync(Entry entry, Guid uuid, DomainSnapshot? domain, CancellationToken cancellationToken)
    {
        if (entry.HasRecovered || Unfinished(entry, uuid, domain) is not ({ } unfinished, { } recoverer))
        {
            return false;
        }

        entry.HasRecovered = true;
        Recovery.RecoveryResult result = await recoverer.RecoverClaimedAsync(unfinished, follow: false, null, cancellationToken).ConfigureAwait(false);
        entry.Note($"first settled the {unfinished}: {result.Message}{string.Concat(result.Done.Select(done => $"; {done}"))}");
        bool mayRunTwice = result is { Finding: MigrationFinding.StayedUnseen, Operation.End.DestinationMayRun: true };

        // Where it is known where the guest is, what could not be put back keeps nobody from it: it is tried again next time.
        return result.IsFinished || result.Finding is MigrationFinding.Moved or MigrationFinding.Stayed || (result.Finding is MigrationFinding.StayedUnseen or MigrationFinding.Underway && !mayRunTwice)
            ? true
            : throw Failure(OperationStage.Unknown, entry, $"was left by the {unfinished}: {result.Message}", result.Remedy);
    }

    /// <summary>What was left of an operation on a domain that nobody of this machine works on, and who can settle it; refused where nobody here can or may.</summary>
    private (Recovery.UnfinishedOperation Operation, Recovery.Recoverer Recoverer)? Unfinished(Entry entry, Guid uuid, DomainSnapshot? domain)
    {
        // What still moves is the matrix's to judge.
        if (DomainConditions.Of(domain) is DomainCondition.Leaving or DomainCondition.Arriving or DomainCondition.PostCopy || FindUnfinished(entry, uuid, domain) is not { } unfinished)
        {
            return null;
        }

        if (unfinished.IsForeign)
        {
            string what = $"is marked by the {unfinished}: whether that machine still works on it cannot be seen from here";
            if (!entry.Options.AllowForeignOperation)
            {
                throw Failure(
                    OperationStage.Refused, entry, what, $"See to it there; when that machine is known to be dead: {unfinished.CommandByHand}. Or consent: --allow foreign-operation.");
            }

            entry.Consent(MigrationConsents.ForeignOperation, $"{entry.Name} on {host.Address.Name} {what}");
            return null;
        }

        return entry.Options.Recoverer is { } recoverer
            ? (unfinished, recoverer)
            : throw Failure(OperationStage.Refused, entry, $"was left by the {unfinished}, whose process is gone", $"First: orchestrator recover {unfinished.DomainName}.");
    }

    private static Recovery.UnfinishedOperation? FindUnfinished(Entry entry, Guid uuid, DomainSnapshot? domain)
    {
        try
        {
            if (entry.Options.Recoverer is { } recoverer)
            {
                return recoverer.Find(uuid, domain);
            }
        }
        catch (Recovery.JournalException e)
        {
            // What the domain itself tells is left, and a journal that cannot be read must not keep anybody from pulling a plug.
            entry.Note(e.Message);
        }

        return domain is { IsActive: true } && Recovery.OperationMarker.Read(domain.Xml) is { } marker ? Recovery.UnfinishedOperation.Of(marker, domain) : null;
    }

    /// <summary>Asks a host that may be unable to tell just now (a daemon that is starting, a lock that is not to be had), until the wait is over: nothing was touched yet.</summary>
    private async Task<T> AskAsync<T>(Entry entry, Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (LibvirtException e) when (LibvirtErrors.ClassOf(e.Code) != LibvirtErrorClass.Fatal)
            {
                LogCannotTell(host.Address.Name, entry.Name, e.Message);
                if (Left(entry) <= TimeSpan.Zero)
                {
                    throw Failure(
                        OperationStage.TimedOut, entry, $"was not touched: {host.Address.Name} could not tell what it is doing: {HostAddress.Redact(e.Message)}",
                        "Ask again later, or wait longer: --wait.", e);
                }
            }

            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A guest that a migration took away, or that never arrived, is not "off already".</summary>
    private static MatrixDecision Decide(Entry entry, DomainCondition condition) => condition switch
    {
        DomainCondition.Absent when entry.SawMigration && entry.Operation != DomainOperation.Define => ConflictMatrix.AfterMigration,
        DomainCondition.Off when entry.SawMigration && entry.First == DomainCondition.Arriving => ConflictMatrix.Decide(entry.Operation, DomainCondition.Moved),
        _ => Allowed(entry.Operation, condition, entry.Options),
    };

    private static MatrixDecision Allowed(DomainOperation operation, DomainCondition condition, OperationOptions options) =>
        condition == DomainCondition.Moved && operation == DomainOperation.Start && options.AllowMigratedAway
            ? ConflictMatrix.Decide(operation, DomainCondition.Off)
            : ConflictMatrix.Decide(operation, condition);

    private static string? ManagerOf(DomainSnapshot domain)
    {
        try
        {
            return DomainManagers.ManagerOf(DomainDocument.Parse(domain.Xml));
        }
        catch (DomainDocumentException)
        {
            return null; // libvirt's own document: what we cannot read names nobody
        }
    }

    private TimeSpan Left(Entry entry) => entry.Options.Wait - _time.GetElapsedTime(entry.Start) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    private ClaimHolder Self(DomainOperation operation, string domain) => ClaimHolder.Here(operation, domain, host.Address.Name, _time);

    private OperationException Late(Entry entry, string why) => new(
        OperationStage.TimedOut, entry.Operation, host.Address.Name, entry.Name,
        string.Create(CultureInfo.InvariantCulture, $"{entry.Name} on {host.Address.Name} was not touched within {entry.Options.Wait.TotalSeconds:0.#} s: it {why}"),
        "Ask again later, or wait longer: --wait.")
    { WaitedInVain = true };

    private OperationException Failure(OperationStage stage, Entry entry, string message, string? remedy = null, Exception? inner = null) =>
        new(stage, entry.Operation, host.Address.Name, entry.Name, $"{entry.Name} on {host.Address.Name} {message}", remedy, inner);

    [LoggerMessage(EventId = 323, Level = LogLevel.Warning, Message = "{Host} cannot tell of {Domain}: {Reason}")]
    private partial void LogCannotTell(string host, string domain, string reason);

    [LoggerMessage(EventId = 320, Level = LogLevel.Information, Message = "{Operation} of {Domain} waits for {Holder}")]
    private partial void LogWaits(DomainOperation operation, string domain, string holder);

    [LoggerMessage(EventId = 321, Level = LogLevel.Information, Message = "{Operation} of {Domain} asks for the end of {Holder}")]
    private partial void LogCancels(DomainOperation operation, string domain, string holder);

    [LoggerMessage(EventId = EnteredEventId, Level = LogLevel.Debug, Message = "{Operation} has {Domain} to itself, which is {Condition} on {Host}")]
    private partial void LogEntered(DomainOperation operation, string domain, DomainCondition condition, string host);

    private sealed class Entry(DomainOperation operation, OperationOptions options, long start)
    {
        private readonly List<string> _notes = [];
        private readonly List<MigrationConsent> _consents = [];

        internal DomainOperation Operation { get; } = operation;

        internal OperationOptions Options { get; } = options;

        internal long Start { get; } = start;

        internal string Name { get; set; } = "";

        internal DomainCondition First { get; set; }

        internal bool SawMigration { get; set; }

        internal bool HasRecovered { get; set; }

        internal IReadOnlyList<string> Notes => _notes;

        internal IReadOnlyList<MigrationConsent> Consents => _consents;

        internal void Consent(string name, string what)
        {
            var consent = new MigrationConsent($"--allow {name}", MigrationConsents.FreeToMigrate, what);
            if (!_consents.Contains(consent))
            {
                _consents.Add(consent);
            }
        }

        internal void Note(string note)
        {
            if (!_notes.Contains(note))
            {
                _notes.Add(note);
            }
        }
    }
}

/// <summary>An operation that may be done: nobody else works on the domain until this is disposed of.</summary>
public sealed class EnteredOperation : IAsyncDisposable
{
    private readonly DomainClaim? _claim;

    internal EnteredOperation(DomainClaim? claim, DomainSnapshot? domain, MatrixDecision decision, IReadOnlyList<string> notes, TimeSpan waited)
    {
        _claim = claim;
        Domain = domain;
        Decision = decision;
        Notes = notes;
        Waited = waited;
        CancelRequested = claim?.CancelRequested ?? CancellationToken.None;
    }

    /// <summary>The domain, as it was when the gate opened; <see langword="null"/> when there is none.</summary>
    public DomainSnapshot? Domain { get; }

    /// <summary><see cref="MatrixAction.Do"/>, or <see cref="MatrixAction.Already"/> when there is nothing to do.</summary>
    public MatrixDecision Decision { get; }

    /// <summary>Set when somebody asks for the end of this operation.</summary>
    public CancellationToken CancelRequested { get; }

    /// <summary>Who asked for the end, and what for.</summary>
    public ClaimHolder? CancelRequestedBy => _claim?.CancelRequestedBy;

    /// <summary>What was waited for.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>What would have refused the operation, and was allowed.</summary>
    internal IReadOnlyList<MigrationConsent> Consents { get; init; } = [];

    /// <summary>How long the gate was closed.</summary>
    public TimeSpan Waited { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _claim?.DisposeAsync() ?? ValueTask.CompletedTask;
}
