using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tests.Shared;

/// <summary>The part of JSON Schema that our schemas use; no validator can be restored everywhere.</summary>
internal sealed class JsonSchema(JsonObject schema)
{
    /// <summary>Reads a schema from the folder schemas/.</summary>
    internal static JsonSchema Load(string file) =>
        new(JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "schemas", file)))!.AsObject());

    /// <summary>What of a document does not conform.</summary>
    internal List<string> Problems(JsonNode? document)
    {
        var problems = new List<string>();
        Check(document, schema, "$", problems);
        return problems;
    }

    private void Check(JsonNode? node, JsonNode rule, string path, List<string> problems)
    {
        if (rule["$ref"] is { } reference)
        {
            rule = schema["$defs"]![reference.GetValue<string>()["#/$defs/".Length..]]!;
        }

        JsonValueKind kind = node?.GetValueKind() ?? JsonValueKind.Null;
        string[] types = rule["type"] switch { JsonArray many => [.. many.Select(t => t!.GetValue<string>())], { } one => [one.GetValue<string>()], _ => [] };
        if (types.Length > 0 && !types.Any(type => IsOf(node, kind, type)))
        {
            problems.Add($"{path}: {kind} is no {string.Join(" or ", types)}");
            return;
        }

        if (rule["enum"] is JsonArray values && !values.Any(value => JsonNode.DeepEquals(value, node)))
        {
            problems.Add($"{path}: {node} is not allowed");
        }

        if (node is JsonArray items)
        {
            for (int i = 0; i < items.Count; i++)
            {
                Check(items[i], rule["items"]!, $"{path}[{i}]", problems);
            }
        }
        else if (node is JsonObject members)
        {
            CheckMembers(members, rule, path, problems);
        }
    }

    private void CheckMembers(JsonObject members, JsonNode rule, string path, List<string> problems)
    {
        problems.AddRange((rule["required"] as JsonArray ?? []).Select(r => r!.GetValue<string>()).Where(r => !members.ContainsKey(r)).Select(r => $"{path}: {r} is missing"));
        bool closed = rule["additionalProperties"] is JsonValue open && !open.GetValue<bool>();
        foreach ((string name, JsonNode? value) in members)
        {
            JsonNode? known = rule["properties"]?[name] ?? rule["additionalProperties"] as JsonObject;
            if (known is not null)
            {
                Check(value, known, $"{path}.{name}", problems);
            }
            else if (closed)
            {
                problems.Add($"{path}: {name} is unknown");
            }
        }
    }

    private static bool IsOf(JsonNode? node, JsonValueKind kind, string type) => type switch
    {
        "object" => kind == JsonValueKind.Object,
        "array" => kind == JsonValueKind.Array,
        "string" => kind == JsonValueKind.String,
        "null" => kind == JsonValueKind.Null,
        "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
        "number" => kind == JsonValueKind.Number,
        "integer" => kind == JsonValueKind.Number && long.TryParse(node!.ToJsonString(), out _),
        _ => throw new NotSupportedException($"the schema uses the type {type}"),
    };
}
