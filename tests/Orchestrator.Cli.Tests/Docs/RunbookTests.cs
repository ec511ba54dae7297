using System.CommandLine;
using System.Text.RegularExpressions;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Docs;

/// <summary>A page says the same in every language, and nothing that the command line does not take.</summary>
public partial class RunbookTests
{
    private static IEnumerable<string> Pages => ["README.md", "README.zh-CN.md", .. Directory.GetFiles(Path.Combine(RunbookPage.Root, "docs"), "*.md").Select(file => $"docs/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Translations => Pages.Where(page => page.EndsWith(".zh-CN.md", StringComparison.Ordinal));

    [TestCaseSource(nameof(Translations))]
    public void Translation_has_the_commands_of_the_original(string page)
    {
        string[] original = [.. Original(page).Commands];

        Assert.That(original, Is.Not.Empty);
        Assert.That(new RunbookPage(page).Commands, Is.EqualTo(original));
    }

    [TestCaseSource(nameof(Translations))]
    public void Translation_has_the_chapters_of_the_original(string page) => Assert.That(new RunbookPage(page).Chapters, Is.EqualTo(Original(page).Chapters));

    [TestCaseSource(nameof(Translations))]
    public void Translation_names_what_the_original_names(string page) => Assert.That(new RunbookPage(page).Mentions.Distinct(), Is.EquivalentTo(Original(page).Mentions.Distinct()));

    [TestCaseSource(nameof(Translations))]
    public void Translation_is_walked_where_the_original_is(string page) => Assert.Multiple(() =>
    {
        foreach (string lab in new[] { "plain", "kunpeng", "vdpa" })
        {
            Assert.That(new RunbookPage(page).WalkIn(lab), Is.EqualTo(Original(page).WalkIn(lab)), lab);
        }
    });

    [TestCaseSource(nameof(Translations))]
    public void Commands_are_taken_by_the_command_line(string page)
    {
        RootCommand root = CommandLine.Build(new(), new(TextWriter.Null, TextWriter.Null, isTerminal: false));
        var text = new RunbookPage(page);

        Assert.Multiple(() =>
        {
            foreach (string command in text.Commands.Concat(text.Mentions).Concat(Original(page).Mentions))
            {
                Assert.That(RunbookPage.Arguments(command) is { } arguments ? root.Parse(arguments).Errors.Select(error => error.Message) : [], Is.Empty, command);
            }
        });
    }

    [TestCaseSource(nameof(Pages))]
    public void Links_lead_somewhere(string page) => Assert.Multiple(() =>
    {
        foreach ((string file, string anchor) in new RunbookPage(page).Links)
        {
            string target = file.Length == 0 ? page : Path.GetRelativePath(RunbookPage.Root, Path.Combine(RunbookPage.Root, Path.GetDirectoryName(page)!, file));
            Assert.That(Path.Exists(Path.Combine(RunbookPage.Root, target)), $"{file} is not there");
            Assert.That(anchor.Length == 0 || new RunbookPage(target).Anchors.Contains(anchor), $"{file} has no chapter #{anchor}");
        }
    });

    [Test]
    public void Units_and_tables_start_what_the_command_line_takes()
    {
        RootCommand root = CommandLine.Build(new(), new(TextWriter.Null, TextWriter.Null, isTerminal: false));
        string samples = Path.Combine(RunbookPage.Root, "samples");
        string[] commands =
        [
            .. Directory.GetFiles(Path.Combine(samples, "systemd"), "*.service").SelectMany(File.ReadLines).Select(line => Started().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value),
            .. Directory.GetFiles(Path.Combine(samples, "cron")).SelectMany(File.ReadLines).Where(line => line.StartsWith('0')).SelectMany(line => line.Split(" orchestrator ", 2)[1].Split(';')).Select(part => part.Trim()["orchestrator ".Length..]),
        ];

        Assert.That(commands, Has.Length.GreaterThan(4));
        Assert.That(commands.SelectMany(command => root.Parse(command).Errors.Select(error => $"{command}: {error.Message}")), Is.Empty);
    }

    private static RunbookPage Original(string page) => new(page.Replace(".zh-CN", "", StringComparison.Ordinal));

    [GeneratedRegex("^ExecStart(?:Pre)?=-?/usr/local/bin/orchestrator (.*)$")]
    private static partial Regex Started();
}
