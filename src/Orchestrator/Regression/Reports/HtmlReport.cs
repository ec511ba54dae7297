using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Reports;

/// <summary>
/// The page of a run, complete in one file: what became of it, why, the figures, each scenario with its distribution, trend and repetitions, and where it was measured. Everything
/// can be read without its script, which only shows what is pointed at.
/// </summary>
internal sealed partial class HtmlReport(ReportInput input)
{
    // Before a column's title: its cells are numbers.
    private const char OfNumbers = '>';

    private readonly HtmlWriter _page = new();
    private readonly RegressionRun _run = input.Run;
    private readonly RunFindings _findings = RunFindings.Of(input.Run);

    public string Write()
    {
        _page.Verbatim("<!DOCTYPE html>\n");
        _page.In(
            "html",
            () =>
            {
                _page.In("head", Head);
                _page.In("body", Body);
            },
            ("lang", "en"));
        return _page.ToString() + "\n";
    }

    private void Head()
    {
        _page.Void("meta", ("charset", "utf-8"));
        _page.Void("meta", ("http-equiv", "Content-Security-Policy"), ("content", ReportAssets.Policy));
        _page.Void("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        _page.Void("meta", ("name", "color-scheme"), ("content", "light dark"));
        _page.Void("meta", ("name", "referrer"), ("content", "no-referrer"));
        _page.Void("link", ("rel", "icon"), ("href", "data:,"));
        _page.Element("title", $"{ReportText.Sign(_run.Verdict)} {ReportText.Word(_run.Verdict)}: {_run.Plan} {_run.Id}");
        _page.In("style", () => _page.Verbatim(ReportAssets.Style));
    }

    private void Body()
    {
        _page.In(
            "main",
            () =>
            {
                Top();
                foreach (Heading heading in _findings.Headings.Where(heading => heading.Verdict != Verdict.Passed))
                {
                    Under(heading);
                }

                Figures();
                for (int i = 0; i < _run.Scenarios.Count; i++)
                {
                    Scenario(_run.Scenarios[i], i);
                }

                Environment();
                Notes();
            });
        _page.In("footer", () => _page.Text($"{_run.Environment.Tool} · run {_run.Id} · times are UTC, lengths in milliseconds · ● passed ◆ inconclusive ■ environment broken ▲ regression"));
        _page.In("script", () => _page.Verbatim(ReportAssets.Script));
    }

    private void Top() => _page.In(
        "header",
        () =>
        {
            _page.In("p", () => Badge(_run.Verdict), ("class", "verdict"));
            _page.Element("h1", _run.Plan);
            if (_run.Description is { Length: > 0 } description)
            {
                _page.Element("p", description, ("class", "muted"));
            }

            _page.Element("p", $"{_findings.Headline.TrimEnd('.')}.", ("class", "headline"));
            _page.In("ul", Counts, ("class", "counts"));
            _page.In("dl", Facts, ("class", "facts"));
        },
        ("class", Style(_run.Verdict)));

    private void Counts()
    {
        foreach (Verdict verdict in new[] { Verdict.Regression, Verdict.Environment, Verdict.Inconclusive, Verdict.Passed })
        {
            int count = _findings.Count(verdict);
            _page.In(
                "li",
                () =>
                {
                    _page.Element("b", ReportText.Count(count));
                    _page.Text(" ");
                    _page.Element("a", $"{ReportText.Sign(verdict)} {ReportText.Word(verdict)}", ("href", count == 0 ? null : verdict == Verdict.Passed ? "#figures" : $"#{ReportText.Code(verdict)}"));
                },
                ("class", count == 0 ? "none" : Style(verdict)));
        }
    }

    private void Facts()
    {
        Fact("run", _run.Id);
        Fact("began", ReportText.Time(_run.Started));
        Fact("took", _run.Ended is { } ended ? ReportText.Duration(ended - _run.Started) : "not ended");
        if (_run.Environment.Hosts.Count > 0)
        {
            Fact("hosts", string.Join(" → ", _run.Environment.Hosts));
        }

        Fact("baseline", _run.Baseline switch
        {
            null => "none",
            { IsNew: true } baseline => $"{baseline.Name}: this run",
            { } baseline => $"{baseline.Name} ({baseline.RunId})",
        });
        foreach ((string name, string value) in _run.Labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            Fact(name, value);
        }

        Fact("exit code", ReportText.Count(_run.ExitCode));
    }

    private void Fact(string name, string value) => _page.In("div", () =>
    {
        _page.Element("dt", name);
        _page.Element("dd", value);
    });

    private void Under(Heading heading) => _page.In(
        "section",
        () =>
        {
            _page.In("h2", () => Badge(heading.Verdict));
            _page.Element("p", ReportText.Advice(heading.Verdict), ("class", "advice"));
            _page.In("ul", () =>
            {
                foreach (Finding finding in heading.Findings)
                {
                    _page.In("li", () =>
                    {
                        _page.In("p", () => _page.Element(finding.Index is null ? "b" : "a", finding.Scenario ?? "The run", ("href", finding.Index is { } index ? $"#{Anchor(index)}" : null)), ("class", "name"));
                        foreach (string reason in finding.Reasons.DefaultIfEmpty("no reason is given"))
                        {
                            _page.Element("p", reason);
                        }
                    });
                }
            });
        },
        ("class", $"finding {Style(heading.Verdict)}"), ("id", ReportText.Code(heading.Verdict)));

    private void Figures()
    {
        if (_run.Scenarios.Count == 0)
        {
            return;
        }

        _page.In(
            "section",
            () =>
            {
                _page.Element("h2", "Figures");
                Table(["", "scenario", "measure", ">n", ">median", ">95 % interval", ">p95", ">max", "limits", "change"], () =>
                {
                    for (int i = 0; i < _run.Scenarios.Count; i++)
                    {
                        ScenarioResult scenario = _run.Scenarios[i];
                        foreach (MeasureResult? measure in scenario.Measures.DefaultIfEmpty())
                        {
                            FigureRow(scenario, measure, i);
                        }
                    }
                });
            },
            ("id", "figures"));
    }

    private void FigureRow(ScenarioResult scenario, MeasureResult? measure, int index)
    {
        Verdict verdict = measure is null ? scenario.Verdict : RunFindings.VerdictOf(scenario, measure);
        SampleStatistics? s = measure?.Statistics;
        _page.In("tr", () =>
        {
            _page.In("td", () => _page.Element("span", ReportText.Sign(verdict), ("class", Style(verdict)), ("title", ReportText.Word(verdict))));
            _page.In("td", () => _page.Element("a", scenario.Name, ("href", $"#{Anchor(index)}")), ("class", "long"));
            _page.Element("td", measure?.Name ?? "–");
            Cell($"{ReportText.Count(measure?.Values.Count ?? 0)}/{ReportText.Count(scenario.Repetitions)}");
            Cell(ReportText.Number(s?.Median), strong: true);
            Cell(s is null ? "–" : $"{ReportText.Number(s.MedianLow)} … {ReportText.Number(s.MedianHigh)}");
            Cell(ReportText.Number(s?.P95));
            Cell(ReportText.Number(s?.Max));
            _page.In("td", () =>
            {
                if (measure is not { Limits.Count: > 0 })
                {
                    _page.Text("–");
                    return;
                }

                for (int i = 0; i < measure.Limits.Count; i++)
                {
                    LimitResult limit = measure.Limits[i];
                    _page.Text(i > 0 ? ", " : "");
                    Judged(limit.Verdict, $"{limit.Name} ≤ {ReportText.Limit(limit.LimitMs)}");
                }
            });
            _page.In("td", () =>
            {
                if (measure?.Change is { } change)
                {
                    Judged(change.Verdict, ReportText.Signed(change.ShiftMs));
                }
                else
                {
                    _page.Text("–");
                }
            });
        });
    }

    /// <summary>Text with its verdict's sign and colour; plain when all is well.</summary>
    private void Judged(Verdict verdict, string text) =>
        _page.Element("span", verdict == Verdict.Passed ? text : $"{ReportText.Sign(verdict)} {text}", ("class", verdict == Verdict.Passed ? null : Style(verdict)));

    private void Badge(Verdict verdict) =>
        _page.Element("span", $"{ReportText.Sign(verdict)} {ReportText.Word(verdict)}", ("class", $"badge {Style(verdict)}"));

    private void Cell(string text, bool strong = false) => _page.Element("td", text, ("class", strong ? "number strong" : "number"));

    private void Table(IReadOnlyList<string> columns, Action rows) => _page.In(
        "div",
        () => _page.In("table", () =>
        {
            _page.In("thead", () => _page.In("tr", () =>
            {
                foreach (string column in columns)
                {
                    bool ofNumbers = column.StartsWith(OfNumbers);
                    _page.Element("th", ofNumbers ? column[1..] : column, ("scope", "col"), ("class", ofNumbers ? "number" : null));
                }
            }));
            _page.In("tbody", rows);
        }),
        ("class", "wide"));

    private void Environment() => _page.In(
        "section",
        () =>
        {
            _page.Element("h2", "Environment");
            if (_run.Baseline is { Differences.Count: > 0 } baseline)
            {
                _page.In(
                    "div",
                    () =>
                    {
                        _page.Element("p", $"Not as when the baseline {baseline.Name} was measured: a change may come from there.");
                        List(baseline.Differences);
                    },
                    ("class", "callout"));
            }

            RunEnvironment here = _run.Environment;
            RunEnvironment? then = input.Baseline?.Environment;
            List<string> facts = [.. here.Source.Keys.Concat(here.Destination.Keys).Concat(then?.Source.Keys ?? []).Concat(then?.Destination.Keys ?? []).Distinct().Order(StringComparer.Ordinal)];
            if (facts.Count == 0)
            {
                _page.Element("p", "Nothing is known of the hosts.", ("class", "muted"));
                return;
            }

            string[] hosts = [.. here.Hosts.Take(2).Select((host, i) => $"{(i == 0 ? "source" : "destination")} {host}")];
            Table(["", hosts.ElementAtOrDefault(0) ?? "source", hosts.ElementAtOrDefault(1) ?? "destination"], () =>
            {
                foreach (string fact in facts)
                {
                    _page.In("tr", () =>
                    {
                        _page.Element("th", fact, ("scope", "row"));
                        FactCell(here.Source.GetValueOrDefault(fact), then?.Source.GetValueOrDefault(fact), then is not null);
                        FactCell(here.Destination.GetValueOrDefault(fact), then?.Destination.GetValueOrDefault(fact), then is not null);
                    });
                }

                _page.In("tr", () =>
                {
                    _page.Element("th", "measured by", ("scope", "row"));
                    FactCell(here.Tool, then?.Tool, then is not null);
                    _page.Element("td", "");
                });
            });
        },
        ("id", "environment"));

    private void FactCell(string? now, string? then, bool compares) => _page.In(
        "td",
        () =>
        {
            _page.Text(now ?? "unknown");
            if (compares && now != then)
            {
                _page.Element("p", $"≠ baseline: {then ?? "unknown"}", ("class", "changed"));
            }
        },
        ("class", "long"));

    private void Notes()
    {
        if (_run.Notes.Count == 0)
        {
            return;
        }

        _page.In("section", () =>
        {
            _page.Element("h2", "Notes");
            List(_run.Notes);
        });
    }

    private void List(IReadOnlyList<string> items) => _page.In("ul", () =>
    {
        foreach (string item in items)
        {
            _page.Element("li", item);
        }
    });

    private static string Anchor(int scenario) => $"scenario-{ReportText.Count(scenario + 1)}";

    private static string Style(Verdict verdict) => $"v-{ReportText.Code(verdict)}";
}
