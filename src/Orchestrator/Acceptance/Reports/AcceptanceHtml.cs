using System.Globalization;
using Orchestrator.Regression.Reports;

namespace Orchestrator.Acceptance.Reports;

/// <summary>The page of an acceptance, complete in one file, in the style of the nightly report: the verdicts, then each case with its steps, what was seen, and its downtimes.</summary>
internal sealed class AcceptanceHtml
{
    private readonly HtmlWriter _page = new();
    private readonly AcceptanceRun _run;

    private AcceptanceHtml(AcceptanceRun run) => _run = run;

    internal static string Write(AcceptanceRun run)
    {
        var page = new AcceptanceHtml(run);
        page._page.Verbatim("<!DOCTYPE html>\n");
        page._page.In("html", page.Document, ("lang", "en"));
        return page._page + "\n";
    }

    private void Document()
    {
        _page.In("head", () =>
        {
            _page.Void("meta", ("charset", "utf-8"));
            _page.Void("meta", ("http-equiv", "Content-Security-Policy"), ("content", ReportAssets.Policy));
            _page.Void("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
            _page.Void("meta", ("name", "color-scheme"), ("content", "light dark"));
            _page.Void("link", ("rel", "icon"), ("href", "data:,"));
            _page.Element("title", $"Acceptance: {_run.Plan} {_run.Id}");
            _page.In("style", () => _page.Verbatim(ReportAssets.Style));
        });
        _page.In("body", () => _page.In("main", Body));
    }

    private void Body()
    {
        _page.Element("h1", $"Acceptance {_run.Plan}");
        _page.Element("p", string.Join(", ", Enum.GetValues<CaseVerdict>().Select(verdict => $"{ReportText.Count(_run.Count(verdict))} {AcceptanceText.Word(verdict)}")) + $"; exit code {ReportText.Count(_run.ExitCode)}.");
        _page.Element("p", $"{_run.Id}, began {ReportText.Time(_run.Started)}{(_run.Ended is { } ended ? $", took {ReportText.Duration(ended - _run.Started)}" : "")}.");
        if (_run.Only.Count > 0)
        {
            _page.Element("p", $"Only these cases were chosen: {string.Join(", ", _run.Only)}.");
        }

        if (_run.Cases.Count(result => result.NotRun) is > 0 and var missed)
        {
            _page.Element("p", $"The run was cancelled: {ReportText.Several(missed, "case")} {(missed == 1 ? "was" : "were")} not run.");
        }

        if (_run.Description is { } description)
        {
            _page.Element("p", description);
        }

        _page.Element("h2", "Cases");
        Table(["", "case", "name", "setup", "severity", "verdict", "why"], _run.Cases.Select(result => new[]
        {
            AcceptanceText.Sign(result.Verdict), result.Id, result.Name, result.Setup, ErrorDocument.CodeOf(result.Severity), AcceptanceText.Word(result), result.Reason ?? "",
        }));
        if (_run.Cases.Any(result => result.Downtimes.Count > 0))
        {
            _page.Element("h2", "Downtimes");
            Table(["case", "direction", "downtime", "method", "limit, ms"], _run.Cases.SelectMany(result => result.Downtimes.Select(downtime => new[]
            {
                result.Id, downtime.Direction, AcceptanceText.Downtime(downtime), downtime.Method ?? "", downtime.LimitMs is { } limit ? ReportText.Limit(limit) : "",
            })));
        }

        _page.Element("h2", "Where it was run");
        Table(["", "source", "destination"],
        [
            ["host", _run.Environment.Hosts.ElementAtOrDefault(0) ?? "", _run.Environment.Hosts.ElementAtOrDefault(1) ?? ""],
            .. _run.Environment.Source.Keys.Union(_run.Environment.Destination.Keys).Order(StringComparer.Ordinal)
                .Select(name => new[] { name, _run.Environment.Source.GetValueOrDefault(name) ?? "", _run.Environment.Destination.GetValueOrDefault(name) ?? "" }),
        ]);
        foreach (CaseResult result in _run.Cases)
        {
            Case(result);
        }
    }

    private void Case(CaseResult result)
    {
        _page.Element("h3", $"{AcceptanceText.Sign(result.Verdict)} {result.Id}: {result.Name}");
        _page.Element("p", $"{result.Covers}. {AcceptanceText.Word(result)}{(result.Reason is { } reason ? $": {reason}" : "")}; took {(result.TookMs / 1000).ToString("0.0", CultureInfo.InvariantCulture)} s.");
        if (result.Preconditions.Count > 0)
        {
            _page.Element("p", $"Needs {string.Join("; ", result.Preconditions)}.");
        }

        _page.In("ol", () =>
        {
            foreach (string step in result.Steps)
            {
                _page.Element("li", step);
            }
        });
        Table(["what has to be so", "", "seen"], result.Checks.Select(check => new[] { check.What, AcceptanceText.Word(check.Result), check.Observed }));
    }

    private void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows) => _page.In("table", () =>
    {
        _page.In("thead", () => Row("th", columns));
        _page.In("tbody", () =>
        {
            foreach (IReadOnlyList<string> row in rows)
            {
                Row("td", row);
            }
        });
    });

    private void Row(string cell, IReadOnlyList<string> cells) => _page.In("tr", () =>
    {
        foreach (string text in cells)
        {
            _page.Element(cell, text);
        }
    });
}
