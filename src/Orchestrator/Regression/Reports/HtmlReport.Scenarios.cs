using Orchestrator.Downtime;
using Orchestrator.Regression.Reports.Charts;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

// The scenarios, one after the other.
internal sealed partial class HtmlReport
{
    private void Scenario(ScenarioResult scenario, int index) => _page.In(
        "section",
        () =>
        {
            _page.In("h2", () =>
            {
                _page.Element("span", scenario.Name, ("class", "name"));
                _page.Text(" ");
                Badge(scenario.Verdict);
            });
            _page.Element("p", string.Join(" · ", Setup(scenario)), ("class", "muted"));
            if (scenario.Measures.Count == 0)
            {
                _page.Element("p", "Nothing was measured.");
            }

            ScenarioResult? then = input.Baseline?.Scenarios.FirstOrDefault(other => other.Name == scenario.Name);
            foreach (MeasureResult measure in scenario.Measures)
            {
                Measure(scenario, measure, then?.Measures.FirstOrDefault(other => other.Name == measure.Name));
            }

            Phases(scenario, then);
            Repetitions(scenario, index);
        },
        ("class", $"scenario {Style(scenario.Verdict)}"), ("id", Anchor(index)));

    private static IEnumerable<string> Setup(ScenarioResult scenario)
    {
        yield return scenario.Kind;
        if (scenario.Setup is { Length: > 0 } setup)
        {
            yield return setup;
        }

        if (scenario.Policy is { Length: > 0 } policy)
        {
            yield return $"policy {policy}";
        }

        yield return $"{ReportText.Several(scenario.Repetitions, "repetition")} wanted";
    }

    private void Measure(ScenarioResult scenario, MeasureResult measure, MeasureResult? baseline)
    {
        _page.In("h3", () =>
        {
            _page.Text(measure.Name);
            if (measure.Statistics is { } s)
            {
                _page.Element("span", $" median {ReportText.Number(s.Median)} ms · p95 {ReportText.Number(s.P95)} · {ReportText.Number(s.Min)} to {ReportText.Number(s.Max)} · n = {ReportText.Count(s.Count)}", ("class", "muted"));
            }
        });
        if (measure.Values.Count == 0)
        {
            _page.Element("p", "There are no values.", ("class", "muted"));
        }

        Judgements(measure);
        _page.In(
            "div",
            () =>
            {
                if (measure.Values.Count > 0)
                {
                    Figure("Distribution", "Every value with its doubt; the box is the median's 95 % interval.", () => DistributionChart.Draw(_page, measure, baseline));
                }

                Figure("Trend", "Median, its interval and the range of the values, run by run; the last is this one.", () => TrendChart.Draw(_page, input, scenario, measure, baseline));
            },
            ("class", "charts"));
    }

    private void Judgements(MeasureResult measure)
    {
        if (measure.Limits.Count == 0 && measure.Change is null)
        {
            return;
        }

        Table(["", "judged", "is", "may be"], () =>
        {
            foreach (LimitResult limit in measure.Limits)
            {
                Row(limit.Verdict, RunFindings.WordOf(limit), ReportText.WithDoubt(limit.ValueMs, limit.UncertaintyMs), $"{ReportText.Limit(limit.LimitMs)} ms ({limit.Name})");
            }

            if (measure.Change is { } change)
            {
                Row(
                    change.Verdict,
                    $"change{(change.Direction is { } direction ? $" {direction}" : "")} against {ReportText.Number(change.BaselineMedianMs)} ms, n = {ReportText.Count(change.BaselineCount)}" + (change.Phase is { } phase ? $"; {phase.Name} {ReportText.Signed(phase.ChangeMs)} ms" : ""),
                    $"{ReportText.Signed(change.ShiftMs)} ms ({ReportText.Signed(change.LowMs)} … {ReportText.Signed(change.HighMs)}), p {Probability(change.PValue)}",
                    $"{ReportText.Signed(change.ThresholdMs)} ms");
            }
        });

        void Row(Verdict verdict, string what, string value, string limit) => _page.In("tr", () =>
        {
            _page.In("td", () => _page.Element("span", $"{ReportText.Sign(verdict)} {ReportText.Word(verdict)}", ("class", Style(verdict))));
            _page.Element("td", what, ("class", "long"));
            _page.Element("td", value, ("class", "long"));
            _page.Element("td", limit);
        });

        static string Probability(double p) => ReportText.Probability(p) is var text && text.StartsWith('<') ? text : $"= {text}";
    }

