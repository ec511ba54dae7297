using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>
/// QEMU's <c>--trace PATTERN</c> in a domain's <c>&lt;qemu:commandline&gt;</c>. Other arguments there are never touched. libvirt marks such a domain as tainted
/// (<c>custom-argv</c>); the change takes effect when its QEMU is started anew.
/// </summary>
public sealed class TraceArguments
{
    /// <summary>The namespace of libvirt's pass-through to QEMU.</summary>
    public static readonly XNamespace QemuNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";

    private readonly XElement _domain;

    internal TraceArguments(XElement domain) => _domain = domain;

    /// <summary>The patterns in their order; a file of events (<c>events=FILE</c>) and other options are told as they stand.</summary>
    public IReadOnlyList<string> Patterns => [.. Pairs().Select(pair => pair.Pattern)];

    /// <summary>Whether an event is traced by any of the patterns.</summary>
    /// <param name="eventName">The event's whole name, such as <c>all_vcpus_paused</c>.</param>
    public bool Covers(string eventName)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);

        // Of several patterns that match, QEMU obeys the last; one with a minus in front switches off.
        var last = Patterns.LastOrDefault(pattern => Glob(pattern.TrimStart('-'), eventName));
        return last is not null && last[0] != '-';
    }

    /// <summary>Adds a pattern behind the other arguments unless it is there already. Says whether the document changed.</summary>
    /// <param name="pattern">A trace event or a glob of them. QEMU takes one per argument.</param>
    /// <exception cref="ArgumentException">The pattern is empty, or holds a comma, an equals sign or white space, which QEMU reads as an option list.</exception>
    public bool Add(string pattern)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pattern);
        if (pattern.Any(c => c is ',' or '=' || char.IsWhiteSpace(c)))
        {
            throw new ArgumentException($"'{pattern}' is not one trace pattern", nameof(pattern));
        }

        if (Patterns.Contains(pattern))
        {
            return false;
        }

        QemuCommandLine.Append(_domain, "--trace", pattern);
        return true;
    }

    /// <summary>Removes a pattern with its <c>--trace</c>, and a command line that was made for it. Says whether the document changed.</summary>
    /// <param name="pattern">The pattern as it stands in the document.</param>
    public bool Remove(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        var found = Pairs().Where(pair => pair.Pattern == pattern).ToList();
        foreach (var pair in found)
        {
            DocumentEdit.Remove(pair.Value);
            DocumentEdit.Remove(pair.Option);
        }

        return found.Count > 0;
    }

    private List<(XElement Option, XElement Value, string Pattern)> Pairs()
    {
        var arguments = QemuCommandLine.Arguments(_domain);
        var pairs = new List<(XElement, XElement, string)>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (QemuCommandLine.Text(arguments[i]) is "--trace" or "-trace" && i + 1 < arguments.Count)
            {
                pairs.Add((arguments[i], arguments[i + 1], Pattern(QemuCommandLine.Text(arguments[i + 1]))));
                i++;
            }
        }

        return pairs;
    }

    private static string Pattern(string value) => value.StartsWith("enable=", StringComparison.Ordinal) ? value["enable=".Length..] : value;

    /// <summary>Whether a glob of stars and question marks matches the whole name.</summary>
    private static bool Glob(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
        => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
