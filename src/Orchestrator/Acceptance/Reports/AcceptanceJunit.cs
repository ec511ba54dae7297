using System.Globalization;
using System.Text;
using System.Xml;
using Orchestrator.Regression.Reports;

namespace Orchestrator.Acceptance.Reports;

/// <summary>
/// JUnit's XML, in the part of it that Jenkins and GitLab both read. A suite per group, a test per case; what failed is a failure, what left something behind or could not be done an error, and what is
/// inconclusive or not applicable was skipped, with the reason.
/// </summary>
internal static class AcceptanceJunit
{
    internal static string Write(AcceptanceRun run)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new() { Indent = true, NewLineChars = "\n", OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("testsuites");
            Attribute(xml, "name", run.Plan);
            Counts(xml, run.Cases);
            foreach (IGrouping<CaseGroup, CaseResult> group in run.Cases.GroupBy(result => result.Group))
            {
                xml.WriteStartElement("testsuite");
                Attribute(xml, "name", ErrorDocument.CodeOf(group.Key));
                Counts(xml, [.. group]);
                Attribute(xml, "timestamp", run.Started.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
                Properties(xml, run);
                foreach (CaseResult result in group)
                {
                    Write(xml, run, result);
                }

                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        return $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n";
    }

    private static void Properties(XmlWriter xml, AcceptanceRun run)
    {
        xml.WriteStartElement("properties");
        Property("run", run.Id);
        Property("exit_code", ReportText.Count(run.ExitCode));
        Property("tool", run.Environment.Tool);
        if (run.Only.Count > 0)
        {
            Property("only", string.Join(", ", run.Only));
        }

        foreach ((string role, string? host, IReadOnlyDictionary<string, string> facts) in new[] { ("source", run.Environment.Hosts.ElementAtOrDefault(0), run.Environment.Source), ("destination", run.Environment.Hosts.ElementAtOrDefault(1), run.Environment.Destination) })
        {
            Property(role, host ?? "");
            foreach ((string name, string value) in facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
            {
                Property($"{role}.{name}", value);
            }
        }

        xml.WriteEndElement();

        void Property(string name, string value)
        {
            xml.WriteStartElement("property");
            Attribute(xml, "name", name);
            Attribute(xml, "value", value);
            xml.WriteEndElement();
        }
    }

    private static void Write(XmlWriter xml, AcceptanceRun run, CaseResult result)
    {
        xml.WriteStartElement("testcase");
        Attribute(xml, "classname", $"{run.Plan.Replace('.', '_')}.{ErrorDocument.CodeOf(result.Group)}");
        Attribute(xml, "name", result.Id);
        Attribute(xml, "time", ReportText.Seconds(result.TookMs));
        string[] lines =
        [
            $"{result.Name}: {result.Covers}",
            .. result.Steps.Select(step => $"step: {step}"),
            .. result.Checks.Select(check => $"{AcceptanceText.Word(check.Result)}: {check.What} ({check.Observed})"),
            .. result.Downtimes.Select(downtime => $"downtime {downtime.Direction}: {AcceptanceText.Downtime(downtime)}"),
        ];
        if (ElementOf(result) is { } element)
        {
            xml.WriteStartElement(element);
            Attribute(xml, "type", ErrorDocument.CodeOf(result.Verdict));
            Attribute(xml, "message", $"{AcceptanceText.Word(result.Verdict)}: {result.Reason}");
            xml.WriteString(ReportText.Clean(string.Join('\n', lines)));
            xml.WriteEndElement();
        }
        else
        {
            xml.WriteElementString("system-out", ReportText.Clean(string.Join('\n', lines)));
        }

        xml.WriteEndElement();
    }

    private static string? ElementOf(CaseResult result) => result.Verdict switch
    {
        CaseVerdict.Pass => null,
        CaseVerdict.Fail => result.Checks.Any(check => check.Result == CheckResult.Fail) ? "failure" : "error",
        _ => "skipped",
    };

    private static void Counts(XmlWriter xml, IReadOnlyList<CaseResult> cases)
    {
        Attribute(xml, "tests", ReportText.Count(cases.Count));
        Attribute(xml, "failures", Number("failure"));
        Attribute(xml, "errors", Number("error"));
        Attribute(xml, "skipped", Number("skipped"));
        Attribute(xml, "time", ReportText.Seconds(cases.Sum(result => result.TookMs)));

        string Number(string element) => ReportText.Count(cases.Count(result => ElementOf(result) == element));
    }

    private static void Attribute(XmlWriter xml, string name, string value) => xml.WriteAttributeString(name, ReportText.Line(value));
}
