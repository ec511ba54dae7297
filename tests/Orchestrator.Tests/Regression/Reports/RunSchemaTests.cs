using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;
using Tests.Shared;

namespace Orchestrator.Tests.Regression.Reports;

public sealed class RunSchemaTests
{
    private static readonly JsonSchema Schema = JsonSchema.Load("regression-run.schema.json");

    private static IEnumerable<TestCaseData> Samples => RunSamples.All.Select(sample => new TestCaseData(sample.Make).SetArgDisplayNames(sample.Name));

    [TestCaseSource(nameof(Samples))]
    public void A_run_conforms_and_is_read_back_as_it_was(Func<ReportInput> make)
    {
        RegressionRun run = make().Run;
        string text = RunReports.Write(ReportFormat.Json, new(run));
        Assert.That(Schema.Problems(JsonNode.Parse(text)), Is.Empty);

        RegressionRun read = JsonSerializer.Deserialize(text, RunJson.Default.RegressionRun)!;
        Assert.That(RunReports.Write(ReportFormat.Json, new(read)), Is.EqualTo(text));
    }

    [Test]
    public void A_member_that_nobody_knows_and_a_verdict_that_is_none_are_refused()
    {
        JsonNode node = JsonNode.Parse(RunReports.Write(ReportFormat.Json, RunSamples.OneValue()))!;
        node["surprise"] = 1;
        node["scenarios"]![0]!["verdict"] = "fine";
        node["scenarios"]![0]!["measures"]![0]!["values"]![0]!["ms"] = "fast";
        Assert.That(Schema.Problems(node), Is.EquivalentTo(new[]
        {
            "$: surprise is unknown", "$.scenarios[0].verdict: fine is not allowed", "$.scenarios[0].measures[0].values[0].ms: String is no number",
        }));
    }

    [Test]
    public void What_the_schema_requires_is_what_the_reader_requires()
    {
        JsonObject smallest = JsonNode.Parse("""
            { "id": "20261121T020000Z-3fa9", "plan": "lab", "started": "2026-11-21T02:00:00Z", "environment": { "source": {}, "destination": {}, "tool": "orchestrator" } }
            """)!.AsObject();
        Assert.That(smallest.Deserialize(RunJson.Default.RegressionRun)!.Plan, Is.EqualTo("lab"));
        Assert.That(Schema.Problems(smallest), Is.Empty);
        foreach (string name in smallest.Select(member => member.Key).ToArray())
        {
            JsonObject without = smallest.DeepClone().AsObject();
            without.Remove(name);
            Assert.That(Schema.Problems(without), Is.EqualTo(new[] { $"$: {name} is missing" }));
            Assert.That(() => without.Deserialize(RunJson.Default.RegressionRun), Throws.TypeOf<JsonException>(), name);
        }
    }
}
