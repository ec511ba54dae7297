using System.Globalization;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Configuration;

/// <summary>
/// A mapping of a YAML document, read key by key: a key that it does not know is refused. A value that is not there is <see langword="null"/>, one of another kind an error with its
/// place. Each section of a document knows the places of what was opened so far, for rules that are looked at afterwards. Pure.
/// </summary>
internal sealed class YamlSection
{
    private readonly string _path;
    private readonly YamlMapping _mapping;
    private readonly Dictionary<string, SettingOrigin> _places;

    /// <summary>The document itself.</summary>
    /// <param name="root">Its root.</param>
    /// <param name="known">The keys that there are.</param>
    /// <exception cref="ConfigurationException">It is no mapping, or has another key.</exception>
    internal YamlSection(YamlValue root, params string[] known) : this(root, "", known, new(StringComparer.Ordinal))
    {
    }

    private YamlSection(YamlValue node, string path, string[] known, Dictionary<string, SettingOrigin> places)
    {
        _path = path;
        _mapping = node as YamlMapping ?? throw Error(node.At, path, $"a mapping with {string.Join(", ", known)} is wanted here, not {node.Word}");
        _places = places;
        _places[path] = node.At;
        foreach ((YamlScalar key, YamlValue value) in _mapping.Pairs)
        {
            if (!known.Contains(key.Text, StringComparer.Ordinal))
            {
                throw Unknown(key, known);
            }

            _places[PathOf(key.Text)] = value.At;
        }
    }

    /// <summary>The keys that are there, in their order.</summary>
    internal IEnumerable<string> Keys => _mapping.Pairs.Select(pair => pair.Key.Text);

    /// <summary>The mapping under a key.</summary>
    internal YamlSection? Section(string key, params string[] known) => Find(key) is { } value ? new(value, PathOf(key), known, _places) : null;

    /// <summary>The list of mappings under a key.</summary>
    internal IReadOnlyList<YamlSection>? Sections(string key, params string[] known) => Find(key) is not { } value ? null
        : [.. Items(key, value).Select((item, index) => new YamlSection(item, $"{PathOf(key)}[{index}]", known, _places))];

    /// <summary>The mapping under a key whose keys are names of the writer's choice, with the place of each name, in their order; each is opened when its turn comes.</summary>
    /// <param name="key">The key.</param>
    /// <param name="wanted">What the mapping is, for a message.</param>
    /// <param name="known">The keys of each mapping below.</param>
    internal IEnumerable<(YamlScalar Name, YamlSection Section)>? Named(string key, string wanted, params string[] known) =>
        Find(key) is { } value ? Named(value, PathOf(key), wanted, known, _places) : null;

    /// <summary>The same, for a document that is such a mapping.</summary>
    internal static IEnumerable<(YamlScalar Name, YamlSection Section)> Named(YamlValue root, string path, string wanted, params string[] known) =>
        Named(root, path, wanted, known, new(StringComparer.Ordinal));

    /// <summary>Whether a mapping stands under a key.</summary>
    internal bool IsMapping(string key) => Find(key) is YamlMapping;

    /// <summary>The mapping under a key whose keys are names of the writer's choice and whose values are texts, with the place of each name, in their order.</summary>
    /// <param name="key">The key.</param>
    /// <param name="wanted">What the mapping is, for a message.</param>
    internal IReadOnlyList<(YamlScalar Name, string Text)>? Pairs(string key, string wanted) => Find(key) is not { } value ? null
        : value is YamlMapping mapping ? [.. mapping.Pairs.Select(pair => (pair.Key, TextOf(YamlReader.Below(key, pair.Key.Text), pair.Value)))]
        : throw Wrong(key, $"{wanted} is wanted here, not {value.Word}");

    internal string? Text(string key) => Find(key) is { } value ? TextOf(key, value) : null;

    internal IReadOnlyList<string>? Texts(string key) => Find(key) is { } value ? [.. Items(key, value).Select(item => TextOf(key, item))] : null;

    /// <summary>A list of texts, or one text for a list of one.</summary>
    internal IReadOnlyList<string>? OneOrMore(string key) => Find(key) is YamlScalar ? [Text(key)!] : Texts(key);

    internal bool? Flag(string key) => Find(key) switch
    {
        null => null,
        YamlScalar { IsPlain: true, Text: "true" or "false" } scalar => scalar.Text == "true",
        _ => throw Wrong(key, "true or false is wanted here"),
    };

    /// <summary>A whole number from 0.</summary>
    internal long? Integer(string key) => Find(key) is not { } value ? null
        : value is YamlScalar { IsPlain: true } scalar && long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw Wrong(key, "a whole number is wanted here");

    /// <summary>A whole number from 0 that fits in 32 bits.</summary>
    internal int? SmallInteger(string key) => Integer(key) is not { } number ? null
        : number <= int.MaxValue ? (int)number
        : throw Wrong(key, "this number is too large");

    /// <summary>A number from 0.</summary>
    internal double? Number(string key) => Find(key) is not { } value ? null
        : value is YamlScalar { IsPlain: true } scalar && double.TryParse(scalar.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) ? number
        : throw Wrong(key, "a number is wanted here, such as 0.5");

