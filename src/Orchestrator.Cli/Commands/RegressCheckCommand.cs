using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Hosts;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator regress check PLAN.yaml</c>.</summary>
internal static class RegressCheckCommand
{
    internal static Command Create(CliConsole console)
    {
        var file = new Argument<string>("PLAN") { Description = "The plan: a YAML file." };
        var command = new Command("check", "Reads a plan with the files that it names, and says what it measures; no host is asked.") { file };
        command.SetAction(parsed =>
        {
            RegressionPlan plan = Load(parsed.GetValue(file)!);
            Show(console, parsed.GetValue(file)!, plan, plan is { Source: { } from, Destination: { } to } ? (from, to) : null, isDryRun: false);
            return ExitCode.Done;
        });
        return command;
    }

    /// <exception cref="CliException">The file cannot be read.</exception>
    internal static RegressionPlan Load(string file)
    {
        try
        {
            return RegressionPlanDocument.Load(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, new("usage", $"The plan {file} cannot be read: {e.Message}", Operation: "regress"));
        }
    }

    internal static void Show(CliConsole console, string file, RegressionPlan plan, (string From, string To)? hosts, bool isDryRun)
    {
        PlanSummary summary = PlanSummary.Of(file, plan, hosts, isDryRun);
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(summary, PlanSummaryJson.Readable.PlanSummary));
            return;
        }

        Line($"{summary.Plan}: {plan.Description ?? file}");
        Line(plan.UsesLab && hosts is null ? "In a lab of its own, which is brought up and taken down." : summary is { Source: { } from, Destination: { } to } ? $"Guests live on {from} and are sent to {to}." : "It names no hosts: --from and --to.");
        foreach ((string name, string value) in summary.HostSettings)
        {
            Line($"On both hosts {name} is \"{value}\" meanwhile.");
        }

        console.Out.WriteLine();
        TextTable.Write(
            console, ["scenario", "kind", "guest", "policy", "warm-ups", "values", "limits, ms"],
            summary.Scenarios.Select(scenario => new[]
            {
                scenario.Name, scenario.Kind, scenario.Guest, scenario.Policy ?? "", $"{scenario.WarmUps}", $"{scenario.Repetitions}",
                string.Join(", ", new (string Name, double? Ms)[] { ("each", scenario.EachMs), ("median", scenario.MedianMs), ("p95", scenario.P95Ms), ("max", scenario.MaxMs) }
                    .Where(limit => limit.Ms is not null).Select(limit => string.Create(CultureInfo.InvariantCulture, $"{limit.Name} {limit.Ms:0.###}"))),
            }));
        Line(isDryRun ? "Nothing was changed." : "The plan can be run.");

        void Line(string text) => console.Out.WriteLine(CliConsole.Printable(text));
    }
}
