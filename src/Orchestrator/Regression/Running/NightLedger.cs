using System.Text.Json;
using Orchestrator.Recovery;

namespace Orchestrator.Regression.Running;

/// <summary>What a night has changed and not put back yet, in its order; in the journal, too, so that another process can put it back.</summary>
/// <param name="journal">The journal; <see langword="null"/> for none.</param>
/// <param name="operation">The night's operation in it.</param>
/// <param name="ownsHosts">The hosts end with the process: nothing on them has to be put back by another one.</param>
internal sealed class NightLedger(Journal? journal, Guid? operation, bool ownsHosts)
{
    /// <summary>The kind of a night's operation.</summary>
    internal const string Kind = "regress";

    private readonly List<Entry> _open = [];

    internal IReadOnlyList<Entry> Open => _open;

    /// <summary>Writes an effect down that is about to be made.</summary>
    internal Entry Begin(NightEffect effect)
    {
        long? step = operation is { } id && !(ownsHosts && effect.NeedsHosts) ? journal?.BeginStep(id, effect.Kind, JsonSerializer.Serialize(effect, NightJson.Default.NightEffect)) : null;
        var entry = new Entry(effect, step);
        _open.Add(entry);
        return entry;
    }

    /// <summary>It was put back, or never came about.</summary>
    internal void End(Entry entry)
    {
        _open.Remove(entry);
        if (entry.Step is { } step)
        {
            journal!.EndStep(step, undone: true);
        }
    }

    internal void Close(string outcome, string message)
    {
        if (operation is { } id)
        {
            journal?.End(id, outcome, message);
        }
    }

    /// <summary>An effect that has not been put back.</summary>
    internal sealed record Entry(NightEffect Effect, long? Step);
}