    private void Figure(string title, string caption, Action chart) => _page.In("figure", () =>
    {
        _page.In("figcaption", () =>
        {
            _page.Element("b", title);
            _page.Text($" {caption}");
        });
        chart();
    });

    private void Phases(ScenarioResult scenario, ScenarioResult? then)
    {
        IReadOnlyList<(string Phase, double Ms)> now = PhaseMedians.Of(scenario);
        if (now.Count == 0)
        {
            return;
        }

        Dictionary<string, double>? before = then is null ? null : PhaseMedians.Of(then).ToDictionary(phase => phase.Phase, phase => phase.Ms);
        _page.Element("h3", "Phases, medians in ms");
        Table(before is { Count: > 0 } ? ["phase", ">now", ">baseline", ">change"] : ["phase", ">now"], () =>
        {
            foreach ((string phase, double ms) in now)
            {
                _page.In("tr", () =>
                {
                    _page.Element("td", phase);
                    Cell(ReportText.Number(ms));
                    if (before is { Count: > 0 })
                    {
                        double was = before.GetValueOrDefault(phase, double.NaN);
                        Cell(ReportText.Number(was));
                        Cell(ReportText.Signed(ms - was), strong: scenario.Measures.Any(measure => measure.Change?.Phase?.Name == phase));
                    }
                });
            }
        });
    }

    private void Repetitions(ScenarioResult scenario, int index)
    {
        if (scenario.RepetitionsMade.Count == 0)
        {
            return;
        }

        _page.Element("h3", "Repetitions");
        bool migrates = scenario.RepetitionsMade.Any(repetition => repetition.Downtime is not null);
        string[] measures = migrates ? [] : [.. scenario.RepetitionsMade.SelectMany(repetition => repetition.Values.Keys).Distinct()];
        Table(migrates ? [">#", ">downtime", "outcome", ">trace", ">qmp", ">libvirt net", ">libvirt", ">observer", ">guest", "direction", "began"] : [">#", .. measures.Select(measure => $">{measure}"), "outcome", "began"], () =>
        {
            for (int i = 0; i < scenario.RepetitionsMade.Count; i++)
            {
                RepetitionRow(scenario.RepetitionsMade[i], i, migrates, measures);
            }
        });

        // The one to look at first: the longest that counts, else the first that went wrong.
        int worst = scenario.Measures.SelectMany(measure => measure.Values).OrderByDescending(value => value.Ms).Select(value => value.Repetition)
            .FirstOrDefault(Enumerable.Range(0, scenario.RepetitionsMade.Count).FirstOrDefault(i => scenario.RepetitionsMade[i].Problem is not null));
        for (int i = 0; i < scenario.RepetitionsMade.Count; i++)
        {
            Repetition repetition = scenario.RepetitionsMade[i];
            if (repetition.Downtime is not null || repetition.Decisions.Count > 0 || repetition.Problem is not null || repetition.Load is not null)
            {
                Detail(repetition, i, index, isOpen: i == worst);
            }
        }
    }

