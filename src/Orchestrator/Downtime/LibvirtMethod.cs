using System.Globalization;

namespace Orchestrator.Downtime;

/// <summary>The downtime from libvirt's statistics of the completed job, believed only when they are of this migration: libvirt may hand out those of an earlier job.</summary>
internal static class LibvirtMethod
{
    // The numbers are whole milliseconds, polled and rounded apart from each other.
    private const double SlackMs = 100;

    public static LibvirtDowntime Measure(MigrationEvidence evidence)
    {
        if (QmpEvents.WentPostCopy(evidence))
        {
            return new LibvirtDowntime { Problem = "the migration went post-copy: libvirt's numbers don't tell the blackout then" };
        }

        // The source may have forgotten the domain (undefinesource): then only the destination has statistics.
        var source = Measure(evidence, evidence.Source, "migrationout", "5");
        if (source.Problem is null)
        {
            return source;
        }

        var destination = Measure(evidence, evidence.Destination, "migrationin", "4");
        return destination.Problem is null
            ? destination
            : new LibvirtDowntime { Problem = $"source: {source.Problem}; destination: {destination.Problem}" };
    }

    private static LibvirtDowntime Measure(MigrationEvidence evidence, HostEvidence host, string operation, string operationNumber)
    {
        var job = host.CompletedJob;
        if (job.Count == 0)
        {
            return new LibvirtDowntime { Problem = "no statistics of a completed job" };
        }

        var told = job.GetValueOrDefault("operation", "");
        if (told != operationNumber && !string.Equals(told.Replace("_", "", StringComparison.Ordinal), operation, StringComparison.OrdinalIgnoreCase))
        {
            return new LibvirtDowntime { Problem = $"the statistics are of another job (operation {told})" };
        }

        var call = (evidence.Call.Ended - evidence.Call.Started).TotalMilliseconds;
        var watched = evidence.JobSamples.Count > 0 ? evidence.JobSamples.Max(sample => sample.ElapsedMs) : 0;

        // The destination's elapsed time contains the difference of the hosts' clocks; the net one does not.
        if ((Number(job, "time_elapsed_net") ?? Number(job, "time_elapsed")) is not { } elapsed || elapsed > call + SlackMs || elapsed < watched - SlackMs)
        {
            return new LibvirtDowntime
            {
                Problem = $"the statistics are of another job (time_elapsed {job.GetValueOrDefault("time_elapsed", "missing")}{(job.TryGetValue("time_elapsed_net", out string? net) ? $", net {net}" : "")}, the call took {call:0} ms and was seen working for {watched:0} ms)",
            };
        }

        var (downtime, downtimeNet) = (Number(job, "downtime"), Number(job, "downtime_net"));
        return downtime is null && downtimeNet is null
            ? new LibvirtDowntime { Problem = "the statistics hold no downtime" }
            : new LibvirtDowntime { DowntimeMs = downtime, DowntimeNetMs = downtimeNet, Host = host.Name };
    }

    private static double? Number(IReadOnlyDictionary<string, string> job, string field)
        => job.TryGetValue(field, out var text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : null;
}
