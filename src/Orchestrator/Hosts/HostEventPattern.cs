using System.Text.Json;
using Libvirt.Interop;

namespace Orchestrator.Hosts;

/// <summary>
/// Which events someone waits for: a kind (<c>device_removed</c>, <c>events_missed</c>), a kind with its detail (<c>device_removed/net1</c>), or what happened in a
/// domain's life, with or without the reason (<c>stopped</c>, <c>stopped/shutdown</c>).
/// </summary>
public sealed class HostEventPattern
{
    private static readonly Dictionary<string, HostEventKind> Kinds = Enum.GetValues<HostEventKind>().ToDictionary(CodeOf);

    private readonly HostEventKind _kind;
    private readonly string? _detail;

    private HostEventPattern(HostEventKind kind, string? detail)
    {
        _kind = kind;
        _detail = detail;
    }

    /// <summary>Every word that a pattern may begin with.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. Enum.GetNames<DomainEventType>().Select(name => name.ToLowerInvariant()), .. Kinds.Keys];

    /// <summary>A kind as it is written: <c>device_removed</c>.</summary>
    /// <param name="kind">The kind.</param>
    public static string CodeOf(HostEventKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">The text.</param>
    /// <returns><see langword="null"/> when its first word is none of <see cref="Words"/>.</returns>
    public static HostEventPattern? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string word = slash < 0 ? text : text[..slash];
        return !Words.Contains(word) ? null
            : Kinds.TryGetValue(word, out HostEventKind kind) ? new(kind, slash < 0 ? null : text[(slash + 1)..])
            : new(HostEventKind.Lifecycle, text);
    }

    /// <summary>Whether an event is one of them.</summary>
    /// <param name="told">The event.</param>
    public bool Matches(HostEvent told)
    {
        ArgumentNullException.ThrowIfNull(told);
        return told.Kind == _kind
            && (_detail is null || told.Detail == _detail || (_kind == HostEventKind.Lifecycle && told.Detail?.StartsWith(_detail + "/", StringComparison.Ordinal) == true));
    }
}
