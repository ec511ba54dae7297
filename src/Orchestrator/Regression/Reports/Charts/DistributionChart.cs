using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports.Charts;

/// <summary>Every value of a measure with its doubt, the median with its interval, and the same of the baseline below; limits as lines.</summary>
internal static class DistributionChart
{
    private const double RowHeight = 78;
    private const double LabelHeight = 16;

    /// <summary>Limits much larger than all that was measured would leave nothing to see of it: they are told of at the edge.</summary>
    public const double FarAway = 2.5;

    public static void Draw(HtmlWriter page, MeasureResult now, MeasureResult? baseline)
    {
        List<double> drawn = [.. now.Values.SelectMany(Ends), .. (baseline?.Values ?? []).Select(value => value.Ms)];
        if (now.Statistics is { } s)
        {
            drawn.AddRange([s.MedianLow, s.MedianHigh]);
        }

        double largest = drawn.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        List<LimitResult> near = [.. now.Limits.Where(limit => limit.LimitMs <= largest * FarAway)];
        var scale = Scale.Of([.. drawn, .. near.Select(limit => limit.LimitMs)]);
        List<LimitResult> lines = [.. near.DistinctBy(limit => limit.LimitMs)];
        List<LimitResult> far = [.. now.Limits.Except(near)];

        double top = LabelHeight * (lines.Count + (far.Count > 0 ? 1 : 0));
        double bottom = top + RowHeight + (baseline is { Values.Count: > 0 } ? RowHeight : 0);
        string label = $"Distribution of {now.Name}: {ReportText.Several(now.Values.Count, "value")}" + (now.Statistics is { } told ? $", median {ReportText.Number(told.Median)} ms" : "");
        Marks.Chart(page, bottom + 20, label, () =>
        {
            Marks.Axis(page, scale, top, bottom);
            Row(page, scale, now, top, $"this run, n = {ReportText.Count(now.Values.Count)}", "now");
            if (baseline is { Values.Count: > 0 })
            {
                Marks.Line(page, "grid", "0%", top + RowHeight, "100%", top + RowHeight);
                Row(page, scale, baseline, top + RowHeight, $"baseline, n = {ReportText.Count(baseline.Values.Count)}", "base");
            }

            for (int i = 0; i < lines.Count; i++)
            {
                double y = LabelHeight * (i + 1);
                string names = string.Join(", ", near.Where(limit => limit.LimitMs.Equals(lines[i].LimitMs)).Select(limit => limit.Name));
                string x = scale.X(lines[i].LimitMs);
                Marks.Line(page, "limit", x, y - 4, x, bottom, $"limit: {names} ≤ {ReportText.Limit(lines[i].LimitMs)} ms");
                Marks.Text(page, $"{names} ≤ {ReportText.Limit(lines[i].LimitMs)}", x, y - 6, "limit", scale.At(lines[i].LimitMs) > 0.5 ? "end" : "start");
            }

            if (far.Count > 0)
            {
                Marks.Text(page, $"{string.Join(", ", far.GroupBy(limit => limit.LimitMs).Select(same => $"{string.Join(", ", same.Select(limit => limit.Name))} ≤ {ReportText.Limit(same.Key)}"))} ms far to the right ▸", "99%", top - 6, "limit", "end");
            }
        });
    }

    private static IEnumerable<double> Ends(MeasuredValue value) => [value.Ms - (value.UncertaintyMs ?? 0), value.Ms + (value.UncertaintyMs ?? 0)];

    private static void Row(HtmlWriter page, Scale scale, MeasureResult measure, double top, string label, string style)
    {
        double middle = top + 46;
        Marks.Text(page, label, "0%", top + 13, "row");
        if (measure.Statistics is { } s && double.IsFinite(s.Median))
        {
            string title = $"median {ReportText.Number(s.Median)} ms, 95 % between {ReportText.Number(s.MedianLow)} and {ReportText.Number(s.MedianHigh)} ms";
            Marks.Box(page, $"interval {style}", scale.At(s.MedianLow), scale.At(s.MedianHigh), top + 22, RowHeight - 30, title);
            Marks.Line(page, $"median {style}", scale.X(s.Median), top + 20, scale.X(s.Median), top + RowHeight - 6, title);
        }

        IReadOnlyList<LimitResult> each = [.. measure.Limits.Where(limit => limit.Name is "each" or "max")];
        foreach ((MeasuredValue value, double offset) in Swarm(scale, measure.Values))
        {
            if (value.UncertaintyMs is { } doubt && double.IsFinite(doubt))
            {
                Marks.Line(page, $"whisker {style}", scale.X(value.Ms - doubt), middle + offset, scale.X(value.Ms + doubt), middle + offset);
            }
        }

        foreach ((MeasuredValue value, double offset) in Swarm(scale, measure.Values))
        {
            Verdict verdict = style == "now" && each.Any(limit => value.Ms - (value.UncertaintyMs ?? 0) > limit.LimitMs) ? Verdict.Regression : Verdict.Passed;
            Marks.Point(page, style, verdict, scale.X(value.Ms), middle + offset, $"{ReportText.WithDoubt(value.Ms, value.UncertaintyMs)} · repetition {ReportText.Count(value.Repetition + 1)}");
        }
    }

    // Values that would cover each other step aside, up and down in turn.
    private static List<(MeasuredValue Value, double Offset)> Swarm(Scale scale, IReadOnlyList<MeasuredValue> values)
    {
        double[] offsets = [0, -10, 10, -20, 20];
        var last = offsets.Select(_ => double.NegativeInfinity).ToArray();
        var placed = new List<(MeasuredValue, double)>(values.Count);
        foreach (MeasuredValue value in values.Where(value => double.IsFinite(value.Ms)).OrderBy(value => value.Ms))
        {
            double x = scale.At(value.Ms);
            int row = Enumerable.Range(0, offsets.Length).FirstOrDefault(i => x - last[i] >= 0.025, Enumerable.Range(0, offsets.Length).MinBy(i => last[i]));
            last[row] = x;
            placed.Add((value, offsets[row]));
        }

        return placed;
    }
}
