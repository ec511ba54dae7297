using System.Globalization;
using Orchestrator.Configuration;

namespace Orchestrator.Migration.Policies;

/// <summary>A mapping of a policy file, read key by key: a key that is not asked for is unknown. <paramref name="places"/> keeps where each stands.</summary>
internal sealed class PolicySection(PolicyNode node, string path, string[] keys, Dictionary<string, SettingOrigin> places)
{
    private readonly Dictionary<string, PolicyNode> _values = Read(node, path, keys, places);

    /// <summary>The mapping under a key, if there is one.</summary>
    internal PolicySection? Section(string key, params string[] known) => Find(key) is { } value ? new(value, PathOf(key), known, places) : null;

    internal string? Text(string key) => Find(key) switch
    {
        null => null,
        PolicyScalar { IsPlain: true, Text: "" or "~" or "null" or "true" or "false" } or not PolicyScalar => throw Wrong(key, "text is wanted here"),
        PolicyScalar scalar => scalar.Text,
    };

    internal bool? Flag(string key) => Find(key) switch
    {
        null => null,
        PolicyScalar { IsPlain: true, Text: "true" or "false" } scalar => scalar.Text == "true",
        _ => throw Wrong(key, "true or false is wanted here"),
    };

    internal long? Integer(string key) => Find(key) is not { } value ? null
        : value is PolicyScalar { IsPlain: true } scalar && long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw Wrong(key, "a whole number is wanted here");

    internal int? SmallInteger(string key) => Integer(key) is not { } number ? null
        : number <= int.MaxValue ? (int)number
        : throw Wrong(key, "this number is too large");

    internal double? Number(string key) => Find(key) is not { } value ? null
        : value is PolicyScalar { IsPlain: true } scalar && double.TryParse(scalar.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) ? number
        : throw Wrong(key, "a number is wanted here, such as 0.5");

    /// <summary>A duration that does not depend on the guest.</summary>
    internal TimeSpan? Duration(string key) => ScaledDuration(key) is not { } duration ? null
        : !duration.PerGiB ? duration.Value
        : throw Wrong(key, "a duration is wanted here that is the same for every guest, such as 100ms");

    internal ScaledDuration? ScaledDuration(string key) => Find(key) is not { } value ? null
        : value is PolicyScalar scalar && Policies.ScaledDuration.TryParse(scalar.Text) is { } duration ? duration
        : throw Wrong(key, "a duration with its unit is wanted here", "Units are ms, s, m, h; for each GiB of memory: 75s/GiB.");

    /// <summary>One of a few words.</summary>
    internal T? Word<T>(string key, IReadOnlyDictionary<string, T> words) where T : struct => Find(key) is { } value ? WordOf(key, value, words) : null;

    /// <summary>A list of words.</summary>
    internal IReadOnlyList<T>? Words<T>(string key, IReadOnlyDictionary<string, T> words) where T : struct =>
        Find(key) is { } value ? [.. Items(key, value).Select(item => WordOf(key, item, words))] : null;

    internal IReadOnlyList<string>? Texts(string key) => Find(key) is not { } value ? null
        : [.. Items(key, value).Select(item => item is PolicyScalar scalar ? scalar.Text : throw Error(item.At, key, "text is wanted here"))];

    internal ConfigurationException Missing(string key, string remedy) => new(node.At, PathOf(key), "this is missing", remedy);

    private static Dictionary<string, PolicyNode> Read(PolicyNode node, string path, string[] keys, Dictionary<string, SettingOrigin> places)
    {
        if (node is not PolicyMapping mapping)
        {
            throw new ConfigurationException(node.At, path.Length == 0 ? null : path, $"a mapping with {string.Join(", ", keys)} is wanted here");
        }

        places[path] = node.At;
        foreach ((PolicyScalar key, PolicyNode value) in mapping.Pairs)
        {
            string at = path.Length == 0 ? key.Text : $"{path}.{key.Text}";
            if (!keys.Contains(key.Text, StringComparer.Ordinal))
            {
                throw new ConfigurationException(key.At, at, "there is no such setting",
                    HostsConfiguration.NearestOf(key.Text, keys) is { } meant ? $"Did you mean {meant}?" : $"There is {string.Join(", ", keys)}.");
            }

            places[at] = value.At;
        }

        return mapping.Pairs.ToDictionary(pair => pair.Key.Text, pair => pair.Value, StringComparer.Ordinal);
    }

    private IReadOnlyList<PolicyNode> Items(string key, PolicyNode value) => value is PolicyList list ? list.Items : throw Error(value.At, key, "a list is wanted here, such as [a, b]");

    private T WordOf<T>(string key, PolicyNode value, IReadOnlyDictionary<string, T> words) where T : struct =>
        value is PolicyScalar scalar && words.TryGetValue(scalar.Text, out T word) ? word : throw Error(value.At, key, $"one of {string.Join(", ", words.Keys)} is wanted here");

    private PolicyNode? Find(string key) => _values.GetValueOrDefault(key);

    internal ConfigurationException Wrong(string key, string problem, string? remedy = null) => Error(_values[key].At, key, problem, remedy);

    private ConfigurationException Error(SettingOrigin at, string key, string problem, string? remedy = null) => new(at, PathOf(key), problem, remedy);

    private string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";
}