    private void RepetitionRow(Repetition repetition, int number, bool migrates, string[] measures) => _page.In(
        "tr",
        () =>
        {
            Cell(ReportText.Count(number + 1));
            if (migrates)
            {
                DowntimeReport? downtime = repetition.Downtime;
                Cell(downtime?.ValueMs is { } value ? $"{ReportText.Number(value)} ± {ReportText.Number(downtime.UncertaintyMs)}" : "–", strong: true);
                _page.Element("td", repetition.Outcome + Kind(repetition));
                foreach ((string name, double? ms) in Methods(downtime?.Sources))
                {
                    _page.Element("td", ReportText.Number(ms), ("class", name == downtime?.Method ? "number chosen" : "number"));
                }

                _page.Element("td", repetition.Direction ?? "–", ("class", "long"));
            }
            else
            {
                foreach (string measure in measures)
                {
                    Cell(repetition.Values.TryGetValue(measure, out double ms) ? ReportText.Number(ms) : "–", strong: true);
                }

                _page.Element("td", repetition.Outcome + Kind(repetition));
            }

            _page.Element("td", repetition.Started.UtcDateTime.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));
        },
        ("class", repetition.IsWarmUp || repetition.IsWayHome ? "aside" : repetition.Problem is not null ? "v-environment" : null));

    private static string Kind(Repetition repetition) => repetition.IsWarmUp ? " (warm-up)" : repetition.IsWayHome ? " (way home)" : "";

    private static IEnumerable<(string Name, double? Ms)> Methods(DowntimeSources? sources) =>
    [
        ("trace", sources?.Trace.ValueMs), ("qmp", sources?.Qmp.ValueMs), ("libvirt", sources?.Libvirt.DowntimeNetMs), ("libvirt downtime", sources?.Libvirt.DowntimeMs),
        ("observer", sources?.Observer.ValueMs), ("guest", sources?.Guest.ValueMs),
    ];

    // One at a time is open, by the browser's own means.
    private void Detail(Repetition repetition, int number, int scenario, bool isOpen) => _page.In(
        "details",
        () =>
        {
            _page.In("summary", () =>
            {
                _page.Element("b", $"Repetition {ReportText.Count(number + 1)}{Kind(repetition)}");
                _page.Text($" {repetition.Direction} ");
                _page.Element("span", repetition.Downtime?.ValueMs is { } value ? $"{ReportText.WithDoubt(value, repetition.Downtime.UncertaintyMs)} by {repetition.Downtime.Method}" : repetition.Outcome, ("class", "muted"));
            });
            Told("Problem", repetition.Problem, Style(Verdict.Environment));
            Told("No value", repetition.Downtime?.Problem, Style(Verdict.Inconclusive));
            Told("Load", repetition.Load);
            if (repetition.Downtime is { } downtime)
            {
                Timeline(downtime);
                MethodTable(downtime);
                Clocks(downtime);
            }

            if (repetition.Decisions.Count > 0)
            {
                _page.Element("h4", "What the policy did");
                List(repetition.Decisions);
            }

            Told("Evidence", repetition.Evidence);
        },
        ("name", Anchor(scenario)), ("open", isOpen ? "" : null));

    private void Told(string what, string? text, string style = "muted")
    {
        if (text is { Length: > 0 })
        {
            _page.In("p", () =>
            {
                _page.Element("b", what);
                _page.Text($" {text}");
            }, ("class", style));
        }
    }

    private void Timeline(DowntimeReport downtime)
    {
        if (downtime.Timeline.Count == 0 && downtime.Phases.Count == 0)
        {
            return;
        }

        var chart = new TimelineChart(downtime);
        Figure("The call", "Phases above; the events of our own call and of both hosts below, on one clock. The band is the blackout.", () => chart.DrawCall(_page));
        if (chart.Blackout is null)
        {
            _page.Element("p", "When the guest stood still is not known.", ("class", "muted"));
        }
        else if (chart.Events.Count > 0)
        {
            Figure("The blackout", "The same, zoomed: from the stop of the guest on the source to its run on the destination. The axis counts from the stop; the numbers are the lines of the table.", () => chart.DrawBlackout(_page));
            Events(chart, chart.Events, numbered: true);
        }

        _page.In("details", () =>
        {
            _page.Element("summary", $"All {ReportText.Several(downtime.Timeline.Count, "event")} and {ReportText.Several(downtime.Phases.Count, "phase")}");
            Table(["phase", ">ms"], () =>
            {
                foreach (MigrationPhase phase in downtime.Phases)
                {
                    _page.In("tr", () =>
                    {
                        _page.Element("td", phase.Name);
                        Cell(ReportText.Number(phase.DurationMs));
                    });
                }
            });
            Events(chart, downtime.Timeline, numbered: false);
        });
    }

    private void Events(TimelineChart chart, IReadOnlyList<TimelineEntry> events, bool numbered) =>
        Table([numbered ? ">#" : "", ">ms", ">after stop", "host", "event", "seen in", ">our clock", ">host's clock"], () =>
        {
            for (int i = 0; i < events.Count; i++)
            {
                TimelineEntry entry = events[i];
                _page.In("tr", () =>
                {
                    Cell(numbered ? ReportText.Count(i + 1) : "");
                    Cell(ReportText.Number(entry.OffsetMs));
                    Cell(chart.Blackout is { } blackout ? ReportText.Signed(entry.OffsetMs - blackout.From) : "–");
                    _page.Element("td", entry.Host);
                    _page.Element("td", entry.Event, ("class", "long event"));
                    _page.Element("td", entry.Channel);
                    Cell(ReportText.Stamp(entry.At));
                    Cell(chart.HostStamp(entry) ?? "–");
                });
            }
        });

    private void MethodTable(DowntimeReport downtime)
    {
        DowntimeSources sources = downtime.Sources;
        _page.Element("h4", "By every method");
        Table(["method", ">ms", ">±", ">uncorrected", ""], () =>
        {
            Row("trace", sources.Trace.ValueMs, sources.Trace.UncertaintyMs, sources.Trace.RawMs, sources.Trace.Problem ?? string.Join(" → ", sources.Trace.Events));
            Row("qmp", sources.Qmp.ValueMs, sources.Qmp.UncertaintyMs, sources.Qmp.RawMs, sources.Qmp.Problem ?? "STOP → RESUME");
            Row("libvirt", sources.Libvirt.DowntimeNetMs, null, null, sources.Libvirt.Problem ?? "downtime_net: without the hand-over between the hosts");
            Row("libvirt downtime", sources.Libvirt.DowntimeMs, null, null, sources.Libvirt.Problem ?? "downtime: with the difference of the hosts' clocks");
            Row("observer", sources.Observer.ValueMs, sources.Observer.UncertaintyMs, null, sources.Observer.Problem ?? "arrival of STOP and RESUME here");
            Row("guest", sources.Guest.ValueMs, sources.Guest.UncertaintyMs, null, sources.Guest.Problem ?? "the gap in the guest's own ticks");
        });

        void Row(string method, double? value, double? doubt, double? raw, string note) => _page.In(
            "tr",
            () =>
            {
                _page.Element("td", method == downtime.Method ? $"{method} ✓" : method);
                Cell(ReportText.Number(value), strong: method == downtime.Method);
                Cell(ReportText.Number(doubt));
                Cell(ReportText.Number(raw));
                _page.Element("td", note, ("class", "long muted"));
            },
            ("class", method == downtime.Method ? "chosen" : null));
    }

    private void Clocks(DowntimeReport downtime)
    {
        if (downtime.Clocks.Count == 0)
        {
            return;
        }

        _page.Element("h4", "Clocks against ours");
        Table(["host", ">ahead ms", ">±", ">round trip ms", ">events", ""], () =>
        {
            foreach (HostClock clock in downtime.Clocks)
            {
                _page.In("tr", () =>
                {
                    _page.Element("td", clock.Host);
                    Cell(clock.OffsetMs is { } offset ? ReportText.Signed(offset) : "–");
                    Cell(ReportText.Number(clock.UncertaintyMs));
                    Cell(ReportText.Number(clock.RoundTripMs));
                    Cell(ReportText.Count(clock.StampedEvents));
                    _page.Element("td", clock.Problem ?? "", ("class", "long muted"));
                });
            }
        });
    }
}
