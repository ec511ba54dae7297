using System.Globalization;
using System.Text.Json;
using Benchmarks;

// Benchmarks [--orchestrator FILE] [--json FILE] [NAME…]: measures what is named (default: everything), prints a table. Exit code 1: a limit was missed.
var all = new Dictionary<string, Func<Options, Task<IReadOnlyList<Row>>>>
{
    ["getinfo"] = _ => GetInfoBenchmark.RunAsync(),
    ["host"] = _ => HostBenchmark.RunAsync(),
    ["log"] = _ => LogBenchmark.RunAsync(),
    ["domains"] = DomainsBenchmark.RunAsync,
    ["migrate"] = MigrateBenchmark.RunAsync,
    ["policies"] = PoliciesBenchmark.RunAsync,
};

var options = Options.Parse(args);
string[] names = options.Names.Count == 0 ? [.. all.Keys] : [.. options.Names];
if (names.Except(all.Keys).ToArray() is [var unknown, ..])
{
    Console.Error.WriteLine($"No benchmark is called '{unknown}'. There are: {string.Join(", ", all.Keys)}");
    return 2;
}

var rows = new List<Row>();
foreach (string name in names)
{
    Console.Error.WriteLine($"measuring {name}");
    rows.AddRange(await all[name](options));
}

foreach (Row row in rows)
{
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{row.Name,-48} {row.Ours,12:0.0} {row.Unit,-8} {row.Against,-44} {row.Yardstick,12:0.0}   ratio {row.Ratio,6:0.00}  ({(row.MoreIsBetter ? ">=" : "<=")} {row.Limit:0.00}) {(row.IsReached ? "ok" : "MISSED")}"));
}

if (options.JsonFile is { } file)
{
    using FileStream stream = File.Create(file);
    using var json = new Utf8JsonWriter(stream, new() { Indented = true });
    json.WriteStartArray();
    foreach (Row row in rows)
    {
        json.WriteStartObject();
        json.WriteString("name", row.Name);
        json.WriteNumber("ours", row.Ours);
        json.WriteNumber("yardstick", row.Yardstick);
        json.WriteString("unit", row.Unit);
        json.WriteString("against", row.Against);
        json.WriteNumber("ratio", row.Ratio);
        json.WriteNumber("limit", row.Limit);
        json.WriteBoolean("reached", row.IsReached);
        json.WriteEndObject();
    }

    json.WriteEndArray();
}

return rows.TrueForAll(r => r.IsReached) ? 0 : 1;
