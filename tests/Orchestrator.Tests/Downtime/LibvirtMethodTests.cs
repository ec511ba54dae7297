using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class LibvirtMethodTests
{
    [Test]
    public void Measure_without_net_keeps_the_two_numbers_apart()
    {
        var libvirt = Measure(new() { ["operation"] = "5", ["time_elapsed"] = "35", ["downtime"] = "15" });

        Assert.That((libvirt.DowntimeMs, libvirt.DowntimeNetMs, libvirt.Problem), Is.EqualTo((15d, (double?)null, (string?)null)));
    }

    [Test]
    public void Measure_source_forgot_the_domain_asks_the_destination()
    {
        var evidence = Samples.Migration().WithSource(Samples.WithoutJob).WithDestination(h => h with
        {
            CompletedJob = new Dictionary<string, string> { ["operation"] = "MigrationIn", ["time_elapsed"] = "35", ["downtime"] = "15" },
        });

        Assert.That(LibvirtMethod.Measure(evidence), Is.EqualTo(new LibvirtDowntime { DowntimeMs = 15, Host = "lab-a" }));
    }

    [TestCase("4", "35", "the statistics are of another job (operation 4)")]
    [TestCase("2", "35", "the statistics are of another job (operation 2)")]
    [TestCase("5", "4000", "the statistics are of another job (time_elapsed 4000, the call took 1850 ms and was seen working for 1000 ms)")]
    [TestCase("5", "35", "the statistics are of another job (time_elapsed 35, the call took 1850 ms and was seen working for 1000 ms)")]
    [TestCase("5", "x", "the statistics are of another job (time_elapsed x, the call took 1850 ms and was seen working for 1000 ms)")]
    public void Measure_statistics_of_another_job_are_not_believed(string operation, string elapsed, string problem)
    {
        var evidence = Samples.Migration() with { JobSamples = [new JobSample { At = Samples.At(1_900_000), ElapsedMs = 1000 }] };
        var libvirt = LibvirtMethod.Measure(evidence.WithSource(h => h with
        {
            CompletedJob = new Dictionary<string, string> { ["operation"] = operation, ["time_elapsed"] = elapsed, ["downtime"] = "15" },
        }));

        Assert.That(libvirt.DowntimeMs, Is.Null);
        Assert.That(libvirt.Problem, Is.EqualTo($"source: {problem}; destination: no statistics of a completed job"));
    }

    // Seen under a daemon whose clock is 1.5 s ahead.
    [Test]
    public void Measure_a_job_is_known_by_its_elapsed_time_without_the_difference_of_the_clocks()
    {
        var libvirt = Measure(new() { ["operation"] = "5", ["time_elapsed"] = "2168", ["time_elapsed_net"] = "668", ["downtime"] = "1540", ["downtime_net"] = "37" });
        Assert.That((libvirt.DowntimeMs, libvirt.DowntimeNetMs, libvirt.Problem), Is.EqualTo(((double?)1540, (double?)37, (string?)null)));
    }

    [Test]
    public void Measure_post_copy_is_not_believed()
    {
        var evidence = Samples.Migration().WithSource(h => h with
        {
            Events = [.. h.Events, Samples.Qmp("MIGRATION", """{"status":"postcopy-active"}""", 863000, 863500)],
        });

        Assert.That(LibvirtMethod.Measure(evidence).Problem, Does.StartWith("the migration went post-copy"));
    }

    private static LibvirtDowntime Measure(Dictionary<string, string> job)
        => LibvirtMethod.Measure(Samples.Migration().WithSource(h => h with { CompletedJob = job }));
}
