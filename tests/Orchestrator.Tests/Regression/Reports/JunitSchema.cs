using System.Xml.Linq;
using System.Xml.Schema;

namespace Orchestrator.Tests.Regression.Reports;

/// <summary>What of a report a CI server's schema of JUnit's XML refuses.</summary>
internal static class JunitSchema
{
    internal static List<string> Problems(XDocument report)
    {
        var schemas = new XmlSchemaSet();
        schemas.Add(null, Path.Combine(AppContext.BaseDirectory, "Regression", "Reports", "junit.xsd"));
        var problems = new List<string>();
        report.Validate(schemas, (_, e) => problems.Add(e.Message));
        return problems;
    }
}
