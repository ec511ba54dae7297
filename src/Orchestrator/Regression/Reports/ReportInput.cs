using Orchestrator.Regression.Reports.Charts;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Regression.Reports;

/// <summary>What a report is made of: a run, and what it is seen against.</summary>
/// <param name="Run">The run.</param>
public sealed record ReportInput(RegressionRun Run)
{
    /// <summary>Other runs of the plan, in any order: the trend shows those before <see cref="Run"/>.</summary>
    public IReadOnlyList<RegressionRun> History { get; init; } = [];

    /// <summary>The run that is the baseline; <see langword="null"/> when there is none, or it is no longer there.</summary>
    public RegressionRun? Baseline { get; init; }

    /// <summary>A run of a store, with the plan's runs before it that the trend shows, and its baseline.</summary>
    /// <param name="store">The store.</param>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<ReportInput> OfAsync(RegressionStore store, RegressionRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(run);
        var history = new List<RegressionRun>();
        foreach (RunEntry entry in (await store.ListAsync(run.Plan, cancellationToken: cancellationToken).ConfigureAwait(false))
            .Where(entry => entry.Id != run.Id && entry.Started <= run.Started).Take(TrendChart.Runs - 1))
        {
            if (await store.GetAsync(entry.Id, cancellationToken).ConfigureAwait(false) is { } before)
            {
                history.Add(before);
            }
        }

        return new(run)
        {
            History = history,
            Baseline = run.Baseline is { IsNew: false } baseline
                ? history.Find(before => before.Id == baseline.RunId) ?? await store.GetAsync(baseline.RunId, cancellationToken).ConfigureAwait(false)
                : null,
        };
    }
}

/// <summary>What a report is written as.</summary>
public enum ReportFormat
{
    /// <summary>One page that needs nothing else: no network, no other file.</summary>
    Html,

    /// <summary>JUnit's XML, as CI servers read it.</summary>
    Junit,

    /// <summary>A summary for a merge request or a chat.</summary>
    Markdown,

    /// <summary>The run itself, as <c>run.json</c>.</summary>
    Json,
}
