using System.CommandLine;
using System.Text.Json;
using Orchestrator.Migration.Checks;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator explain [CHECK-ID]</c>.</summary>
internal static class ExplainCommand
{
    internal static Command Create(CliConsole console)
    {
        var id = new Argument<string?>("CHECK-ID") { Description = "The id of a check, as migrate --check and host check print it. Default: all are listed.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("explain", "Says what a check looks at, why, and what mends it.") { id };
        command.SetAction(parsed => Show(console, parsed.GetValue(id)));
        return command;
    }

    private static int Show(CliConsole console, string? id)
    {
        CheckExplanation? found = id is null ? null : CheckCatalogue.Find(id)
            ?? throw new CliException(ExitCode.Usage, new("usage", $"There is no check {id}.", Operation: "explain", Remedy: Suggest(id)));
        IReadOnlyList<CheckExplanation> all = found is null ? CheckCatalogue.All : [found];
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(new ExplainDocument([.. all.Select(ExplainDocument.Of)]), PlanJson.Readable.ExplainDocument));
        }
        else if (found is null)
        {
            TextTable.Write(console, ["CHECK", "OF", "LOOKS AT"], all.Select(check => (IReadOnlyList<string>)[check.Id, ExplainDocument.NameOf(check.Subject), check.Means]));
        }
        else
        {
            console.Out.WriteLine($"{found.Id} ({ExplainDocument.NameOf(found.Subject)})");
            console.Out.WriteLine($"  looks at: {found.Means}");
            console.Out.WriteLine($"  why:      {found.Why}");
            console.Out.WriteLine($"  remedy:   {found.Remedy}");
            console.Out.WriteLine($"  consent:  {found.Consent ?? "none lets it pass"}");
        }

        return ExitCode.Done;
    }

    private static string Suggest(string word)
    {
        string[] like = [.. CheckCatalogue.All.Select(check => check.Id).Where(id => id.Contains(word, StringComparison.OrdinalIgnoreCase) || id.Split('-').Intersect(word.Split('-')).Any()).Take(5)];
        return like.Length > 0 ? $"Like it are: {string.Join(", ", like)}." : "orchestrator explain lists them all.";
    }
}
