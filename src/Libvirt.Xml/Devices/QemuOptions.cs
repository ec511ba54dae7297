using System.Globalization;
using System.Text.Json;

namespace Libvirt.Xml.Devices;

/// <summary>The value of a QEMU option such as <c>-device</c>: <c>driver,key=value,…</c> (a comma inside a value is doubled), or JSON since QEMU 6.2.</summary>
internal sealed class QemuOptions
{
    private readonly Dictionary<string, string> _values;

    private QemuOptions(Dictionary<string, string> values, bool json)
    {
        _values = values;
        IsJson = json;
    }

    internal bool IsJson { get; }

    internal string? this[string key] => _values.GetValueOrDefault(key);

    /// <summary>Reads a value; <see langword="null"/> when it is neither form.</summary>
    /// <param name="text">The value.</param>
    /// <param name="first">What the first part without a key is: <c>driver</c> of a device, <c>type</c> of a network.</param>
    internal static QemuOptions? Parse(string text, string first) => text.StartsWith('{') ? FromJson(text) : FromKeys(text, first);

    internal IEnumerable<string> Keys => _values.Keys;

    /// <summary>A switch, in every spelling that QEMU takes.</summary>
    internal bool? Switch(string key) => this[key] switch
    {
        "on" or "true" or "yes" or "y" => true,
        "off" or "false" or "no" or "n" => false,
        _ => null,
    };

    internal int? Number(string key) => int.TryParse(this[key], NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    /// <summary>A value in the key=value form.</summary>
    internal static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);

    /// <summary>One more part; nothing for an absent value.</summary>
    internal static string Part(string key, string? value) => value is null ? "" : $",{key}={Escape(value)}";

    private static QemuOptions FromKeys(string text, string first)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((int index, string part) in Split(text).Index())
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                values[part[..equals]] = part[(equals + 1)..];
            }
            else
            {
                // Without a value the first part is the driver's name, any other a switch that is on.
                values[index == 0 ? first : part] = index == 0 ? part : "on";
            }
        }

        return new(values, json: false);
    }

    private static IEnumerable<string> Split(string text)
    {
        var part = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(text[i++]);
            }
            else
            {
                yield return part.ToString();
                part.Clear();
            }
        }

        yield return part.ToString();
    }

    private static QemuOptions? FromJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            var values = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                values[property.Name] = property.Value.ValueKind switch
                {
                    JsonValueKind.String => property.Value.GetString()!,
                    JsonValueKind.True => "on",
                    JsonValueKind.False => "off",
                    _ => property.Value.GetRawText(),
                };
            }

            return new(values, json: true);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
