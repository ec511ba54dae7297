using System.Text;
using System.Text.Json;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>A command line as libvirt prints it for a shell: words that need it stand in single quotes, and a quote of their own is <c>'\''</c>.</summary>
internal sealed class QemuArguments(string commandLine)
{
    private readonly List<string> _words = Split(commandLine);

    /// <summary>The values of an option, in their order.</summary>
    internal IEnumerable<string> Values(string option) => _words.Zip(_words.Skip(1)).Where(pair => pair.First == option).Select(pair => pair.Second);

    /// <summary>The one object that an option makes of a kind, given as JSON (<c>-device</c>: driver, <c>-object</c>: qom-type).</summary>
    internal JsonElement Json(string option, string key, string kind) => Values(option)
        .Where(value => value.StartsWith('{'))
        .Select(value => JsonDocument.Parse(value).RootElement)
        .Single(value => value.GetProperty(key).GetString() == kind);

    private static List<string> Split(string text)
    {
        List<string> words = [];
        var word = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\'':
                    quoted = !quoted;
                    break;
                case '\\' when !quoted:
                    word.Append(text[++i]);
                    break;
                case ' ' or '\n' when !quoted:
                    words.Add(word.ToString());
                    word.Clear();
                    break;
                default:
                    word.Append(text[i]);
                    break;
            }
        }

        return [.. words, word.ToString()];
    }
}
