using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class EvidenceSchemaTests
{
    private static readonly JsonObject Schema = Load();

    [Test]
    public void Schema_saved_evidence_conforms()
        => Assert.That(Problems(Node(EvidenceFileTests.Full())), Is.Empty);

    [Test]
    public void Schema_smallest_evidence_conforms()
    {
        var host = new HostEvidence { Name = "a", Uri = "test:///default" };
        var evidence = new MigrationEvidence
        {
            DomainName = "d", DomainUuid = Guid.Empty, Source = host, Destination = host,
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

    private static List<string> Problems(JsonNode document)
    {
        var problems = new List<string>();
        Check(document, Schema, "$", problems);
        return problems;
    }

    /// <summary>The part of JSON Schema that our schemas use.</summary>
    private static void Check(JsonNode? node, JsonNode schema, string path, List<string> problems)
    {
        if (schema["$ref"] is { } reference)
        {
            schema = Schema["$defs"]![reference.GetValue<string>()["#/$defs/".Length..]]!;
        }

        var kind = node?.GetValueKind() ?? JsonValueKind.Null;
        var types = schema["type"] switch { JsonArray many => many.Select(t => t!.GetValue<string>()).ToArray(), { } one => [one.GetValue<string>()], _ => [] };
        if (types.Length > 0 && !types.Any(type => IsOf(node, kind, type)))
        {
            problems.Add($"{path}: {kind} is no {string.Join(" or ", types)}");
            return;
        }

        if (schema["enum"] is JsonArray values && !values.Any(value => JsonNode.DeepEquals(value, node)))
        {
            problems.Add($"{path}: {node} is not allowed");
        }

        if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Check(items[i], schema["items"]!, $"{path}[{i}]", problems);
            }
        }
        else if (node is JsonObject members)
        {
            CheckMembers(members, schema, path, problems);
        }
    }

    private static void CheckMembers(JsonObject members, JsonNode schema, string path, List<string> problems)
    {
        problems.AddRange((schema["required"] as JsonArray ?? []).Select(r => r!.GetValue<string>()).Where(r => !members.ContainsKey(r)).Select(r => $"{path}: {r} is missing"));
        foreach (var (name, value) in members)
        {
            var known = schema["properties"]?[name] ?? schema["additionalProperties"] as JsonObject;
            if (known is null)
            {
                problems.Add($"{path}: {name} is unknown");
            }
            else
            {
                Check(value, known, $"{path}.{name}", problems);
            }
        }
    }

    private static bool IsOf(JsonNode? node, JsonValueKind kind, string type) => type switch
    {
        "object" => kind == JsonValueKind.Object,
        "array" => kind == JsonValueKind.Array,
        "string" => kind == JsonValueKind.String,
        "null" => kind == JsonValueKind.Null,
        "number" => kind == JsonValueKind.Number,
        "integer" => kind == JsonValueKind.Number && long.TryParse(node!.ToJsonString(), out _),
        _ => throw new NotSupportedException($"the schema uses the type {type}"),
    };

    private static JsonObject Load()
    {
        var path = Path.Combine(TestContext.CurrentContext.TestDirectory, "schemas", "evidence.schema.json");
        return JsonNode.Parse(File.ReadAllText(path))!.AsObject();
    }
}
