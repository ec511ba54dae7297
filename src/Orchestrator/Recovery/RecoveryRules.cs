using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>What a recovery may do with what it finds. Pure.</summary>
internal static class RecoveryRules
{
    /// <summary>
    /// Why a copy must not be resumed or taken away by this recovery; <see langword="null"/> when nothing speaks against it. A copy that does not carry the operation's marker
    /// was paused by somebody else's migration, whose other copy may run on a third host.
    /// </summary>
    internal static string? Refusal(UnfinishedOperation operation, OutcomeDecision decision, DomainWhereabouts here, DomainWhereabouts there)
    {
        if (operation.Phase < OperationPhase.Migrating && !operation.IsDecided
            && decision.Action is OutcomeAction.Follow or OutcomeAction.ResumeSource or OutcomeAction.RemoveSourceCopy or OutcomeAction.RemoveDestinationCopy or OutcomeAction.SuspendSource)
        {
            return $"{operation.DomainName} is {here.Describe()} on {here.Host}, but this operation had not begun to migrate it: that is somebody else's migration";
        }

        if (decision.Action == OutcomeAction.Follow && !operation.IsDecided && there.IsKnown && there.State(wasRunning: false) is CopyState.None or CopyState.Left)
        {
            return $"{operation.DomainName} is being migrated from {here.Host}, and not to {there.Host}: that is somebody else's migration";
        }

        // Daemons that migrate by themselves go on when whoever writes the journal has died.
        bool isToldOf = operation.Phase is { } phase && !(phase == OperationPhase.Migrating && operation.Mode == "p2p");
        if (decision.Action == OutcomeAction.ResumeSource && !operation.IsDecided && !isToldOf && !operation.Expectation.NeverRan(there))
        {
            return $"{operation.DomainName} is {here.Describe()} on {here.Host}, and nothing here tells whether it has run on {there.Host}";
        }

        DomainWhereabouts[] marked = decision.Action switch
        {
            OutcomeAction.ResumeSource or OutcomeAction.RemoveDestinationCopy => [here],
            OutcomeAction.RemoveSourceCopy => [here, there],
            _ => [],
        };
        foreach (DomainWhereabouts copy in marked)
        {
            OperationMarker? marker = OperationMarker.Read(copy.Domain!.Xml);
            if (operation.Id is not null && marker?.Id != operation.Id && !(operation.IsDecided && marker is null))
            {
                return $"the copy of {operation.DomainName} on {copy.Host} {(marker is null ? "carries no mark of this operation" : $"belongs to another operation, of {marker.Owner}")}: somebody else's migration may have paused it";
            }
        }

        return null;
    }

    /// <summary>Whether nothing is left to do about a finding, so that the operation has ended: neither by us nor, on this operation's account, by a person.</summary>
    internal static bool IsOver(MigrationFinding finding) => finding is MigrationFinding.Moved or MigrationFinding.Stayed or MigrationFinding.NoCopy;

    /// <summary>What would be done about a finding, in words.</summary>
    internal static IReadOnlyList<string> Would(UnfinishedOperation operation, OutcomeDecision decision)
    {
        var would = new List<string>();
        string? first = decision.Action switch
        {
            OutcomeAction.Follow => $"follow the migration, which still runs, until its end{(operation.Policy is null ? "" : ", with its policy")}",
            OutcomeAction.AskAgain => "ask both hosts again for a while",
            OutcomeAction.ResumeSource => $"resume {operation.DomainName} on {operation.Source.Name}: {operation.Destination.Name} has none",
            OutcomeAction.RemoveSourceCopy => $"take the paused copy on {operation.Source.Name} away: {operation.DomainName} runs on {operation.Destination.Name}",
            OutcomeAction.RemoveDestinationCopy => $"take the copy on {operation.Destination.Name}, which never ran, away",
            OutcomeAction.SuspendSource => $"pause {operation.DomainName} on {operation.Source.Name}, if it was the migration's end that let it run again there",
            OutcomeAction.ResumePostCopy => "let the broken post-copy migration go on",
            _ => null,
        };
        if (first is not null)
        {
            would.Add(first);
        }

        if (decision.Finding is MigrationFinding.Moved && operation.UndefinesSource)
        {
            would.Add($"remove the definition from {operation.Source.Name} if it is still there");
        }

        if (IsOver(decision.Finding) || decision.Action is OutcomeAction.ResumeSource or OutcomeAction.RemoveSourceCopy or OutcomeAction.RemoveDestinationCopy)
        {
            bool moved = decision.Finding is MigrationFinding.Moved or MigrationFinding.SourceNotRemoved;
            would.AddRange(operation.Steps.Select(step => ReplugSteps.DeviceOf(step) is { } device
                ? $"attach the device that was {device} on {(moved ? operation.Destination : operation.Source).Name} again, unless it is there"
                : moved ? $"keep what was made ({step.Kind} {step.Detail})" : $"undo: {step.Kind} {step.Detail}"));
            if (!moved && decision.Finding != MigrationFinding.NoCopy && operation.MaxDowntimeBefore is { } limit)
            {
                would.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"put the downtime limit back to {limit.TotalMilliseconds:0} ms"));
            }
        }

        return would;
    }
}
