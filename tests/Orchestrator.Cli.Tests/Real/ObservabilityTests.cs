using Orchestrator.Cli.Tests.Telemetry;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>What a real migration leaves for a collector, for Prometheus and in the log.</summary>
public sealed class ObservabilityTests
{
    private const string Guest = "watched";

    private string _folder = "";

    [OneTimeSetUp]
    public async Task StartGuest()
    {
        _folder = Directory.CreateTempSubdirectory("observed-").FullName;
        CliResult started = await CliProcess.RunAsync("lab", "guest", "--name", Guest);
        Assert.That(started.ExitCode, Is.Zero, $"{started}");
    }

    [OneTimeTearDown]
    public async Task RemoveGuest()
    {
        await CliLab.Lab.RemoveGuestAsync(Guest);
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_migration_is_told_to_the_collector_the_file_and_the_log_under_one_id()
    {
        string prom = Path.Combine(_folder, "orchestrator.prom");
        string log = Path.Combine(_folder, "there.log");
        await using var collector = new OtlpReceiver();

        var patient = new Dictionary<string, string> { [OtlpExport.PatienceVariable] = "60000" }; // a busy machine is not what is tested
        CliResult there = await CliProcess.RunAsync(patient, "migrate", Guest, "--from", "lab-a", "--to", "lab-b", "--json", "--otlp", collector.Url, "--metrics-file", prom, "--log-file", log);
        Assert.That(there.ExitCode, Is.Zero, $"{there}");
        string id = there.Json.GetProperty("operation_id").GetString()!;
        Assert.That(collector.Received("/v1/traces", id) && collector.Received("/v1/traces", "blackout") && collector.Received("/v1/metrics", "orchestrator.migration.downtime"));
        string[] told = [.. File.ReadAllLines(log).Where(line => line.Contains("Migrating", StringComparison.Ordinal) || line.Contains("Migration of", StringComparison.Ordinal))];
        Assert.That(told, Has.Length.EqualTo(2).And.All.Contains(id));

        // A collector that is not there changes nothing of what was done.
        var nowhere = new Dictionary<string, string> { [TelemetryOptions.EndpointVariable] = $"http://127.0.0.1:{OtlpReceiver.FreePort()}" };
        CliResult back = await CliProcess.RunAsync(nowhere, "migrate", Guest, "--from", "lab-b", "--to", "lab-a", "--metrics-file", prom);
        Assert.That(back.ExitCode, Is.Zero, $"{back}");
        Assert.That(back.Error, Does.Contain("could not all be sent"));
        Assert.That(File.ReadAllLines(prom), Does.Contain("""orchestrator_migrations_total{orchestrator_migration_outcome="completed",orchestrator_migration_mode="p2p"} 2"""));
    }
}
