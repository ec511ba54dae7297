using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>What a report is made of: a run, and what it is seen against.</summary>
/// <param name="Run">The run.</param>
public sealed record ReportInput(RegressionRun Run)
{
    /// <summary>Other runs of the plan, in any order: the trend shows those before <see cref="Run"/>.</summary>
    public IReadOnlyList<RegressionRun> History { get; init; } = [];

    /// <summary>The run that is the baseline; <see langword="null"/> when there is none, or it is no longer there.</summary>
    public RegressionRun? Baseline { get; init; }
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
