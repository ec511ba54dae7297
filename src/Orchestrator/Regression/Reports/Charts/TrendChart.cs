using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports.Charts;

/// <summary>The median of a measure over the last runs, with its interval and the range of its values; limits and the baseline as lines. A run without values keeps its place.</summary>
internal static class TrendChart
{
    /// <summary>How many runs are shown.</summary>
    public const int Runs = 30;

    private const double Top = 12;
    private const double Height = 150;
    private const double Bottom = Top + Height;

    /// <summary>One run in it.</summary>
    /// <param name="Run">The run.</param>
    /// <param name="Verdict">What was to be thought of the measure then.</param>
    /// <param name="Statistics">Its statistics; <see langword="null"/> when nothing was measured.</param>
    private sealed record Night(RegressionRun Run, Verdict Verdict, SampleStatistics? Statistics);

    public static void Draw(HtmlWriter page, ReportInput input, ScenarioResult scenario, MeasureResult measure, MeasureResult? baseline)
    {
        List<Night> nights = [.. Before(input).Select(run => NightOf(run, scenario.Name, measure.Name)).OfType<Night>().TakeLast(Runs - 1)];
        nights.Add(new(input.Run, RunFindings.VerdictOf(scenario, measure), measure.Statistics));

        List<double> drawn = [.. nights.Where(night => night.Statistics is not null).SelectMany(night => new[] { night.Statistics!.Min, night.Statistics.Max })];
        double? reference = measure.Change?.BaselineMedianMs ?? baseline?.Statistics?.Median;
        if (reference is { } median)
        {
            drawn.Add(median);
        }

        double largest = drawn.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        List<double> limits = [.. measure.Limits.Where(limit => limit.LimitMs <= largest * DistributionChart.FarAway).Select(limit => limit.LimitMs).Distinct()];
        var heights = Scale.Of([.. drawn, .. limits], 0, 1);
        var across = new Scale(-0.5, nights.Count - 0.5, 0.08, 0.995);

        Marks.Chart(page, Bottom + 20, $"Trend of {measure.Name} over {ReportText.Several(nights.Count, "run")}", () =>
        {
            foreach (double tick in heights.Ticks(4))
            {
                Marks.Line(page, "grid", "0%", Y(tick), "100%", Y(tick));
                Marks.Text(page, ReportText.Limit(tick), "0%", Y(tick) - 3, "axis");
            }

            if (baseline?.Statistics is { } band)
            {
                page.Shape("rect", null, ("class", "interval base"), ("x", Scale.Percent(across.From)), ("width", Scale.Percent(across.To - across.From)),
                    ("y", Scale.Pixels(Y(band.MedianHigh))), ("height", Scale.Pixels(Math.Max(1, Y(band.MedianLow) - Y(band.MedianHigh)))));
            }

            List<(double Value, string Style, string Text)> lines = References(measure, limits, reference);
            foreach ((double value, string style, _) in lines)
            {
                Marks.Line(page, style, "8%", Y(value), "100%", Y(value));
            }

            Curve(page, nights, across);
            double[] labels = Marks.Apart([.. lines.Select(line => Y(line.Value) - 5)], 13, 10);
            for (int i = 0; i < lines.Count; i++)
            {
                Marks.Text(page, lines[i].Text, "10%", labels[i], lines[i].Style);
            }

            Dates(page, nights, across);
        });

        double Y(double value) => Bottom - (heights.At(value) * Height);

        void Curve(HtmlWriter page, List<Night> nights, Scale across)
        {
            for (int i = 1; i < nights.Count; i++)
            {
                if (nights[i - 1].Statistics is { } before && nights[i].Statistics is { } after)
                {
                    Marks.Line(page, "curve", across.X(i - 1), Y(before.Median), across.X(i), Y(after.Median));
                }
            }

            for (int i = 0; i < nights.Count; i++)
            {
                Night night = nights[i];
                string style = $"{(i == nights.Count - 1 ? "current " : "")}v-{ReportText.Code(night.Verdict)}";
                string title = $"{night.Run.Id} · {ReportText.Time(night.Run.Started)} · {ReportText.Word(night.Verdict)}{string.Concat(night.Run.Labels.Select(label => $" · {label.Key} {label.Value}"))}";
                if (night.Statistics is not { } s)
                {
                    Marks.Point(page, style, night.Verdict, across.X(i), Bottom - 6, $"no value · {title}");
                    continue;
                }

                Marks.Line(page, "range", across.X(i), Y(s.Min), across.X(i), Y(s.Max));
                Marks.Line(page, "spread", across.X(i), Y(s.MedianLow), across.X(i), Y(s.MedianHigh));
                Marks.Point(page, style, night.Verdict, across.X(i), Y(s.Median), $"median {ReportText.Number(s.Median)} ms, {ReportText.Number(s.Min)} to {ReportText.Number(s.Max)} ms, n = {ReportText.Count(s.Count)} · {title}");
            }
        }
    }

    /// <summary>The plan's runs before this one, the oldest first.</summary>
    public static IReadOnlyList<RegressionRun> Before(ReportInput input) =>
        [.. input.History.Where(run => run.Plan == input.Run.Plan && run.Id != input.Run.Id && run.Started <= input.Run.Started).OrderBy(run => run.Started).ThenBy(run => run.Id, StringComparer.Ordinal)];

    private static List<(double Value, string Style, string Text)> References(MeasureResult measure, List<double> limits, double? baseline)
    {
        List<(double, string, string)> lines = [.. limits.Select(limit => (limit, "limit",
            $"{string.Join(", ", measure.Limits.Where(result => result.LimitMs.Equals(limit)).Select(result => result.Name))} ≤ {ReportText.Limit(limit)}"))];
        if (baseline is { } median)
        {
            lines.Add((median, "reference", $"baseline {ReportText.Number(median)}"));
        }

        return lines;
    }

    private static void Dates(HtmlWriter page, List<Night> nights, Scale across)
    {
        int step = Math.Max(1, (int)Math.Ceiling(nights.Count / 5.0));
        for (int i = nights.Count - 1; i >= 0; i -= step)
        {
            double at = across.At(i);
            Marks.Text(page, nights[i].Run.Started.UtcDateTime.ToString("MM-dd", System.Globalization.CultureInfo.InvariantCulture), across.X(i), Bottom + 15, "axis", at > 0.93 ? "end" : "middle");
        }
    }

    private static Night? NightOf(RegressionRun run, string scenario, string measure) =>
        run.Scenarios.FirstOrDefault(result => result.Name == scenario) is not { } then ? null
        : then.Measures.FirstOrDefault(result => result.Name == measure) is { } result ? new(run, RunFindings.VerdictOf(then, result), result.Statistics)
        : new(run, then.Verdict, null);
}
