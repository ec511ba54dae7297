using System.CommandLine;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Orchestrator.Cli.Tests.Docs;

/// <summary>A runbook says the same in every language, and nothing that the command line does not take.</summary>
public partial class RunbookTests
{
    private static readonly string Root =
        typeof(RunbookTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    private static IEnumerable<string> Translations => Directory.GetFiles(Path.Combine(Root, "docs"), "*.zh-CN.md").Select(Path.GetFileName)!;

    [TestCaseSource(nameof(Translations))]
    public void Translation_has_the_commands_of_the_original(string page)
    {
        string[] original = Commands(page.Replace(".zh-CN", "", StringComparison.Ordinal));

        Assert.That(original, Is.Not.Empty);
        Assert.That(Commands(page), Is.EqualTo(original));
    }

    [TestCaseSource(nameof(Translations))]
    public void Translation_has_the_chapters_of_the_original(string page) =>
        Assert.That(Chapters(page), Is.EqualTo(Chapters(page.Replace(".zh-CN", "", StringComparison.Ordinal))));

    [TestCaseSource(nameof(Translations))]
    public void Commands_are_taken_by_the_command_line(string page)
    {
        RootCommand root = CommandLine.Build(new(), new(TextWriter.Null, TextWriter.Null, isTerminal: false));

        Assert.Multiple(() =>
        {
            foreach (string command in Commands(page).Where(line => line.StartsWith("orchestrator ", StringComparison.Ordinal)))
            {
                Assert.That(root.Parse(command["orchestrator ".Length..]).Errors.Select(error => error.Message), Is.Empty, command);
            }
        });
    }

    [Test]
    public void Units_and_tables_start_what_the_command_line_takes()
    {
        RootCommand root = CommandLine.Build(new(), new(TextWriter.Null, TextWriter.Null, isTerminal: false));
        string[] commands =
        [
            .. Directory.GetFiles(Path.Combine(Root, "samples", "systemd"), "*.service").SelectMany(File.ReadLines).Select(line => Started().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value),
            .. Directory.GetFiles(Path.Combine(Root, "samples", "cron")).SelectMany(File.ReadLines).Where(line => line.StartsWith('0')).SelectMany(line => line.Split(" orchestrator ", 2)[1].Split(';')).Select(part => part.Trim()["orchestrator ".Length..]),
        ];

        Assert.That(commands, Has.Length.GreaterThan(4));
        Assert.That(commands.SelectMany(command => root.Parse(command).Errors.Select(error => $"{command}: {error.Message}")), Is.Empty);
    }

    private static string[] Commands(string page) =>
        [.. Blocks().Matches(File.ReadAllText(Path.Combine(Root, "docs", page))).SelectMany(block => block.Groups[1].Value.Split('\n')).Where(line => line.Length > 0)];

    private static string[] Chapters(string page) =>
        [.. File.ReadLines(Path.Combine(Root, "docs", page)).Where(line => line.StartsWith('#')).Select(line => string.Concat(line.TakeWhile(sign => sign is '#' or ' ' or '.' || char.IsAsciiDigit(sign))))];

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^ExecStart(?:Pre)?=-?/usr/local/bin/orchestrator (.*)$")]
    private static partial Regex Started();
}
