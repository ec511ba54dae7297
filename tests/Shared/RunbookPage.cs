using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Tests.Shared;

/// <summary>A page that tells its readers what to type, and by its comments what a test can do with that.</summary>
/// <param name="path">Where it is in the repository.</param>
internal sealed partial class RunbookPage(string path)
{
    private readonly string _text = File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The repository.</summary>
    internal static string Root { get; } = typeof(RunbookPage).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>The lines of its shell blocks, without the remarks at their ends.</summary>
    internal IEnumerable<string> Commands => Blocks().Matches(_text).SelectMany(LinesOf);

    /// <summary>What it mentions within a sentence or a table, as code.</summary>
    internal IEnumerable<string> Mentions => Spans().Matches(Fences().Replace(_text, "")).Select(span => span.Groups[1].Value);

    /// <summary>Depth and number of each heading: what a translation has in common with its original.</summary>
    internal IEnumerable<string> Chapters => Headings.Select(heading => string.Concat(heading.TakeWhile(sign => sign is '#' or ' ' or '.' || char.IsAsciiDigit(sign))));

    /// <summary>What links may have behind <c>#</c>, by GitHub's rule: small letters, digits, dashes for blanks.</summary>
    internal IEnumerable<string> Anchors =>
        Headings.Select(heading => string.Concat(heading.TrimStart('#', ' ').ToLowerInvariant().Where(sign => char.IsLetterOrDigit(sign) || sign is ' ' or '-' or '_')).Replace(' ', '-'));

    /// <summary>The files of the repository that it links to, seen from the page, and where in them.</summary>
    internal IEnumerable<(string File, string Anchor)> Links =>
        LinkTargets().Matches(Fences().Replace(_text, "")).Select(link => (link.Groups[1].Value, link.Groups[2].Value)).Where(link => !link.Item1.Contains(':', StringComparison.Ordinal));

    private IEnumerable<string> Headings => Fences().Replace(_text, "").Split('\n').Where(line => line.StartsWith('#'));

    /// <summary>The commands of the blocks that stand below a comment.</summary>
    internal IEnumerable<string> Below(string comment) => Blocks().Matches(_text).Where(block => block.Groups["comment"].Value == comment).SelectMany(LinesOf);

    /// <summary>The commands that a test types in a lab, in their order, each with the exit code that the comment promises: <c>walked: plain 0, vdpa 4</c>.</summary>
    internal IEnumerable<(string Command, int ExitCode)> WalkIn(string lab) =>
        from block in Blocks().Matches(_text)
        where block.Groups["comment"].Value.StartsWith("walked: ", StringComparison.Ordinal)
        from place in block.Groups["comment"].Value["walked: ".Length..].Split(", ")
        where place.StartsWith(lab + ' ', StringComparison.Ordinal)
        from command in LinesOf(block)
        select (command, int.Parse(place[(lab.Length + 1)..], CultureInfo.InvariantCulture));

    /// <summary>What of a command follows the tool's name, without a redirection; <see langword="null"/> when it is another's.</summary>
    internal static string[]? Arguments(string command) =>
        command.StartsWith("orchestrator ", StringComparison.Ordinal) ? [.. CommandLineParser.SplitCommandLine(command.Split(" > ")[0]).Skip(1)] : null;

    private static IEnumerable<string> LinesOf(Match block) => block.Groups["lines"].Value.Split('\n').Select(line => Remark().Replace(line, "")).Where(line => line.Length > 0);

    [GeneratedRegex("(?:<!-- (?<comment>[^\n]*) -->\n)?```sh\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex Fences();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Spans();

    [GeneratedRegex(@"\]\(([^)#\s]*)#?([^)\s]*)\)")]
    private static partial Regex LinkTargets();

    [GeneratedRegex(@"\s+# .*$")]
    private static partial Regex Remark();
}
