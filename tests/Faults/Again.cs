using System.Globalization;

namespace Faults;

/// <summary>Migrate, fail, migrate again: the second is as good as a first.</summary>
internal static class Again
{
    // Blackouts of emulated guests spread over a factor of ten by themselves.
    private const double MuchLonger = 10;

    private static readonly FaultCell[] Failures =
    [
        new(FaultMode.P2p, Fault.LinkCut, FaultPhase.FirstIteration),
        new(FaultMode.P2p, Fault.DestinationQemuKilled, FaultPhase.LaterIteration),
    ];

    internal static async Task<IReadOnlyList<string>> RunAsync(CellRunner runner, int times, TextWriter output, CancellationToken cancellationToken)
    {
        ToolRun[] plain = [await runner.MigrateAsync(cancellationToken), await runner.MigrateAsync(cancellationToken), await runner.MigrateAsync(cancellationToken)];
        var downtimes = new List<double>();
        var problems = new List<string>();
        for (int round = 0; round < times; round++)
        {
            CellRecord failed = await runner.RunAsync(Failures[round % Failures.Length], cancellationToken);
            problems.AddRange(failed.Problems.Select(problem => $"round {round + 1}: {problem}"));
            if (failed.NextDowntimeMs is { } downtime)
            {
                downtimes.Add(downtime);
            }
        }

        double before = Median(plain.Select(run => run.DowntimeMs ?? double.NaN));
        double after = Median(downtimes);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"again: {downtimes.Count} of {times} second migrations completed, median downtime {after:0.0} ms (without a failure before {before:0.0} ms)"));
        if (downtimes.Count != times || !(after <= before * MuchLonger))
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"{downtimes.Count} of {times} second migrations completed, with a median downtime of {after:0.0} ms against {before:0.0} ms"));
        }

        return problems;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is { Length: > 0 } sorted ? sorted[sorted.Length / 2] : double.NaN;
}
