namespace Orchestrator.Downtime;

/// <summary>Measures migrations from the QEMU logs of both hosts alone: nothing was watched, so nothing compares the hosts' clocks.</summary>
public static class LogMeasurement
{
    private const string Source = "source";
    private const string Destination = "destination";

    /// <summary>
    /// Measures a migration. The value is the difference of two stamps as they stand, with unknown uncertainty. Blocks for nothing; never fails: what is wrong with the
    /// logs is the report's problem.
    /// </summary>
    /// <param name="domain">The domain's name, for the report.</param>
    /// <param name="source">The source's log, whole.</param>
    /// <param name="destination">The destination's log, whole.</param>
    /// <param name="migration">The number of the migration in the source's log, from 1; the last one when <see langword="null"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The source's log tells of no such migration.</exception>
    public static DowntimeReport Measure(string domain, LogEvidence source, LogEvidence destination, int? migration = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(domain);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        var found = LogMigrations.Find(source, destination);
        if (migration is { } number && (number < 1 || number > found.Count))
        {
            throw new ArgumentOutOfRangeException(nameof(migration), number, found.Count == 0 ? "the source's log tells of no migration" : $"the source's log tells of {found.Count} migrations");
        }

        if (found.Count == 0)
        {
            return DowntimeMeasurement.Measure(Evidence(domain, new(null, null, source, destination)));
        }

        var reports = found.Select(each => DowntimeMeasurement.Measure(Evidence(domain, each))).ToList();
        var chosen = migration ?? found.Count;
        return reports[chosen - 1] with
        {
            Migration = chosen,
            Migrations = [.. found.Select((each, i) => new LoggedMigration(i + 1, each.Initiated, reports[i].ValueMs, reports[i].Sources.Trace.Problem))],
        };
    }

    private static MigrationEvidence Evidence(string domain, LogMigration migration)
    {
        var stamps = migration.Source.Lines.Concat(migration.Destination.Lines).Select(text => QemuLogLine.Parse(text).Stamp).OfType<DateTimeOffset>().ToList();
        var started = migration.Initiated ?? (stamps.Count > 0 ? stamps.Min() : DateTimeOffset.UnixEpoch);
        var ended = stamps.Count > 0 ? stamps.Max() : started;
        ended = migration.Ended is { } footer && footer > started ? footer : ended;
        return new MigrationEvidence
        {
            DomainName = domain,
            DomainUuid = Guid.Empty,
            Source = new HostEvidence { Name = Source, Uri = "", Log = migration.Source },
            Destination = new HostEvidence { Name = Destination, Uri = "", Log = migration.Destination },
            Call = new MigrationCallEvidence { Started = started, Ended = ended < started ? started : ended, Mode = "p2p" },
        };
    }
}

/// <summary>One of the migrations that a log tells of.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Initiated">When libvirt began it, on the source's clock; <see langword="null"/> where its log doesn't tell.</param>
/// <param name="ValueMs">Its downtime in milliseconds, if it has one.</param>
/// <param name="Problem">Why it has none.</param>
public sealed record LoggedMigration(int Number, DateTimeOffset? Initiated, double? ValueMs, string? Problem);
