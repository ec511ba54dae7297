using System.Text.Json;
using Orchestrator.Downtime;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Tests.Regression.Reports;

/// <summary>Nights for reports: made by hand around migrations that were really measured.</summary>
internal static class RunSamples
{
    internal const string Hostile = "<script>alert(1)</script>\"'&]]>\u202Egpj.\u0001|`*_[x](javascript:alert(1))\n# h";

    private static readonly DateTimeOffset Night = new(2026, 11, 21, 2, 0, 0, TimeSpan.Zero);

    private static readonly DowntimeReport[] Measured = [.. Enumerable.Range(1, 3).Select(i => JsonSerializer.Deserialize(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Regression", "Reports", $"measured-{i}.json")), DowntimeJson.Default.DowntimeReport)!)];

    internal static readonly (string Name, Func<ReportInput> Make)[] All =
    [
        ("passed", Passed), ("regression", Regression), ("environment", EnvironmentBroken), ("inconclusive", Inconclusive), ("one-value", OneValue), ("forty-values", FortyValues),
        ("long-names", LongNames), ("hostile", HostileNames), ("nothing", Nothing), ("died", Died),
    ];

    internal static ReportInput Passed()
    {
        RegressionRun baseline = Run(-20, Verdict.Passed, Migrate("idle", Values(9, 70, 6)), Migrate("busy", Values(10, 84, 7)), Lifecycle(), HotPlug());
        ScenarioResult idle = Migrate("idle", Values(1, 71, 6), limits: [("each", 150), ("median", 100)], change: (1.4, -4.2, 6.9, 70, Verdict.Passed));
        ScenarioResult busy = Migrate("busy", Values(2, 83, 8), limits: [("p95", 1000)], change: (-0.8, -6, 5.1, 84, Verdict.Passed));
        RegressionRun run = Run(0, Verdict.Passed, idle, busy, Lifecycle(), HotPlug()) with
        {
            Baseline = new("release-1", baseline.Id, []),
            Labels = new Dictionary<string, string> { ["build"] = "libvirt-11.3.0-3", ["round"] = "41" },
        };
        return new(run) { History = History(), Baseline = baseline };
    }

    internal static ReportInput Regression()
    {
        ReportInput passed = Passed();
        ScenarioResult idle = Migrate("idle", Values(1, 131, 6), limits: [("each", 150), ("median", 100)], change: (60.8, 54.1, 67.5, 70, Verdict.Regression), slowerBy: 60) with
        {
            Verdict = Verdict.Regression,
            Reasons = ["downtime is 60.80 ms longer than the baseline release-1 (95 % between 54.10 and 67.50 ms), more than the 20 ms that matter; mostly in blackout: resume (+60.20 ms)", "the median of downtime is over its limit"],
        };
        ScenarioResult busy = Migrate("busy", Values(2, 95, 30), limits: [("each", 130)], change: (11, -8, 29, 84, Verdict.Inconclusive)) with
        {
            Verdict = Verdict.Inconclusive,
            Reasons = ["downtime changed by between -8 and 29 ms: 20 ms would matter"],
        };
        ScenarioResult plug = HotPlug() with
        {
            Measures = [new() { Name = "attach" }, new() { Name = "detach" }],
            Verdict = Verdict.Environment,
            Problems = [new(3, "lab-b cannot be reached: Connection refused", "Start its libvirtd.")],
            RepetitionsMade = [.. HotPlug().RepetitionsMade.Select(repetition => repetition with { Outcome = "failed", Values = new Dictionary<string, double>(), Problem = "lab-b cannot be reached: Connection refused" })],
        };
        RegressionRun run = passed.Run with
        {
            Scenarios = [idle, busy, Lifecycle(), plug],
            Verdict = Verdict.Regression,
            ExitCode = 8,
            Baseline = passed.Run.Baseline! with { Differences = ["qemu of the destination: 10.0.2 now, 9.2.1 then"] },
            Notes = ["kernel.printk was left as it is: no right to set it on lab-b", "the baseline was measured in another environment"],
        };
        return passed with { Run = run, Baseline = passed.Baseline! with { Environment = run.Environment with { Destination = With(run.Environment.Destination, "qemu", "9.2.1") } } };
    }

    internal static ReportInput EnvironmentBroken()
    {
        ScenarioResult none = new()
        {
            Name = "idle",
            Kind = "migrate",
            Policy = "adaptive",
            Repetitions = 5,
            Verdict = Verdict.Environment,
            Problems = [new(3, "lab-b cannot be reached: No such file or directory", "Start its libvirtd, then run the plan again.")],
            Reasons = ["lab-b cannot be reached: No such file or directory"],
        };
        RegressionRun run = Run(0, Verdict.Environment, none) with { ExitCode = 3, Problems = [new(6, "kernel.printk was not put back on lab-a", "sysctl kernel.printk='7 4 1 7'")] };
        return new(run) { History = History() };
    }

    internal static ReportInput Inconclusive()
    {
        ScenarioResult idle = Migrate("idle", [.. Values(3, 99, 2).Select(value => value with { UncertaintyMs = 31 })], limits: [("each", 100)]) with
        {
            Verdict = Verdict.Inconclusive,
            Reasons = ["the largest value of downtime is 101.8 ± 31 ms: its limit of 100 ms lies within"],
        };
        return new(Run(0, Verdict.Inconclusive, idle) with { ExitCode = 9 });
    }

    internal static ReportInput OneValue() => new(Run(0, Verdict.Passed, Migrate("idle", [new(12.345, null, 0)], limits: [("each", 50)])));

    internal static ReportInput FortyValues() => new(Run(0, Verdict.Passed, Migrate("endurance", Values(4, 60, 25, 40), limits: [("each", 200), ("p95", 150)]))) { History = History() };

    internal static ReportInput LongNames()
    {
        string name = string.Concat(Enumerable.Repeat("vdpa-4u8g-3-queues-", 8)) + "end";
        ReportInput passed = Regression();
        return passed with
        {
            Run = passed.Run with
            {
                Plan = name,
                Labels = new Dictionary<string, string> { [name] = name },
                Scenarios = [.. passed.Run.Scenarios.Select(scenario => scenario with { Name = $"{scenario.Name}-{name}", Reasons = [.. scenario.Reasons, new string('x', 300)] })],
                Environment = passed.Run.Environment with { Hosts = [$"{name}.example.org", $"{name}.example.net"] },
            },
        };
    }

    internal static ReportInput HostileNames()
    {
        ReportInput passed = Regression();
        return passed with
        {
            Run = passed.Run with
            {
                Plan = Hostile,
                Description = Hostile,
                Labels = new Dictionary<string, string> { [Hostile] = Hostile },
                Scenarios =
                [
                    .. passed.Run.Scenarios.Select(scenario => scenario with
                    {
                        Name = Hostile,
                        Setup = Hostile,
                        Policy = Hostile,
                        Reasons = [Hostile],
                        Problems = [new(1, Hostile, Hostile)],
                        RepetitionsMade = [.. scenario.RepetitionsMade.Select(repetition => repetition with { Direction = Hostile, Load = Hostile, Decisions = [Hostile], Evidence = Hostile, Downtime = repetition.Downtime is { } report ? HostileReport(report) : null })],
                    }),
                ],
                Environment = new(With(passed.Run.Environment.Source, Hostile, Hostile), passed.Run.Environment.Destination, Hostile) { Hosts = [Hostile, Hostile + "2"] },
                Notes = [Hostile],
                Problems = [new(1, Hostile, Hostile)],
                Baseline = new(Hostile, Hostile, [Hostile]),
            },
        };
    }

    internal static ReportInput Nothing() => new(Run(0, Verdict.Inconclusive) with { ExitCode = 9 });

    internal static ReportInput Died() => new(Run(0, Verdict.Environment, Migrate("idle", Values(5, 70, 5))) with { Ended = null, ExitCode = 1 });

    internal static RegressionRun Run(int night, Verdict verdict, params ScenarioResult[] scenarios)
    {
        DateTimeOffset started = Night.AddDays(night);
        return new()
        {
            Id = $"{started:yyyyMMdd'T'HHmmss'Z'}-3fa9",
            Plan = "lab",
            Description = "Two private hosts of one machine, small guests.",
            Started = started,
            Ended = started.AddSeconds(251),
            Environment = new(
                new Dictionary<string, string> { ["cpu"] = "EPYC-Rome", ["kernel"] = "6.1.0-28-amd64", ["libvirt"] = "11.3.0", ["qemu"] = "10.0.2", ["server"] = "Standard PC (Q35 + ICH9, 2009)" },
                new Dictionary<string, string> { ["cpu"] = "EPYC-Rome", ["kernel"] = "6.1.0-28-amd64", ["libvirt"] = "11.3.0", ["qemu"] = "10.0.2", ["nic"] = "virtio_net" },
                "orchestrator 0.1.0")
            { Hosts = ["lab-a", "lab-b"] },
            Scenarios = scenarios,
            Verdict = verdict,
        };
    }

    internal static ScenarioResult Migrate(
        string name, IReadOnlyList<MeasuredValue> values, (string Name, double Ms)[]? limits = null,
        (double Shift, double Low, double High, double Baseline, Verdict Verdict)? change = null, double slowerBy = 0)
    {
        SampleStatistics statistics = Statistics(values);
        return new()
        {
            Name = name,
            Kind = "migrate",
            Setup = name == "busy" ? "128 MiB, 1 vCPU, dirties 20 MiB/s" : "128 MiB, 1 vCPU",
            Policy = "adaptive",
            Repetitions = values.Count,
            Verdict = Verdict.Passed,
            Measures =
            [
                new()
                {
                    Name = "downtime",
                    Values = [.. values.Select((value, i) => value with { Repetition = i + 1 })],
                    Statistics = statistics,
                    Limits = [.. (limits ?? []).Select(limit => Limit(limit.Name, limit.Ms, statistics, values[0].UncertaintyMs))],
                    Change = change is { } c
                        ? new() { ShiftMs = c.Shift, LowMs = c.Low, HighMs = c.High, PValue = c.Verdict == Verdict.Regression ? 0.0002 : 0.41, ThresholdMs = 20, BaselineMedianMs = c.Baseline, BaselineCount = 10, Phase = c.Verdict == Verdict.Regression ? new("blackout: resume", 60.2) : null, Verdict = c.Verdict }
                        : null,
                },
            ],
            RepetitionsMade = [Migration(0, 80, slowerBy) with { IsWarmUp = true }, .. values.Select((value, i) => Migration(i + 1, value.Ms, slowerBy))],
        };
    }

    private static Repetition Migration(int number, double ms, double slowerBy) => new()
    {
        Started = Night.AddSeconds(8 * number),
        TookMs = 6200 + number,
        Direction = number % 2 == 0 ? "lab-a → lab-b" : "lab-b → lab-a",
        Outcome = "completed",
        Values = new Dictionary<string, double> { ["downtime"] = ms },
        Downtime = Valued(Slower(Measured[number % 3], slowerBy), ms),
        Decisions = number % 2 == 0 ? [] : ["after 1.2 s: raised the limit from 100 to 200 ms, since the last pass was no shorter"],
        Evidence = $"evidence/idle-{number}.json",
    };

    private static DowntimeReport Valued(DowntimeReport report, double ms) => report with { ValueMs = ms, Sources = report.Sources with { Trace = report.Sources.Trace with { ValueMs = ms } } };

    // A destination that runs later.
    private static DowntimeReport Slower(DowntimeReport report, double ms)
    {
        double resume = report.Timeline.First(entry => entry.Event == "RESUME").OffsetMs;
        return report with
        {
            Phases = [.. report.Phases.Select(phase => phase.Name == "blackout: resume" ? phase with { DurationMs = phase.DurationMs + ms } : phase)],
            Timeline = [.. report.Timeline.Select(entry => entry.OffsetMs >= resume ? entry with { OffsetMs = entry.OffsetMs + ms, At = entry.At.AddMilliseconds(ms) } : entry)],
        };
    }

    private static DowntimeReport HostileReport(DowntimeReport report) => report with
    {
        Problem = Hostile,
        Clocks = [.. report.Clocks.Select((clock, i) => clock with { Host = $"{Hostile}{i}", Problem = Hostile })],
        Timeline = [.. report.Timeline.Select(entry => entry with { Host = $"{Hostile}{(entry.Host == "lab-a" ? 0 : 1)}", Event = entry.Event + Hostile, Channel = Hostile })],
        Phases = [.. report.Phases.Select(phase => phase with { Name = phase.Name + Hostile })],
    };

    private static ScenarioResult Lifecycle() => new()
    {
        Name = "start and stop",
        Kind = "lifecycle",
        Setup = "128 MiB, 1 vCPU",
        Repetitions = 5,
        Verdict = Verdict.Passed,
        Measures = [Plain("start", Values(6, 910, 40, 5), ("each", 2000)), Plain("stop", Values(7, 120, 11, 5))],
        RepetitionsMade = [.. Values(6, 910, 40, 5).Select((value, i) => new Repetition { Started = Night.AddSeconds(100 + (3 * i)), TookMs = 2100, Outcome = "done", Values = new Dictionary<string, double> { ["start"] = value.Ms, ["stop"] = 120 + i } })],
    };

    private static ScenarioResult HotPlug() => new()
    {
        Name = "plug",
        Kind = "hot-plug",
        Setup = "a disk",
        Repetitions = 5,
        Verdict = Verdict.Passed,
        Measures = [Plain("attach", Values(8, 31, 2, 5)), Plain("detach", Values(9, 55, 3, 5))],
        RepetitionsMade = [.. Values(8, 31, 2, 5).Select((value, i) => new Repetition { Started = Night.AddSeconds(150 + (2 * i)), TookMs = 800, Outcome = "done", Values = new Dictionary<string, double> { ["attach"] = value.Ms, ["detach"] = 55 + i } })],
    };

    private static MeasureResult Plain(string name, IReadOnlyList<MeasuredValue> values, params (string Name, double Ms)[] limits) =>
        new() { Name = name, Values = values, Statistics = Statistics(values), Limits = [.. limits.Select(limit => Limit(limit.Name, limit.Ms, Statistics(values), 0.1))] };

    private static LimitResult Limit(string name, double limit, SampleStatistics statistics, double? doubt)
    {
        double value = name switch { "median" => statistics.Median, "p95" => statistics.P95, _ => statistics.Max };
        return new(name, limit, value, doubt, value - (doubt ?? 0) > limit ? Verdict.Regression : value + (doubt ?? 0) > limit ? Verdict.Inconclusive : Verdict.Passed);
    }

    private static List<RegressionRun> History() =>
    [
        .. Enumerable.Range(-24, 24).Select(night => night switch
        {
            -13 => Run(night, Verdict.Environment, new ScenarioResult { Name = "idle", Kind = "migrate", Verdict = Verdict.Environment }),
            -6 => Run(night, Verdict.Regression, Migrate("idle", Values(night, 118, 6), [("median", 100)]) with { Verdict = Verdict.Regression }),
            -3 => Run(night, Verdict.Inconclusive, Migrate("idle", Values(night, 88, 18), [("each", 100)]) with { Verdict = Verdict.Inconclusive }),
            _ => Run(night, Verdict.Passed, Migrate("idle", Values(night, 70, 6)), Migrate("busy", Values(night + 100, 84, 8)), Lifecycle()),
        }),
    ];

    /// <summary>Values around a centre, the same for the same seed.</summary>
    internal static List<MeasuredValue> Values(int seed, double centre, double spread, int count = 10)
    {
        var random = new Random(seed + 1000);
        return [.. Enumerable.Range(0, count).Select(i => new MeasuredValue(Math.Round(centre + (spread * ((random.NextDouble() * 2) - 1)), 3), Math.Round(1 + random.NextDouble(), 3), i))];
    }

    private static SampleStatistics Statistics(IReadOnlyList<MeasuredValue> values)
    {
        double[] sorted = [.. values.Select(value => value.Ms).Order()];
        double At(double share) => sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)];
        return new(sorted.Length, At(0.5), At(0.95), sorted[0], sorted[^1], sorted.Average(), At(0.3), At(0.7));
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> facts, string name, string value) => new(facts) { [name] = value };
}
