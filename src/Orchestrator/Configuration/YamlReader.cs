using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Configuration;

/// <summary>
/// Reads a YAML document of plain mappings, lists and values, each with its place: all that our documents are made of. Nothing in one can lead to more work than its length. Pure.
/// </summary>
internal sealed class YamlReader
{
    // None of our documents is more than five deep.
    private const int MaxDepth = 8;

    private readonly SettingOrigin _source;
    private readonly string _kind;
    private readonly Parser _parser;

    private YamlReader(string text, SettingOrigin source, string kind)
    {
        _source = source;
        _kind = kind;
        _parser = new(new StringReader(text));
    }

    /// <summary>The document of a text; <see langword="null"/> when there is nothing in it but comments.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">What it was read from.</param>
    /// <param name="kind">What messages call such a document: <c>a policy</c>.</param>
    /// <param name="maxLength">The longest text, in characters.</param>
    /// <param name="path">The setting that the document is the value of; empty for a whole one.</param>
    /// <exception cref="ConfigurationException">It is no such document; says where.</exception>
    internal static YamlValue? Read(string text, SettingOrigin source, string kind, int maxLength, string path = "") =>
        text.Length > maxLength
            ? throw new ConfigurationException(source, null, $"the file is longer than {maxLength / 1024} KiB; {kind} is not")
            : new YamlReader(text, source, kind).ReadDocument(path);

    /// <summary>The path of a key below another path.</summary>
    internal static string Below(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private YamlValue? ReadDocument(string path)
    {
        _ = Next();
        if (Next() is StreamEnd)
        {
            return null;
        }

        YamlValue root = ReadNode(Next(), path, 0);
        _ = Next();
        return Next() is DocumentStart second ? throw Error(second, "", $"a second document begins here; {_kind} is one") : root;
    }

    private YamlValue ReadNode(ParsingEvent node, string path, int depth)
    {
        // An alias may repeat what it names without end, and a tag may ask for a type: our documents need neither.
        if (node is AnchorAlias || node is NodeEvent { Anchor.IsEmpty: false })
        {
            throw Error(node, path, $"{_kind} knows no anchors and aliases; write the value itself");
        }

        if (node is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } })
        {
            throw Error(node, path, $"{_kind} knows no tags");
        }

        if (depth > MaxDepth)
        {
            throw Error(node, "", $"this is nested deeper than {_kind} ever is");
        }

        return node switch
        {
            Scalar scalar => new YamlScalar(At(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => ReadList(node, path, depth),
            MappingStart => ReadMapping(node, path, depth),
            _ => throw Error(node, path, "a value is wanted here, not the end"),
        };
    }

    private YamlList ReadList(ParsingEvent start, string path, int depth)
    {
        var items = new List<YamlValue>();
        while (Next() is var next and not SequenceEnd)
        {
            items.Add(ReadNode(next, $"{path}[{items.Count}]", depth + 1));
        }

        return new(At(start.Start), items);
    }

    private YamlMapping ReadMapping(ParsingEvent start, string path, int depth)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var pairs = new List<(YamlScalar, YamlValue)>();
        while (Next() is var next and not MappingEnd)
        {
            YamlValue node = ReadNode(next, path, depth + 1);
            if (node is not YamlScalar key)
            {
                throw Error(next, path, $"a key is wanted here, not {node.Word}");
            }

            string at = Below(path, key.Text);
            if (!keys.Add(key.Text))
            {
                throw Error(next, at, "this stands here twice");
            }

            pairs.Add((key, ReadNode(Next(), at, depth + 1)));
        }

        return new(At(start.Start), pairs);
    }

    private ParsingEvent Next()
    {
        try
        {
            return _parser.MoveNext() && _parser.Current is { } current ? current : new StreamEnd();
        }
        catch (YamlException e)
        {
            throw new ConfigurationException(At(e.Start), null, $"this is not YAML: {e.Message}", Remedy(e));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Where the parser itself is confused: by a tag that is no URI, by control characters behind a document's end.
            throw new ConfigurationException(At(_parser.Current?.End ?? new Mark()), null, $"this is not YAML: {e.Message}");
        }
    }

    private static string? Remedy(YamlException e) =>
        e.Message.Contains("tab", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("cannot start any token", StringComparison.Ordinal)
            ? "YAML is indented by spaces, never by tabs; quote values that begin with a special character."
            : null;

    private ConfigurationException Error(ParsingEvent node, string path, string problem) => new(At(node.Start), path.Length == 0 ? null : path, problem);

    private SettingOrigin At(Mark mark) => _source with { Line = (int)Math.Max(mark.Line, 1), Column = (int)Math.Max(mark.Column, 1) };
}
