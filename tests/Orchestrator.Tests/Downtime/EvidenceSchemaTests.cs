using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Downtime;
using Tests.Shared;

namespace Orchestrator.Tests.Downtime;

public class EvidenceSchemaTests
{
    private static readonly JsonSchema Schema = JsonSchema.Load("evidence.schema.json");

    [Test]
    public void Schema_saved_evidence_conforms()
        => Assert.That(Problems(Node(EvidenceFileTests.Full())), Is.Empty);

    [Test]
    public void Schema_smallest_evidence_conforms()
    {
        var host = new HostEvidence { Name = "a", Uri = "test:///default" };
        var evidence = new MigrationEvidence
        {
            DomainName = "d",
            DomainUuid = Guid.Empty,
            Source = host,
            Destination = host,
            Call = new MigrationCallEvidence { Started = Samples.At(0), Ended = Samples.At(1), Mode = "direct" },
        };

        Assert.That(Problems(Node(evidence)), Is.Empty);
    }

    [Test]
    public void Schema_required_members_are_those_the_reader_requires()
    {
        var smallest = JsonNode.Parse("""
            {
              "format_version": 1, "domain_name": "d", "domain_uuid": "00000000-0000-0000-0000-000000000000",
              "source": { "name": "a", "uri": "u" }, "destination": { "name": "b", "uri": "u" },
              "call": { "started": "2026-11-21T00:00:00Z", "ended": "2026-11-21T00:00:01Z", "mode": "p2p" }
            }
            """)!;

        Assert.That(Problems(smallest), Is.Empty);
        Assert.That(smallest.Deserialize(DowntimeJson.Default.MigrationEvidence)!.DomainName, Is.EqualTo("d"));
        foreach (var name in smallest.AsObject().Select(p => p.Key).Where(name => name != "format_version").ToArray())
        {
            var without = smallest.DeepClone();
            without.AsObject().Remove(name);
            Assert.That(Problems(without), Is.EqualTo(new[] { $"$: {name} is missing" }));
            Assert.That(() => without.Deserialize(DowntimeJson.Default.MigrationEvidence), Throws.TypeOf<JsonException>(), name);
        }
    }

    [Test]
    public void Schema_unknown_member_and_wrong_type_are_refused()
    {
        var evidence = Node(Samples.Migration());
        evidence["surprise"] = 1;
        evidence["source"]!["round_trips_ms"]![0] = "fast";
        evidence["source"]!["events"]![0]!["channel"] = "pigeon";

        Assert.That(Problems(evidence), Is.EquivalentTo(new[]
        {
            "$: surprise is unknown", "$.source.round_trips_ms[0]: String is no number", "$.source.events[0].channel: pigeon is not allowed",
        }));
    }

    private static JsonNode Node(MigrationEvidence evidence) => JsonSerializer.SerializeToNode(evidence, DowntimeJson.Default.MigrationEvidence)!;

    private static List<string> Problems(JsonNode document) => Schema.Problems(document);
}
