using Orchestrator.Downtime;

namespace Orchestrator.Regression.Reports.Charts;

/// <summary>One migration: its phases above, the events of both hosts as lanes below; once for the whole call, and once for the blackout alone.</summary>
internal sealed class TimelineChart
{
    private const double PhaseHeight = 22;
    private const double RowHeight = 19;
    private const double LaneLabel = 15;

    // What a telephone is wide enough for; the tables have the whole name.
    private const int LongestName = 36;

    // Events nearer to each other than this share of the chart would cover each other's number.
    private const double Near = 0.055;

    private readonly DowntimeReport _report;
    private readonly IReadOnlyList<string> _lanes;
    private readonly double _length;

    public TimelineChart(DowntimeReport report)
    {
        _report = report;
        _lanes = [.. report.Clocks.Select(clock => clock.Host).Concat(report.Timeline.Select(entry => entry.Host)).Where(host => host != MigrationTimeline.Client).Distinct()];
        _length = Math.Max(report.Phases.Sum(phase => phase.DurationMs), report.Timeline.Select(entry => entry.OffsetMs).DefaultIfEmpty(0).Max());
        Blackout = Window(report);
        Events = Blackout is { } blackout
            ? [.. report.Timeline.Where(entry => Shown(blackout).Holds(entry.OffsetMs))]
            : [];
    }

    /// <summary>The blackout, in milliseconds after the call; <see langword="null"/> when it is not known.</summary>
    public (double From, double To)? Blackout { get; }

    /// <summary>The events of the blackout and right around it: the numbers of the zoomed chart, from 1.</summary>
    public IReadOnlyList<TimelineEntry> Events { get; }

    /// <summary>What an event's pointer shows, and its line in the table.</summary>
    public string Title(TimelineEntry entry) =>
        $"{entry.Event} · {entry.Host} ({entry.Channel}) · {ReportText.Number(entry.OffsetMs)} ms after the call"
        + (Blackout is { } blackout ? $", {ReportText.Signed(entry.OffsetMs - blackout.From)} ms after the guest stopped" : "")
        + $" · {ReportText.Stamp(entry.At)} on our clock" + (HostStamp(entry) is { } stamp ? $", {stamp} on the host's" : "");

    /// <summary>The event's time on its host's clock; <see langword="null"/> when that is not known.</summary>
    public string? HostStamp(TimelineEntry entry) =>
        _report.Clocks.FirstOrDefault(clock => clock.Host == entry.Host) is { OffsetMs: not null } clock ? ReportText.Stamp(clock.ToHost(entry.At)) : null;

    public void DrawCall(HtmlWriter page)
    {
        if (!(_length > 0))
        {
            return;
        }

        var scale = new Scale(0, _length, 0.005, 0.995);
        double top = PhaseHeight + 8;
        double bottom = top + ((_lanes.Count + 1) * (LaneLabel + RowHeight));
        Marks.Chart(page, bottom + 20, $"The whole call: {ReportText.Number(_length)} ms", () =>
        {
            Marks.Axis(page, scale, top, bottom);
            if (Blackout is { } blackout)
            {
                Marks.Box(page, "dark", scale.At(blackout.From), Math.Max(scale.At(blackout.To), scale.At(blackout.From) + 0.002), top, bottom - top, $"blackout: {ReportText.Number(blackout.To - blackout.From)} ms");
            }

            Phases(page, scale);
            double y = top;
            foreach (string lane in (IEnumerable<string>)[MigrationTimeline.Client, .. _lanes])
            {
                Lane(page, lane, y);
                foreach (TimelineEntry entry in _report.Timeline.Where(entry => entry.Host == lane && double.IsFinite(entry.OffsetMs)))
                {
                    string x = scale.X(entry.OffsetMs);
                    Marks.Line(page, $"event {Channel(entry)}", x, y + LaneLabel + 2, x, y + LaneLabel + RowHeight - 3, Title(entry));
                }

                y += LaneLabel + RowHeight;
            }
        });
    }

    public void DrawBlackout(HtmlWriter page)
    {
        if (Blackout is not { } blackout || Events.Count == 0)
        {
            return;
        }

        Scale scale = Shown(blackout);
        List<(string Name, List<(int Number, int Row)> Places, int Rows)> lanes = [.. _lanes.Select(lane => (lane, Places(lane, scale, out int rows), rows))];
        double top = PhaseHeight + 8;
        double bottom = top + lanes.Sum(lane => LaneLabel + 4 + (lane.Rows * RowHeight));
        Marks.Chart(page, bottom + 20, $"The blackout: {ReportText.Number(blackout.To - blackout.From)} ms, {ReportText.Several(Events.Count, "event")}", () =>
        {
            Marks.Box(page, "dark", scale.At(blackout.From), scale.At(blackout.To), top, bottom - top);
            AxisFromStop(page, scale, blackout, top, bottom);
            Phases(page, scale);
            double y = top;
            foreach ((string name, List<(int Number, int Row)> places, int rows) in lanes)
            {
                Lane(page, name, y);
                foreach ((int number, int row) in places)
                {
                    TimelineEntry entry = Events[number - 1];
                    Number(page, scale.X(entry.OffsetMs), y + LaneLabel + 6 + (row * RowHeight) + 4, number, Channel(entry), Title(entry));
                }

                y += LaneLabel + 4 + (rows * RowHeight);
            }
        });
    }

