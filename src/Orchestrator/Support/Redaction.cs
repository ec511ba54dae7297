using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestrator.Configuration;
using Orchestrator.Hosts;

namespace Orchestrator.Support;

/// <summary>
/// Takes secrets out of text that is given away: passwords in URIs, what a key that sounds like a secret holds in YAML, JSON, XML or a connection string, private keys. Rather
/// too much than too little. Pure.
/// </summary>
internal static partial class Redaction
{
    /// <summary>What stands in a secret's place.</summary>
    internal const string Mask = "***";

    // In the names of keys: of ours, libvirt's, QEMU's, PostgreSQL's, and of whatever a user's own files hold.
    private const string Words = "passw|passphrase|passcode|secret|token|credential|psk|pwd|apikey|api[_-]key|private[_-]?key|ssh[_-]?key|authorization";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a file without its secrets. JSON is read as such, so that nothing hides in its escapes.</summary>
    internal static string Of(string text)
    {
        if (text.AsSpan().TrimStart() is not (['{', ..] or ['[', ..]))
        {
            return OfText(text);
        }

        try
        {
            return (Walk(JsonNode.Parse(text))?.ToJsonString(Readable) ?? "null") + "\n";
        }
        catch (JsonException)
        {
            return OfText(text); // JSON lines, or a file that was cut off
        }
    }

    /// <summary>Whether a key or a variable of this name holds a secret.</summary>
    internal static bool IsSecret(string key) => SecretKey().IsMatch(key) || HostSettingRules.IsSecret(key);

    internal static string OfText(string text)
    {
        text = PrivateKey().Replace(text, Mask);
        text = Block().Replace(text, $"${{key}} {Mask}\n");
        text = Line().Replace(text, $"${{key}}{Mask}");
        text = Header().Replace(text, $"${{key}}{Mask}");
        text = Cookie().Replace(text, $"${{key}}{Mask}");
        text = Bearer().Replace(text, $"${{scheme}} {Mask}");
        return HostAddress.Redact(Pair().Replace(text, Masked));
    }

    // A quoted value stays a quoted one, so that the document stays what it is.
    private static string Masked(Match pair)
    {
        string value = pair.Groups["value"].Value;
        string quote = value[0] is '"' or '\'' ? value[..1] : value[0] is '{' or '[' && pair.Groups["key"].Value.TrimStart().StartsWith('"') ? "\"" : "";
        return $"{pair.Groups["key"].Value}{quote}{Mask}{quote}";
    }

    private static JsonNode? Walk(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((string name, JsonNode? value) in members.ToList())
                {
                    members[name] = IsSecret(name) && value is not null ? Mask : Walk(value)?.DeepClone();
                }

                return members;
            case JsonArray items:
                for (int i = 0; i < items.Count; i++)
                {
                    items[i] = Walk(items[i])?.DeepClone();
                }

                return items;
            case JsonValue value when value.TryGetValue(out string? text):
                return OfText(text);
            default:
                return node;
        }
    }

    [GeneratedRegex($"{Words}|^pass$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretKey();

    // A line that is a setting alone: all of it, since a plain text of YAML may have spaces.
    [GeneratedRegex(
        $@"^(?<key>[ \t]*(?:- |export )?[""']?[\w.-]*(?:{Words}|\bpass\b)[\w.-]*[""']?[ \t]*[:=][ \t]*)(?![\s""'{{\[]).+?(?=[ \t\r]*$)", RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Line();

    // A header of HTTP, whatever its scheme, to the end of the line or the text that quotes it.
    [GeneratedRegex(@"(?<key>authorization[""']?[ \t]*[:=][ \t]*[""']?)[^\r\n""']+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Header();

    // What libvirt sends to an HTTP server for a disk.
    [GeneratedRegex(@"(?<key><cookie\b[^<>]*>)[^<]+", RegexOptions.CultureInvariant)]
    private static partial Regex Cookie();

    // key: value, key=value, "key": "value", key='value'; a list or a flat mapping as a whole.
    [GeneratedRegex(
        $$"""(?<![\w.-])(?<key>["']?[\w.-]*(?:{{Words}}|\bpass\b)[\w.-]*["']?[ \t]*[:=][ \t]*)(?<value>"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|\{[^{}]*\}|\[[^\[\]]*\]|(?<=:[ \t]*)[^\s,;&}\]"'<>{\[][^,;&}\]"'<>\r\n]*|[^\s,;&}\]"'<>{\[][^\s,;&}\]"'<>]*)""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pair();

    // YAML's longer ways: a text or a mapping below its key, as all lines that are indented more.
    [GeneratedRegex(
        $@"^(?<key>(?<indent>[ \t]*)(?:- )?[""']?[\w.-]*(?:{Words}|\bpass\b)[\w.-]*[""']?[ \t]*:)[ \t]*[|>]?[+\-\d]*[ \t]*\r?\n(?:(?:\k<indent>[ \t]+\S.*|[ \t]*)(?:\r?\n|\z))+",
        RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Block();

    [GeneratedRegex(@"\b(?<scheme>bearer|basic)[ \t]+[\w.~+/=-]{8,}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Bearer();

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\\z)", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex PrivateKey();
}