    /// <summary>A duration: <c>100ms</c>, <c>1.5m</c>.</summary>
    internal TimeSpan? Duration(string key) => Duration(key, "Units are ms, s, m, h.") is not { } duration ? null
        : !duration.PerGiB ? duration.Value
        : throw Wrong(key, "a duration is wanted here that is the same for every guest, such as 100ms");

    /// <summary>A duration that may be one for each GiB of a guest's memory: <c>75s/GiB</c>.</summary>
    internal ScaledDuration? ScaledDuration(string key) => Duration(key, "Units are ms, s, m, h; for each GiB of memory: 75s/GiB.");

    /// <summary>One of a few words.</summary>
    internal T? Word<T>(string key, IReadOnlyDictionary<string, T> words) where T : struct => Find(key) is { } value ? WordOf(key, value, words) : null;

    /// <summary>A list of some of a few words.</summary>
    internal IReadOnlyList<T>? Words<T>(string key, IReadOnlyDictionary<string, T> words) where T : struct =>
        Find(key) is { } value ? [.. Items(key, value).Select(item => WordOf(key, item, words))] : null;

    /// <summary>The error that a key is not there.</summary>
    internal ConfigurationException Missing(string key, string remedy) => Error(_mapping.At, PathOf(key), "this is missing", remedy);

    /// <summary>The error that the value of a key that is there is wrong.</summary>
    internal ConfigurationException Wrong(string key, string problem, string? remedy = null) => Error(PlaceOf(key), PathOf(key), problem, remedy);

    /// <summary>The error that a setting somewhere below is wrong.</summary>
    /// <param name="path">The setting, from here.</param>
    /// <param name="problem">What is wrong.</param>
    /// <param name="remedy">What to write instead.</param>
    internal ConfigurationException WrongBelow(string path, string problem, string? remedy) => Error(NearestPlaceOf(PathOf(path)), PathOf(path), problem, remedy);

    /// <summary>Where the value of a key that is there begins.</summary>
    internal SettingOrigin PlaceOf(string key) => _places[PathOf(key)];

    /// <summary>Where a setting of the document stands; for one that is not there, the nearest mapping around it. Only what was opened is known.</summary>
    /// <param name="path">The setting, from the root: <c>options.tls.enabled</c>.</param>
    internal SettingOrigin NearestPlaceOf(string path) =>
        _places.TryGetValue(path, out SettingOrigin? place) ? place
        : NearestPlaceOf(path.LastIndexOf('.') is var dot && dot > 0 ? path[..dot] : "");

    private static IEnumerable<(YamlScalar, YamlSection)> Named(YamlValue node, string path, string wanted, string[] known, Dictionary<string, SettingOrigin> places) =>
        node is YamlMapping mapping
            ? mapping.Pairs.Select(pair => (pair.Key, new YamlSection(pair.Value, YamlReader.Below(path, pair.Key.Text), known, places)))
            : throw Error(node.At, path, $"{wanted} is wanted here, not {node.Word}");

    private ScaledDuration? Duration(string key, string remedy) => Find(key) is not { } value ? null
        : value is YamlScalar scalar && Migration.Policies.ScaledDuration.TryParse(scalar.Text) is { } duration ? duration
        : throw Wrong(key, "a duration with its unit is wanted here", remedy);

    private IReadOnlyList<YamlValue> Items(string key, YamlValue value) =>
        value is YamlList list ? list.Items : throw Error(value.At, PathOf(key), "a list is wanted here, such as [a, b]");

    // What other readers take for nothing or for a truth value needs quotes to be text.
    private string TextOf(string key, YamlValue value) =>
        value is YamlScalar scalar && !(scalar.IsPlain && scalar.Text is ("" or "~" or "null" or "true" or "false"))
            ? scalar.Text
            : throw Error(value.At, PathOf(key), $"text is wanted here, not {value.Word}");

    private T WordOf<T>(string key, YamlValue value, IReadOnlyDictionary<string, T> words) where T : struct =>
        value is YamlScalar scalar && words.TryGetValue(scalar.Text, out T word)
            ? word
            : throw Error(value.At, PathOf(key), $"one of {string.Join(", ", words.Keys)} is wanted here");

    private ConfigurationException Unknown(YamlScalar key, string[] known) =>
        HostSettingRules.IsSecret(key.Text)
            ? Error(key.At, PathOf(key.Text), "a setting of this name would hold a secret", HostSettingRules.NoPasswords)
            : Error(key.At, PathOf(key.Text), "there is no such setting",
                HostsConfiguration.NearestOf(key.Text, known) is { } meant ? $"Did you mean {meant}?" : $"There is {string.Join(", ", known)}.");

    private YamlValue? Find(string key) => _mapping.Pairs.FirstOrDefault(pair => pair.Key.Text == key).Value;

    private string PathOf(string key) => YamlReader.Below(_path, key);

    private static ConfigurationException Error(SettingOrigin at, string path, string problem, string? remedy = null) => new(at, path.Length == 0 ? null : path, problem, remedy);
}