    // Where the guest stood still: the phases say so, or QEMU's own events.
    private static (double From, double To)? Window(DowntimeReport report)
    {
        double at = 0, from = double.NaN, to = double.NaN;
        foreach (MigrationPhase phase in report.Phases)
        {
            if (IsBlackout(phase))
            {
                from = double.IsNaN(from) ? at : from;
                to = at + phase.DurationMs;
            }

            at += phase.DurationMs;
        }

        if (double.IsNaN(from))
        {
            from = report.Timeline.FirstOrDefault(entry => entry.Event == "STOP")?.OffsetMs ?? double.NaN;
            to = report.Timeline.FirstOrDefault(entry => entry.Event == "RESUME" && entry.OffsetMs > from)?.OffsetMs ?? double.NaN;
        }

        return double.IsFinite(from) && double.IsFinite(to) && to > from ? (from, to) : null;
    }

    /// <summary>Whether the guest stood still in a phase.</summary>
    public static bool IsBlackout(MigrationPhase phase) => phase.Name.StartsWith("blackout", StringComparison.Ordinal);

    private static Scale Shown((double From, double To) blackout)
    {
        double around = Math.Max((blackout.To - blackout.From) * 0.08, 0.05);
        return new(blackout.From - around, blackout.To + around, 0.005, 0.995);
    }

    private static string Channel(TimelineEntry entry) => entry.Channel switch { "trace" => "c-trace", "qmp" => "c-qmp", "log" => "c-log", "call" => "c-call", _ => "c-other" };

    private static void AxisFromStop(HtmlWriter page, Scale scale, (double From, double To) blackout, double top, double bottom)
    {
        var relative = new Scale(scale.Low - blackout.From, scale.High - blackout.From, scale.From, scale.To);
        Marks.Axis(page, relative, top, bottom);
    }

    private static void Number(HtmlWriter page, string x, double y, int number, string style, string title) => page.In(
        "svg",
        () =>
        {
            page.Element("title", title);
            page.Shape("rect", null, ("class", style), ("x", "-9"), ("y", "-8"), ("width", "18"), ("height", "16"), ("rx", "4"));
            Marks.Text(page, ReportText.Count(number), "0", 4, "number", "middle");
        },
        ("class", "point"), ("x", x), ("y", Scale.Pixels(y)), ("width", "1"), ("height", "1"));

    private static void Lane(HtmlWriter page, string name, double y)
    {
        Marks.Line(page, "grid", "0%", y, "100%", y);
        Marks.Text(page, name.Length > LongestName ? $"{name[..LongestName]}…" : name, "0%", y + 12, "row");
    }

    private void Phases(HtmlWriter page, Scale scale)
    {
        double at = 0;
        int index = 0;
        foreach (MigrationPhase phase in _report.Phases)
        {
            (double from, double to) = (at, at + phase.DurationMs);
            at = to;
            index++;
            if (!double.IsFinite(to) || to < scale.Low || from > scale.High)
            {
                continue;
            }

            double width = scale.At(to) - scale.At(from);
            string title = $"{phase.Name}: {ReportText.Number(phase.DurationMs)} ms";
            Marks.Box(page, $"phase {(IsBlackout(phase) ? "still" : "running")} p{ReportText.Count(index % 2)}", scale.At(from), scale.At(to), 0, PhaseHeight, title);

            // About 7 pixels a letter, on the narrowest page.
            string name = phase.Name.StartsWith("blackout: ", StringComparison.Ordinal) ? phase.Name["blackout: ".Length..] : phase.Name;
            if (width * 330 > name.Length * 7)
            {
                Marks.Text(page, name, Scale.Percent(scale.At(from) + (width / 2)), 15, IsBlackout(phase) ? "phase still" : "phase", "middle");
            }
        }
    }

    // Which number stands where: the next row where the one before is too near.
    private List<(int Number, int Row)> Places(string lane, Scale scale, out int rows)
    {
        var last = new List<double>();
        var places = new List<(int, int)>();
        for (int i = 0; i < Events.Count; i++)
        {
            if (Events[i].Host != lane)
            {
                continue;
            }

            double x = scale.At(Events[i].OffsetMs);
            int row = last.FindIndex(taken => x - taken >= Near);
            if (row < 0)
            {
                row = last.Count;
                last.Add(x);
            }

            last[row] = x;
            places.Add((i + 1, row));
        }

        rows = Math.Max(1, last.Count);
        return places;
    }
}
