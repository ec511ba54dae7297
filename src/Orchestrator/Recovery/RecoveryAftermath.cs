using System.Globalization;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>What is left to do when it is known where the guest is: effects are undone or kept, the limit is put back, the marker is taken off, the journal is told.</summary>
internal sealed partial class RecoveryAftermath(
    UnfinishedOperation operation, IHost source, IHost destination, Journal? journal, IReadOnlyDictionary<string, StepUndoer> undoers, IReadOnlyDictionary<string, StepUndoer> finishers, ILogger logger)
{
    private readonly List<string> _done = [];
    private readonly List<string> _failed = [];
    private readonly List<string> _wrong = []; // although it was done

    internal async Task<RecoveryResult> PutInOrderAsync(SettledMigration settled)
    {
        _done.AddRange(settled.Done);
        MigrationFinding finding = settled.Decision.Finding;

        // A call that has not returned may still change everything, and holds the domain's lock.
        bool mayGoOn = settled.Job == JobResult.Unanswered && finding != MigrationFinding.Moved;
        if (!RecoveryRules.IsOver(finding) || mayGoOn)
        {
            return Result(settled, settled.Verdict.Outcome, settled.Verdict.Message, isFinished: false);
        }

        if (operation.IsInJournal)
        {
            await TellAsync(() => journal!.SetPhase(operation.Id!.Value, OperationPhase.Settling)).ConfigureAwait(false);
        }

        bool moved = finding == MigrationFinding.Moved;

        // A guest that ended on the destination has its definition there, with the devices that were made for it.
        bool keeps = moved || (finding == MigrationFinding.NoCopy && settled.Destination.Domain is not null);
        foreach (JournalStep step in keeps ? operation.Steps : operation.Steps.Reverse())
        {
            await SettleStepAsync(step, keeps).ConfigureAwait(false);
        }

        if (finding == MigrationFinding.Stayed && operation.MaxDowntimeBefore is { } limit)
        {
            await TryAsync(
                string.Create(CultureInfo.InvariantCulture, $"put the downtime limit on {source.Address.Name} back to {limit.TotalMilliseconds:0} ms"),
                async () => await source.MaxDowntimeAsync(operation.DomainUuid, limit, CancellationToken.None).ConfigureAwait(false) == limit).ConfigureAwait(false);
        }

        if (finding != MigrationFinding.NoCopy)
        {
            IHost host = moved ? destination : source;
            await TryAsync(null, async () =>
            {
                await MarkedDomain.UnmarkAsync(host, operation.DomainUuid).ConfigureAwait(false);
                return true;
            }, $"take the mark off {operation.DomainName} on {host.Address.Name}").ConfigureAwait(false);
        }

        bool needsPerson = settled.Verdict.Outcome == MigrationOutcome.NeedsPerson;
        string[] problems = [.. _failed, .. _wrong];
        MigrationOutcome outcome = problems.Length > 0 && !needsPerson ? MigrationOutcome.Degraded : settled.Verdict.Outcome;
        string message = string.Join("; ", [settled.Verdict.Message, .. problems]);
        if (_failed.Count == 0 && operation.IsInJournal)
        {
            await TellAsync(() => journal!.End(operation.Id!.Value, ErrorDocument.CodeOf(outcome), message)).ConfigureAwait(false);
            if (_failed.Count > 0)
            {
                outcome = needsPerson ? outcome : MigrationOutcome.Degraded;
                message = $"{message}; {string.Join("; ", _failed)}";
            }
        }

        return Result(settled, outcome, message, _failed.Count == 0);
    }

    /// <summary>What the journal cannot be told keeps nothing from being put in order.</summary>
    private Task TellAsync(Action tell) => TryAsync(
        null,
        () =>
        {
            tell();
            return Task.FromResult(true);
        },
        "tell the journal");

    private async Task SettleStepAsync(JournalStep step, bool moved)
    {
        if (moved && !finishers.ContainsKey(step.Kind))
        {
            await TellAsync(() => journal?.EndStep(step.Id, undone: false)).ConfigureAwait(false);
            return;
        }

        if (!(moved ? finishers : undoers).TryGetValue(step.Kind, out StepUndoer? settle))
        {
            _failed.Add($"nobody here knows how to undo {step.Kind} {step.Detail}");
            return;
        }

        (string done, string what) = ReplugSteps.DeviceOf(step) is { } device
            ? ($"{operation.DomainName} has the device that was {device} again", $"attach the device that was {device} to {operation.DomainName} on {(moved ? destination : source).Address.Name} again")
            : ($"undid {step.Kind} {step.Detail}", $"undo {step.Kind} {step.Detail}");
        await TryAsync(done, async () =>
        {
            string? wrong = await settle(step, source, destination).ConfigureAwait(false);
            if (wrong is not null)
            {
                _wrong.Add(wrong);
            }

            journal?.EndStep(step.Id, undone: !moved);
            return true;
        }, what).ConfigureAwait(false);
    }

    private async Task TryAsync(string? done, Func<Task<bool>> act, string? what = null)
    {
        try
        {
            if (!await act().ConfigureAwait(false))
            {
                _failed.Add($"could not {what ?? done}");
            }
            else if (done is not null)
            {
                _done.Add(done);
            }
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException or Devices.HostDeviceException or JournalException)
        {
            string reason = HostAddress.Redact(e.Message);
            LogCannot(what ?? done!, reason);
            _failed.Add($"could not {what ?? done}: {reason}");
        }
    }

    private RecoveryResult Result(SettledMigration settled, MigrationOutcome outcome, string message, bool isFinished) => new()
    {
        Operation = operation,
        Outcome = outcome,
        Message = message,
        Remedy = settled.Verdict.Remedy ?? (isFinished ? null : $"orchestrator recover {operation.DomainName}, again."),
        Finding = settled.Decision.Finding,
        Done = _done,
        IsFinished = isFinished,
    };

    [LoggerMessage(EventId = 402, Level = LogLevel.Warning, Message = "A recovery could not {What}: {Reason}")]
    private partial void LogCannot(string what, string reason);
}
