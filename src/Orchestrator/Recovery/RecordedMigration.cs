using System.Text.Json;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Recovery;

/// <summary>
/// A migration as its journal has it: every effect is written down before it is made, so that another process can finish or undo it. Without a journal nothing is
/// written, and the process alone puts in order what it changed.
/// </summary>
internal sealed partial class RecordedMigration
{
    private readonly Journal? _journal;
    private readonly IHost _source;
    private readonly IHost _destination;
    private readonly ILogger _logger;
    private readonly UnfinishedOperation _operation;
    private readonly List<JournalStep> _steps = [];
    private readonly List<string> _replugged = [];
    private readonly List<string> _dead = [];
    private string? _policy;

    private RecordedMigration(Journal? journal, IHost source, IHost destination, ILogger logger, UnfinishedOperation operation)
    {
        _journal = journal;
        _source = source;
        _destination = destination;
        _logger = logger;
        _operation = operation;
        _policy = operation.Policy;
    }

    /// <summary>The operation's id; <see langword="null"/> without a journal.</summary>
    internal Guid? Id => _operation.Id;

    /// <summary>What the domain is marked with; <see langword="null"/> without a journal.</summary>
    internal OperationMarker? Marker { get; private init; }

    /// <summary>
    /// By what a host is known again. A user's own daemon may not read the firmware's UUID, and makes a new one at each start: it would not be known again by that.
    /// </summary>
    internal static Guid? LastingUuid(HostIdentity host) => Uri.TryCreate(host.Uri, UriKind.Absolute, out Uri? uri) && uri.AbsolutePath == "/session" ? null : host.HostUuid;

