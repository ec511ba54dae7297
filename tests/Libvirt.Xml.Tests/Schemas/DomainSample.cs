using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml.Tests.Schemas;

/// <summary>A file of samples/domains: a domain document under a comment of labelled lines.</summary>
internal sealed partial record DomainSample(string Name, string Text)
{
    internal static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "samples", "domains");

    internal static IReadOnlyList<DomainSample> All { get; } =
        [.. Directory.GetFiles(Folder, "*.xml").Order(StringComparer.Ordinal).Select(file => new DomainSample(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file)))];

    internal XDocument Document => XDocument.Parse(Text);

    internal string Dialect => Labels["Dialect"];

    /// <summary>The labels of the comment at the top, each with the first line of its text.</summary>
    internal IReadOnlyDictionary<string, string> Labels => Document.FirstNode is XComment comment
        ? Label().Matches(comment.Value).ToDictionary(m => m.Groups["label"].Value, m => m.Groups["text"].Value)
        : throw new XmlException($"{Name}.xml does not begin with a comment");

    public override string ToString() => Name;

    [GeneratedRegex("^  (?<label>[A-Z][a-z]+): +(?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Label();
}
