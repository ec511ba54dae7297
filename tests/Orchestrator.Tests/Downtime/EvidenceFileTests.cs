using System.Text.Json;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class EvidenceFileTests
{
    private string _folder = "";

    private string Evidence => Path.Combine(_folder, "e.json");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("evidence-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Load_saved_evidence_measures_the_same()
    {
        var evidence = Full();
        EvidenceFile.Save(Evidence, evidence);

        var loaded = EvidenceFile.Load(Evidence);

        Assert.That(Json(loaded), Is.EqualTo(Json(evidence)));
        Assert.That(JsonSerializer.Serialize(DowntimeMeasurement.Measure(loaded), DowntimeJson.Default.DowntimeReport),
            Is.EqualTo(JsonSerializer.Serialize(DowntimeMeasurement.Measure(evidence), DowntimeJson.Default.DowntimeReport)));
    }

    [Test]
    public void Save_replaces_the_file_and_leaves_no_other()
    {
        File.WriteAllText(Evidence, "old");
        EvidenceFile.Save(Evidence, Samples.Migration());

        Assert.That(Directory.GetFiles(_folder), Is.EqualTo(new[] { Evidence }));
        Assert.That(EvidenceFile.Load(Evidence).DomainName, Is.EqualTo("web1"));
    }

    [TestCase("/dev/null")]
    [TestCase("/dev/stdout")]
    public void Save_device_is_refused(string path)
        => Assert.That(() => EvidenceFile.Save(path, Samples.Migration()), Throws.InstanceOf<IOException>().With.Message.Contains("not a regular file"));

    [Test]
    public void Load_any_truncation_is_refused_with_a_reason([Values(1, 100, 1000, 3000)] int length)
    {
        EvidenceFile.Save(Evidence, Samples.Migration());
        File.WriteAllBytes(Evidence, File.ReadAllBytes(Evidence)[..length]);

        Assert.That(() => EvidenceFile.Load(Evidence), Throws.TypeOf<InvalidDataException>().With.Message.Contains("is truncated"));
    }

    [TestCase("", "is empty")]
    [TestCase("hello", "is not an evidence file")]
    [TestCase("[]", "it has no format_version")]
    [TestCase("{}", "it has no format_version")]
    [TestCase("""{"format_version":2}""", "has format_version 2; this version reads 1")]
    [TestCase("""{"format_version":"1"}""", "has format_version \"1\"; this version reads 1")]
    [TestCase("""{"format_version":1}""", "domain_name")]
    [TestCase("""{"format_version":1,"domain_name":7}""", "domain_name")]
    public void Load_anything_else_is_refused_with_a_reason(string content, string reason)
    {
        File.WriteAllText(Evidence, content);

        Assert.That(() => EvidenceFile.Load(Evidence), Throws.TypeOf<InvalidDataException>().With.Message.Contains(reason));
    }

    [Test]
    public void Report_json_has_the_names_that_scripts_rely_on()
    {
        using var document = JsonDocument.Parse(JsonSerializer.Serialize(DowntimeMeasurement.Measure(Full()), DowntimeJson.Default.DowntimeReport));
        var report = document.RootElement;
        var sources = report.GetProperty("sources");

        Assert.That(report.GetProperty("method").GetString(), Is.EqualTo("trace"));
        Assert.That(report.GetProperty("value_ms").GetDouble(), Is.EqualTo(12.19));
        Assert.That(report.GetProperty("uncertainty_ms").GetDouble(), Is.EqualTo(0.603));
        Assert.That(sources.GetProperty("trace").GetProperty("value_ms").GetDouble(), Is.EqualTo(12.19));
        Assert.That(sources.GetProperty("trace").GetProperty("events")[0].GetString(), Is.EqualTo("vm_state_notify running 0"));
        Assert.That(sources.GetProperty("qmp").GetProperty("value_ms").GetDouble(), Is.EqualTo(12.126));
        Assert.That(sources.GetProperty("libvirt").GetProperty("downtime_ms").GetDouble(), Is.EqualTo(15));
        Assert.That(sources.GetProperty("libvirt").GetProperty("downtime_net_ms").GetDouble(), Is.EqualTo(14));
        Assert.That(sources.GetProperty("observer").GetProperty("value_ms").GetDouble(), Is.EqualTo(12.052));
        Assert.That(sources.GetProperty("guest").GetProperty("value_ms").GetDouble(), Is.EqualTo(12.5));
        Assert.That(report.GetProperty("timeline")[0].EnumerateObject().Select(p => p.Name), Is.EqualTo(new[] { "event", "host", "at", "offset_ms", "channel" }));
        Assert.That(report.GetProperty("phases")[0].EnumerateObject().Select(p => p.Name), Is.EqualTo(new[] { "name", "duration_ms" }));
    }

    internal static MigrationEvidence Full() => Samples.Migration() with
    {
        MaxDowntimeMs = 300,
        JobSamples = [new JobSample { At = Samples.At(860000), ElapsedMs = 12.5, MemoryTotal = 1L << 40, ExpectedDowntimeMs = 3 }],
        GuestTicks = [new GuestTick(Samples.At(853000), 1, 10_000_000), new GuestTick(Samples.At(885500), 2, 30_000_000)],
    };

    private static string Json(MigrationEvidence evidence) => JsonSerializer.Serialize(evidence, DowntimeJson.Default.MigrationEvidence);
}
