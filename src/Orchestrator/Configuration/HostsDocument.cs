using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Configuration;

/// <summary>
/// Reads hosts.yaml, event by event: the document's form is known, so nothing in it can lead to more work than its length. Pure.
/// </summary>
internal sealed class HostsDocument
{
    /// <summary>The longest document, in bytes of UTF-8.</summary>
    internal const int MaxLength = 256 * 1024;

    private static readonly string[] HostKeys = ["uri", "peer_uri", "migration_address", "side_channel"];
    private static readonly string[] SideChannelKeys = ["ssh", "sudo"];

    private readonly SettingOrigin _source;
    private readonly Parser _parser;
    private readonly List<HostSetting> _settings = [];

    private HostsDocument(string text, SettingOrigin source)
    {
        _source = source;
        _parser = new(new StringReader(text));
    }

    /// <summary>The settings of a document, in its order.</summary>
    /// <param name="text">The document: a mapping <c>hosts</c> in a file; in the variable, what stands under it.</param>
    /// <param name="source">What it was read from.</param>
    /// <exception cref="ConfigurationException">It is no such document; says where.</exception>
    internal static IReadOnlyList<HostSetting> Read(string text, SettingOrigin source)
    {
        var document = new HostsDocument(text, source);
        document.ReadAll();
        return document._settings;
    }

    private void ReadAll()
    {
        _ = Next();
        if (Next() is StreamEnd)
        {
            return; // nothing, or comments alone
        }

        ParsingEvent root = Next();
        if (_source.Layer == ConfigurationLayer.Variable)
        {
            ReadMapping(root, "hosts", "a mapping of hosts: {node1: {uri: qemu+ssh://root@node1/system}}", ReadHost);
        }
        else
        {
            ReadMapping(root, null, "a mapping with the key hosts", (key, value) =>
            {
                if (key.Value != "hosts")
                {
                    throw UnknownKey(key, key.Value, ["hosts"]);
                }

                ReadMapping(value, "hosts", "a mapping of names to hosts ({} for none)", ReadHost);
            });
        }

        _ = Next();
        if (Next() is DocumentStart second)
        {
            throw Error(second, null, "a second document begins here; hosts.yaml is one");
        }
    }

    private void ReadHost(Scalar name, ParsingEvent host)
    {
        string path = $"hosts.{name.Value}";
        if (HostSettingRules.OfName(name.Value) is { } problem)
        {
            throw Error(name, path, problem);
        }

        int before = _settings.Count;
        ReadMapping(host, path, "a mapping of its settings", (key, value) =>
        {
            string at = $"{path}.{key.Value}";
            switch (key.Value)
            {
                case "uri" or "peer_uri":
                    Keep(name, key.Value, value, at, HostSettingRules.OfUri);
                    break;
                case "migration_address":
                    Keep(name, key.Value, value, at, HostSettingRules.OfAddress);
                    break;
                case "side_channel":
                    ReadMapping(value, at, "a mapping with ssh and sudo", (inner, target) => ReadSideChannel(name, inner, target, $"{at}.{inner.Value}"));
                    break;
                default:
                    throw UnknownKey(key, at, HostKeys);
            }
        });
        if (_settings.Count == before)
        {
            throw Error(name, path, "the host has no settings", "Give it a uri, such as qemu+ssh://root@node1/system.");
        }
    }

    private void ReadSideChannel(Scalar host, Scalar key, ParsingEvent value, string path)
    {
        switch (key.Value)
        {
            case "ssh":
                Keep(host, "side_channel.ssh", value, path, HostSettingRules.OfSshTarget);
                break;
            case "sudo" when value is Scalar { Style: ScalarStyle.Plain, Value: "true" or "false" } answer:
                Keep(host, "side_channel.sudo", answer, path, _ => null, isText: false);
                break;
            case "sudo":
                throw Error(value, path, "true or false is wanted here");
            default:
                throw UnknownKey(key, path, SideChannelKeys);
        }
    }

    private void Keep(Scalar host, string key, ParsingEvent node, string path, Func<string, string?> problemOf, bool isText = true)
    {
        RefuseExtras(node, path);
        if (node is not Scalar scalar || (isText && scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "true" or "false" }))
        {
            throw Error(node, path, $"text is wanted here, not {Word(node)}");
        }

        if (problemOf(scalar.Value) is { } problem)
        {
            throw Error(node, path, problem, problem.Contains("password", StringComparison.Ordinal) ? HostSettingRules.NoPasswords : null);
        }

        _settings.Add(new(host.Value, key, scalar.Value, At(node)));
    }

    private void ReadMapping(ParsingEvent node, string? path, string wanted, Action<Scalar, ParsingEvent> readPair)
    {
        RefuseExtras(node, path);
        if (node is not MappingStart)
        {
            throw Error(node, path, $"{wanted} is wanted here, not {Word(node)}");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (Next() is var next and not MappingEnd)
        {
            RefuseExtras(next, path);
            if (next is not Scalar key)
            {
                throw Error(next, path, $"a key is wanted here, not {Word(next)}");
            }

            if (!keys.Add(key.Value))
            {
                throw Error(key, path is null ? key.Value : $"{path}.{key.Value}", "this stands here twice");
            }

            readPair(key, Next());
        }
    }

    // An alias may repeat what it names without end, and a tag may ask for a type: a list of hosts needs neither.
    private void RefuseExtras(ParsingEvent node, string? path)
    {
        if (node is AnchorAlias || (node is NodeEvent { Anchor.IsEmpty: false }))
        {
            throw Error(node, path, "hosts.yaml knows no anchors and aliases; write the value itself");
        }

        if (node is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } })
        {
            throw Error(node, path, "hosts.yaml knows no tags");
        }
    }

    private ConfigurationException UnknownKey(Scalar key, string path, string[] known) =>
        HostSettingRules.IsSecret(key.Value)
            ? Error(key, path, "a setting of this name would hold a secret", HostSettingRules.NoPasswords)
            : Error(key, path, "there is no such setting",
                HostsConfiguration.NearestOf(key.Value, known) is { } meant ? $"Did you mean {meant}?" : $"There is {string.Join(", ", known)}.");

    private ParsingEvent Next()
    {
        try
        {
            return _parser.MoveNext() && _parser.Current is { } current ? current : new StreamEnd();
        }
        catch (YamlException e)
        {
            throw Error(e.Start, null, $"this is not YAML: {e.Message}", Remedy(e));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // Where the parser itself is confused: by a tag that is no URI, by control characters behind a document's end.
            throw Error(_parser.Current?.End ?? new Mark(), null, $"this is not YAML: {e.Message}", null);
        }
    }

    private static string? Remedy(YamlException e) =>
        e.Message.Contains("tab", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("cannot start any token", StringComparison.Ordinal)
            ? "YAML is indented by spaces, never by tabs; quote values that begin with a special character."
            : null;

    private ConfigurationException Error(ParsingEvent node, string? path, string problem, string? remedy = null) => new(At(node), path, problem, remedy);

    private ConfigurationException Error(Mark mark, string? path, string problem, string? remedy) => new(At(mark), path, problem, remedy);

    private SettingOrigin At(ParsingEvent node) => At(node.Start);

    private SettingOrigin At(Mark mark) => _source with { Line = (int)Math.Max(mark.Line, 1), Column = (int)Math.Max(mark.Column, 1) };

    private static string Word(ParsingEvent node) => node switch
    {
        Scalar { Style: ScalarStyle.Plain, Value: "" or "~" or "null" } => "nothing",
        Scalar => "a single value",
        MappingStart => "a mapping",
        SequenceStart => "a list",
        _ => "the end",
    };
}
