using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;

namespace Orchestrator.Tests.Migration.Mapping;

public sealed class MatchingTests
{
    [Test]
    public void Who_can_go_elsewhere_makes_room() =>
        Assert.That(Matching.Find([["x", "y"], ["x"]]), Is.EqualTo(new[] { "y", "x" }));

    [Test]
    public void A_chain_of_three_moves() =>
        Assert.That(Matching.Find([["a", "b"], ["b", "c"], ["a"]]), Is.EqualTo(new[] { "b", "c", "a" }));

    [Test]
    public void The_best_wish_is_granted_where_nobody_else_needs_it() =>
        Assert.That(Matching.Find([["b", "a"], ["c"], []]), Is.EqualTo(new[] { "b", "c", null }));

    [TestCase("a=b", "a", "b", null)]
    [TestCase("0000:31:00.1=0000:31:00.4", "0000:31:00.1", "0000:31:00.4", null)]
    [TestCase("vdpa0=pci/0000:08:01.1/new", "vdpa0", "pci/0000:08:01.1/new", "pci/0000:08:01.1")]
    public void A_mapping_is_read(string text, string source, string destination, string? parent)
    {
        DeviceMapEntry entry = DeviceMapEntry.Parse(text);
        Assert.That((entry.Source, entry.Destination, entry.ManagementDevice), Is.EqualTo((source, destination, parent)));
    }

    [TestCase("")]
    [TestCase("a")]
    [TestCase("=b")]
    [TestCase("a=")]
    [TestCase("a=/new")]
    [TestCase("a\n=b")]
    public void What_is_no_mapping_is_refused(string text) => Assert.That(() => DeviceMapEntry.Parse(text), Throws.InstanceOf<FormatException>());

    [Test]
    public void Differences_are_shown_with_their_surroundings_and_without_passwords()
    {
        string before = string.Join("\n", Enumerable.Range(1, 20).Select(i => i == 11 ? "<graphics passwd='secret'/>" : $"{i}"));
        Assert.That(
            DocumentDiff.Of(before, before.Replace("12", "twelve", StringComparison.Ordinal), "a", "b"),
            Is.EqualTo(new[] { "--- a", "+++ b", "@@ -9,7 +9,7 @@", " 9", " 10", " <graphics passwd='***'/>", "-12", "+twelve", " 13", " 14", " 15" }));
        Assert.That(DocumentDiff.Of(before, before, "a", "b"), Is.Empty);
    }

    [Test]
    public void Differences_far_apart_are_two_pieces()
    {
        string before = string.Join("\n", Enumerable.Range(1, 30));
        IReadOnlyList<string> diff = DocumentDiff.Of(before, $"0\n{before.Replace("\n30", "", StringComparison.Ordinal)}", "a", "b");
        Assert.That(diff.Where(line => line.StartsWith("@@", StringComparison.Ordinal)), Is.EqualTo(new[] { "@@ -1,3 +1,4 @@", "@@ -27,4 +28,3 @@" }));
    }
}
