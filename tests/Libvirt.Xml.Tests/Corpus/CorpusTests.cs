using System.Diagnostics;
using System.Xml;
using System.Xml.Linq;
using Libvirt.Xml.Devices;
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

    [Test]
    public void What_was_saved_in_between_is_what_it_was_too()
    {
        var problems = new List<string>();
        for (var seed = 0; seed < 100; seed++)
        {
            // Only with devices and arguments that are there: once saved, nobody knows who made an empty container.
            DomainDocument document = DomainDocument.Parse(GeneratedDomain.Make(seed));
            document.Add(new VdpaHostDevice { SourceDevice = "/dev/vhost-vdpa-80" });
            document.TraceArguments.Add("before*");
            document = DomainDocument.Parse(document.ToString());
            string before = Canonical.Of(document.ToString());
            foreach (DomainDevice device in EveryDevice.All)
            {
                document.Add(device);
                document = DomainDocument.Parse(document.ToString());
                if (!document.Remove(device) || Canonical.Of(document.ToString()) != before)
                {
                    problems.Add($"seed {seed}: {device.Kind}");
                }
            }
        }

        Assert.That(problems, Is.Empty);
    }

    [TestCaseSource(nameof(Traps))]
    public void The_form_that_is_compared_is_the_canonical_one(string file)
    {
        using Process xmllint = Process.Start(new ProcessStartInfo("xmllint", ["--c14n11", file]) { RedirectStandardOutput = true })!;
        string canonical = xmllint.StandardOutput.ReadToEnd();
        xmllint.WaitForExit();

        // xmllint ends its output with a line break of its own.
        Assert.That(Canonical.Of(File.ReadAllText(file)), Is.EqualTo(canonical.EndsWith('\n') ? canonical[..^1] : canonical));
    }

    /// <summary>Also over domain documents that are not in the repository: of the folder that ORCHESTRATOR_XML_CORPUS names, if it names one.</summary>
    [TestCaseSource(nameof(ForeignCorpora))]
    public void A_foreign_corpus_is_what_it_was_after_adding_and_removing(string folder)
    {
        var problems = new List<string>();
        var count = 0;
        foreach (string file in Directory.EnumerateFiles(folder, "*.xml", SearchOption.AllDirectories))
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
        Assert.That(count, Is.GreaterThan(0), "a corpus without a domain proves nothing");
    }

    private static IEnumerable<string> ForeignCorpora() => Environment.GetEnvironmentVariable("ORCHESTRATOR_XML_CORPUS") is { Length: > 0 } folder ? [folder] : [];

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
