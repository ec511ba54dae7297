using Orchestrator.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Migration.Policies;

/// <summary>A value of a policy file and where it stands.</summary>
internal abstract record PolicyNode(SettingOrigin At);

internal sealed record PolicyScalar(SettingOrigin At, string Text, bool IsPlain) : PolicyNode(At);

internal sealed record PolicyList(SettingOrigin At, IReadOnlyList<PolicyNode> Items) : PolicyNode(At);

internal sealed record PolicyMapping(SettingOrigin At, IReadOnlyList<(PolicyScalar Key, PolicyNode Value)> Pairs) : PolicyNode(At);

/// <summary>Reads the YAML of a policy file: plain mappings, lists and values. Nothing in it can lead to more work than its length. Pure.</summary>
internal sealed class PolicyYaml
{
    /// <summary>The longest file, in characters.</summary>
    internal const int MaxLength = 64 * 1024;

    // options, compression, methods: a policy is three deep.
    private const int MaxDepth = 8;

    private readonly SettingOrigin _source;
    private readonly Parser _parser;

    private PolicyYaml(string text, SettingOrigin source)
    {
        _source = source;
        _parser = new(new StringReader(text));
    }

    /// <exception cref="ConfigurationException">It is no such document; says where.</exception>
    internal static PolicyNode Read(string text, SettingOrigin source)
    {
        if (text.Length > MaxLength)
        {
            throw new ConfigurationException(source, null, $"the file is longer than {MaxLength / 1024} KiB; a policy is not");
        }

        return new PolicyYaml(text, source).ReadDocument();
    }

    private PolicyNode ReadDocument()
    {
        _ = Next();
        if (Next() is StreamEnd end)
        {
            throw Error(end, "the file is empty", "samples/policies has policies to begin with.");
        }

        PolicyNode root = ReadNode(Next(), 0);
        _ = Next();
        return Next() is DocumentStart second ? throw Error(second, "a second document begins here; a file holds one policy") : root;
    }

    private PolicyNode ReadNode(ParsingEvent node, int depth)
    {
        // An alias may repeat what it names without end, and a tag may ask for a type: a policy needs neither.
        if (node is AnchorAlias || node is NodeEvent { Anchor.IsEmpty: false })
        {
            throw Error(node, "a policy knows no anchors and aliases; write the value itself");
        }

        if (node is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } })
        {
            throw Error(node, "a policy knows no tags");
        }

        if (depth > MaxDepth)
        {
            throw Error(node, "this is nested deeper than any policy");
        }

        return node switch
        {
            Scalar scalar => new PolicyScalar(At(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => ReadList(node, depth),
            MappingStart => ReadMapping(node, depth),
            _ => throw Error(node, "a value is wanted here, not the end"),
        };
    }

    private PolicyList ReadList(ParsingEvent start, int depth)
    {
        var items = new List<PolicyNode>();
        while (Next() is var next and not SequenceEnd)
        {
            items.Add(ReadNode(next, depth + 1));
        }

        return new(At(start.Start), items);
    }

    private PolicyMapping ReadMapping(ParsingEvent start, int depth)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var pairs = new List<(PolicyScalar, PolicyNode)>();
        while (Next() is var next and not MappingEnd)
        {
            if (ReadNode(next, depth + 1) is not PolicyScalar key)
            {
                throw Error(next, "a key is wanted here, not a list or a mapping");
            }

            if (!keys.Add(key.Text))
            {
                throw Error(next, $"{key.Text} stands here twice");
            }

            pairs.Add((key, ReadNode(Next(), depth + 1)));
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
            throw new ConfigurationException(At(e.Start), null, $"this is not YAML: {e.Message}", "YAML is indented by spaces, never by tabs; quote values that begin with a special character.");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Where the parser itself is confused: by a tag that is no URI, by control characters behind a document's end.
            throw new ConfigurationException(At(_parser.Current?.End ?? new Mark()), null, $"this is not YAML: {e.Message}");
        }
    }

    private ConfigurationException Error(ParsingEvent node, string problem, string? remedy = null) => new(At(node.Start), null, problem, remedy);

    private SettingOrigin At(Mark mark) => _source with { Line = (int)Math.Max(mark.Line, 1), Column = (int)Math.Max(mark.Column, 1) };
}