    /// <summary>Writes the intent down, and marks the domain with it.</summary>
    internal static async Task<RecordedMigration> BeginAsync(
        Journal? journal, MigrationPlan plan, TimeSpan limitBefore, ReplugSteps replug, IHost source, IHost destination, ILogger logger, CancellationToken cancellationToken)
    {
        var intent = new JournalIntent
        {
            DomainUuid = plan.Domain.Uuid,
            DomainName = plan.Domain.Name,
            SourceName = source.Address.Name,
            SourceUri = source.Address.Uri,
            SourceHostUuid = LastingUuid(source.Identity),
            DestinationName = destination.Address.Name,
            DestinationUri = destination.Address.Uri,
            DestinationHostUuid = LastingUuid(destination.Identity),
            Mode = plan.Mode == MigrationMode.P2P ? "p2p" : "direct",
            MigrateUri = Parameter(plan, MigrateParameter.MigrateUri),
            ListenAddress = Parameter(plan, MigrateParameter.ListenAddress),
            MaxDowntime = plan.Request.MaxDowntime,
            Timeout = plan.Request.Timeout,
            Policy = PolicyDocument.ToJson(plan.Request.Policy),
            WasRunning = plan.Expectation.WasRunning,
            PersistentOnDestination = plan.PersistentOnDestination,
            UndefinesSource = plan.UndefinesSource,
            DestinationWasFree = plan.DestinationWasFree,
            Consents = plan.Consents.Count > 0 ? plan.Consents : null,
            MaxDowntimeBefore = limitBefore,
        };
        if (journal is null)
        {
            return new(null, source, destination, logger, new()
            {
                DomainUuid = intent.DomainUuid,
                DomainName = intent.DomainName,
                Source = source.Address,
                Destination = destination.Address,
                WasRunning = intent.WasRunning,
                PersistentOnDestination = intent.PersistentOnDestination,
                UndefinesSource = intent.UndefinesSource,
                DestinationWasFree = intent.DestinationWasFree,
                MaxDowntimeBefore = limitBefore,
            })
            { Replug = replug };
        }

        JournalOperation operation = journal.Begin(intent, plan.Request.OperationId);
        var marker = OperationMarker.Of(operation);
        var record = new RecordedMigration(journal, source, destination, logger, UnfinishedOperation.Of(operation)) { Marker = marker, Replug = replug };
        record.LogBegun(operation.Id, intent.DomainName);
        try
        {
            await MarkedDomain.MarkAsync(source, intent.DomainUuid, marker, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LibvirtException or HostUnreachableException or OperationCanceledException)
        {
            // A mark that may have been set all the same is taken off by what comes next to the domain.
            journal.End(operation.Id, ErrorDocument.CodeOf(MigrationOutcome.Failed), $"the domain could not be marked: {HostAddress.Redact(e.Message)}");
            throw;
        }

        return record;
    }

    /// <summary>Tells the journal how far it is.</summary>
    internal void Enter(OperationPhase phase)
    {
        if (Id is { } id)
        {
            _journal!.SetPhase(id, phase);
        }
    }

    /// <summary>Whether the journal had before that all of the guest was sent.</summary>
    internal bool IsSent => _operation.Phase == OperationPhase.Sent;

    /// <summary>Tells the journal what libvirt does by now. It does so all the same: without that word a recovery goes by what the hosts say.</summary>
    internal void Note(OperationPhase phase)
    {
        try
        {
            Enter(phase);
        }
        catch (JournalException e)
        {
            LogCannotWrite(e.Message);
        }
    }

    /// <summary>Writes a device down before it is made.</summary>
    internal Task IntendAsync(DeviceCreation creation)
    {
        Intend(VdpaSteps.Kind, VdpaSteps.DetailOf(creation));
        return Task.CompletedTask;
    }

    /// <summary>Writes a device down before it is detached.</summary>
    internal void IntendDetach(MappedDevice device) => Intend(ReplugSteps.Kind, ReplugSteps.DetailOf(_operation.DomainUuid, device));

    private void Intend(string kind, string detail)
    {
        long step = Id is { } id ? _journal!.BeginStep(id, kind, detail) : _steps.Count;
        _steps.Add(new(step, kind, detail, TimeProvider.System.GetUtcNow(), null, false));
    }

    /// <summary>Whether devices were detached that the guest does not have again.</summary>
    internal bool HasDetached => _steps.Exists(step => step.Kind == ReplugSteps.Kind);

    /// <summary>The devices that were attached again, in words.</summary>
    internal IReadOnlyList<string> Replugged => _replugged;

    /// <summary>Those of them that the guest cannot use, and why.</summary>
    internal IReadOnlyList<string> Dead => _dead;

    /// <summary>How detached devices are attached again.</summary>
    internal ReplugSteps Replug { get; init; } = new(TimeProvider.System);

    /// <summary>Attaches what was detached, where the guest is. What fails is tried once more when everything is put in order, and told of then.</summary>
    /// <param name="moved">Whether that is the destination.</param>
    internal async Task ReplugAsync(bool moved)
    {
        IEnumerable<JournalStep> steps = _steps.Where(step => step.Kind == ReplugSteps.Kind);
        foreach (JournalStep step in (moved ? steps : steps.Reverse()).ToList())
        {
            try
            {
                string? wrong = await (moved ? Replug.Finishers : Replug.Undoers)[ReplugSteps.Kind](step, _source, _destination).ConfigureAwait(false);
                if (Id is not null)
                {
                    _journal!.EndStep(step.Id, undone: !moved);
                }

                _steps.Remove(step);
                _replugged.Add($"{_operation.DomainName} has the device that was {ReplugSteps.DeviceOf(step)} again, on {(moved ? _destination : _source).Address.Name}");
                if (wrong is not null)
                {
                    _dead.Add(wrong);
                }
            }
            catch (Exception e) when (e is HostUnreachableException or LibvirtException or Devices.HostDeviceException or JournalException)
            {
                LogCannotReplug(HostAddress.Redact(e.Message));
            }
        }
    }

    /// <summary>A device that was written down and is somebody else's.</summary>
    internal void NotMade(DeviceCreation creation)
    {
        string detail = VdpaSteps.DetailOf(creation);
        foreach (JournalStep step in _steps.Where(step => step.Detail == detail).ToList())
        {
            _steps.Remove(step);
            if (Id is not null)
            {
                _journal!.EndStep(step.Id, undone: true);
            }
        }
    }

    /// <summary>The policy that somebody has set since this was asked last; <see langword="null"/> for none.</summary>
    internal MigrationPolicy? NewPolicy() => Id is { } id ? NewPolicy(_journal!, id, ref _policy, this) : null;

    /// <summary>A migration that is followed; <see langword="null"/> when the journal does not have it.</summary>
    internal static RecordedMigration? Of(Journal? journal, UnfinishedOperation operation, ILogger logger, IHost source, IHost destination) =>
        journal is not null && operation.IsInJournal ? new(journal, source, destination, logger, operation) : null;

    /// <summary>Puts in order what was changed, and ends the operation unless nobody knows where the guest is.</summary>
    internal Task<RecoveryResult> EndAsync(SettledMigration settled)
    {
        return new RecoveryAftermath(_operation with { Steps = _steps }, _source, _destination, _journal, Replug.Undoers, Replug.Finishers, _logger).PutInOrderAsync(settled);
    }

    private static string? Parameter(MigrationPlan plan, string name) => plan.Call.Parameters.FirstOrDefault(parameter => parameter.Key == name).Value as string;

    private static MigrationPolicy? NewPolicy(Journal journal, Guid id, ref string? last, RecordedMigration record)
    {
        string? json;
        try
        {
            json = journal.GetPolicy(id);
        }
        catch (JournalException e)
        {
            record.LogCannotRead(e.Message); // the migration goes on by the policy that it has
            return null;
        }

        if (json is null || json == last)
        {
            return null;
        }

        last = json;
        try
        {
            return PolicyDocument.FromJson(json);
        }
        catch (JsonException e)
        {
            record.LogCannotRead(e.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 410, Level = LogLevel.Information, Message = "Operation {Operation}: the migration of {Domain} is in the journal")]
    private partial void LogBegun(Guid operation, string domain);

    [LoggerMessage(EventId = 413, Level = LogLevel.Warning, Message = "A detached device could not be attached again: {Reason}")]
    private partial void LogCannotReplug(string reason);

    [LoggerMessage(EventId = 412, Level = LogLevel.Warning, Message = "The journal cannot be told how far the migration is: {Reason}")]
    private partial void LogCannotWrite(string reason);

    [LoggerMessage(EventId = 411, Level = LogLevel.Warning, Message = "The policy that was set meanwhile cannot be read: {Reason}")]
    private partial void LogCannotRead(string reason);
}
