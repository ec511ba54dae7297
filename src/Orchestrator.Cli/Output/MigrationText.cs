using System.Globalization;
using Orchestrator.Downtime;
using Orchestrator.Migration;
using Orchestrator.Recovery;

namespace Orchestrator.Cli;

/// <summary>A migration's result for people. Pure.</summary>
internal static class MigrationText
{
    /// <summary>The last line: <c>web1: now on lab-b, downtime 12.1 ms ± 0.1 (trace; qmp 12.1, libvirt 15, guest 13), limit 300</c>.</summary>
    internal static string Answer(MigrationResult result) =>
        Answer(result.Plan.Domain.Name, result.Plan.Destination.Name, result.Verdict.Outcome, result.Verdict.Message, result.Downtime, result.MaxDowntime) + Without(result);

    /// <summary>The same of a migration that another process had begun.</summary>
    internal static string Answer(RecoveryResult result) =>
        Answer(result.Operation.DomainName, result.Operation.Destination.Name, result.Outcome, result.Message, result.Followed?.Downtime, null);

    private static string Answer(string name, string destination, MigrationOutcome outcome, string message, DowntimeReport? measured, TimeSpan? max)
    {
        if (outcome is not MigrationOutcome.Completed || measured is not { } downtime)
        {
            return $"{name}: {message}";
        }

        string limit = max is { } value ? string.Create(CultureInfo.InvariantCulture, $", limit {value.TotalMilliseconds:0}") : "";
        return $"{name}: now on {destination}, {Figure(downtime)}{limit}";
    }

    /// <summary>The device that the guest was without for longest: <c>, without /dev/vhost-vdpa-0 for 3.4 s</c>.</summary>
    private static string Without(MigrationResult result)
    {
        if (result.Absences.Where(absence => absence.ValueMs is not null).MaxBy(absence => absence.ValueMs) is not { } longest)
        {
            return "";
        }

        string uncertainty = longest.UncertaintyMs is { } u ? string.Create(CultureInfo.InvariantCulture, $" ± {Math.Max(u / 1000, 0.01):0.00}") : "";
        string others = result.Absences.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" (the longest of {result.Absences.Count} devices)") : "";
        return string.Create(CultureInfo.InvariantCulture, $", without {longest.Device} for {longest.ValueMs / 1000:0.00} s{uncertainty}{others}");
    }

    private static string Figure(DowntimeReport downtime)
    {
        if (downtime.ValueMs is not { } value)
        {
            return $"downtime not measured ({downtime.Problem})";
        }

        DowntimeSources sources = downtime.Sources;
        var others = new List<string>();
        Add("trace", sources.Trace.ValueMs, "0.0");
        Add("qmp", sources.Qmp.ValueMs, "0.0");
        Add("libvirt", sources.Libvirt.DowntimeNetMs ?? sources.Libvirt.DowntimeMs, "0");
        Add("observer", sources.Observer.ValueMs, "0.0");
        Add("guest", sources.Guest.ValueMs, "0");
        string uncertainty = downtime.UncertaintyMs is { } u ? string.Create(CultureInfo.InvariantCulture, $" ± {Math.Max(u, 0.1):0.0}") : " (uncertainty unknown)";
        return string.Create(CultureInfo.InvariantCulture, $"downtime {value:0.0} ms{uncertainty} ({downtime.Method}{(others.Count > 0 ? "; " : "")}{string.Join(", ", others)})");

        void Add(string method, double? ms, string format)
        {
            if (ms is { } figure && method != downtime.Method)
            {
                others.Add($"{method} {figure.ToString(format, CultureInfo.InvariantCulture)}");
            }
        }
    }
}
