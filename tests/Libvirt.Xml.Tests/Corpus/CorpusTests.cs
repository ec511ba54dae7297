using System.Xml;
using System.Xml.Linq;
using Libvirt.Xml.Tests.Devices;

namespace Libvirt.Xml.Tests.Corpus;

public sealed class CorpusTests
{
    private static IEnumerable<TestCaseData> Traps => Directory.EnumerateFiles(Path.Combine(TestContext.CurrentContext.TestDirectory, "Corpus", "Traps"), "*.xml").Order(StringComparer.Ordinal)
        .Select(file => new TestCaseData(file).SetArgDisplayNames(Path.GetFileNameWithoutExtension(file)));

    [TestCaseSource(nameof(Traps))]
    public void A_document_with_a_trap_is_what_it_was_after_adding_and_removing(string file) => Assert.That(RoundTrip.Problem(DomainDocument.LoadFile(file)), Is.Null);

    [Test]
    public void A_thousand_documents_are_what_they_were_after_adding_and_removing()
    {
        var problems = new List<string>();
        for (var seed = 0; seed < 1000; seed++)
        {
            string xml = GeneratedDomain.Make(seed);
            if (RoundTrip.Problem(DomainDocument.Parse(xml)) is { } problem)
            {
                problems.Add($"seed {seed}: {problem}\n{xml}");
            }
        }

        Assert.That(problems.Take(3), Is.Empty, $"{problems.Count} of 1000");
    }

    /// <summary>Also over domain documents that are not in the repository: of the folder that ORCHESTRATOR_XML_CORPUS names, if it names one.</summary>
    [Test]
    public void A_foreign_corpus_is_what_it_was_after_adding_and_removing()
    {
        string? folder = Environment.GetEnvironmentVariable("ORCHESTRATOR_XML_CORPUS");
        var problems = new List<string>();
        var count = 0;
        foreach (string file in string.IsNullOrEmpty(folder) ? [] : Directory.EnumerateFiles(folder, "*.xml", SearchOption.AllDirectories))
        {
            DomainDocument document;
            try
            {
                document = DomainDocument.LoadFile(file);
            }
            catch (DomainDocumentException e)
            {
                // A corpus of libvirt's own tests holds other documents, too, and files that are no XML.
                if (IsDomain(file))
                {
                    problems.Add($"{file}: {e.Message}");
                }

                continue;
            }

            count++;
            if (RoundTrip.Problem(document) is { } problem)
            {
                problems.Add($"{file}: {problem}");
            }
        }

        TestContext.Out.WriteLine($"{count} foreign domain documents");
        Assert.That(problems, Is.Empty, $"{problems.Count} of {count}");
    }

    private static bool IsDomain(string file)
    {
        try
        {
            return XDocument.Load(file).Root is { Name.LocalName: "domain", Name.NamespaceName: "" };
        }
        catch (XmlException)
        {
            return false;
        }
    }
}
