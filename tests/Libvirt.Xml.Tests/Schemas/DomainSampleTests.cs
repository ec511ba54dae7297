using System.Text.RegularExpressions;

namespace Libvirt.Xml.Tests.Schemas;

/// <summary>Each sample is what its dialect's libvirt accepts, and is listed.</summary>
public sealed partial class DomainSampleTests
{
    private static IEnumerable<TestCaseData> Of(string dialect) => DomainSample.All.Where(sample => sample.Dialect == dialect).Select(sample => new TestCaseData(sample));

    [TestCaseSource(nameof(Of), ["upstream"])]
    public async Task Upstream_sample_is_valid_for_stock_libvirt_and_so_for_openEulers(object sample)
    {
        foreach (string grammar in new[] { XmlLint.Stock, XmlLint.OpenEuler })
        {
            XmlLint verdict = await XmlLint.ValidateAsync(grammar, ((DomainSample)sample).Text);
            Assert.That(verdict.Valid, Is.True, verdict.Output);
        }
    }

    [TestCaseSource(nameof(Of), ["openEuler"])]
    public async Task OpenEuler_sample_is_valid_for_openEulers_libvirt_alone(object sample)
    {
        XmlLint ours = await XmlLint.ValidateAsync(XmlLint.OpenEuler, ((DomainSample)sample).Text);
        Assert.That(ours.Valid, Is.True, ours.Output);
        Assert.That((await XmlLint.ValidateAsync(XmlLint.Stock, ((DomainSample)sample).Text)).Valid, Is.False);
    }

    [Test]
    public void Every_sample_says_what_it_is() => Assert.Multiple(() =>
    {
        foreach (DomainSample sample in DomainSample.All)
        {
            Assert.That(sample.Labels.Keys, Is.SupersetOf(new[] { "Scheme", "Dialect", "Since", "Needs", "Migrates" }), sample.Name);
            Assert.That(sample.Dialect, Is.AnyOf("openEuler", "upstream"), sample.Name);
            Assert.That((string?)sample.Document.Root!.Element("name"), Is.EqualTo(sample.Name));
        }
    });

    [Test]
    public void The_table_lists_every_sample_under_its_dialect()
    {
        IEnumerable<(string, string)> listed = Row().Matches(File.ReadAllText(Path.Combine(DomainSample.Folder, "README.md")))
            .Select(row => (row.Groups["file"].Value, row.Groups["dialect"].Value));
        Assert.That(listed, Is.EquivalentTo(DomainSample.All.Select(sample => (sample.Name, sample.Dialect))));
    }

    [GeneratedRegex(@"^\| `(?<file>[^`]+)\.xml` \|[^|]*\| (?<dialect>\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
