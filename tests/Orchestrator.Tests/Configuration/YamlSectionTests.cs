using Orchestrator.Configuration;

namespace Orchestrator.Tests.Configuration;

/// <summary>What the documents that are in use do not show: lists of sections, and places within them.</summary>
public sealed class YamlSectionTests
{
    private static readonly SettingOrigin File = new(ConfigurationLayer.UserFile, "plan.yaml");

    [Test]
    public void A_list_of_sections_is_read_in_its_order_and_each_value_has_its_place()
    {
        YamlSection root = Read("runs:\n  - {name: first, pause: 1.5s}\n  - name: second\n    tags: [a, \"true\"]\n");
        IReadOnlyList<YamlSection> runs = root.Sections("runs", "name", "pause", "tags")!;
        Assert.That(runs.Select(run => (run.Text("name"), run.Duration("pause"))), Is.EqualTo(new[] { ("first", TimeSpan.FromSeconds(1.5)), ("second", (TimeSpan?)null) }));
        Assert.That(runs[1].Texts("tags"), Is.EqualTo(new[] { "a", "true" }));
        Assert.That(runs[0].Texts("tags"), Is.Null);
        Assert.That(root.NearestPlaceOf("runs[1].tags"), Is.EqualTo(File with { Line = 4, Column = 11 }));
        Assert.That(root.NearestPlaceOf("runs[1].pause"), Is.EqualTo(File with { Line = 3, Column = 5 }));
    }

    [TestCase("runs: {name: a}", "plan.yaml:1:7: runs: a list is wanted here, such as [a, b]")]
    [TestCase("runs: [a]", "plan.yaml:1:8: runs[0]: a mapping with name, pause, tags is wanted here, not a single value")]
    [TestCase("runs: [{name: a}, {nam: b}]", "plan.yaml:1:20: runs[1].nam: there is no such setting")]
    [TestCase("runs: [{name: a, name: b}]", "plan.yaml:1:18: runs[0].name: this stands here twice")]
    [TestCase("runs: [{name: null}]", "plan.yaml:1:15: runs[0].name: text is wanted here, not nothing")]
    [TestCase("runs: [{tags: [true]}]", "plan.yaml:1:16: runs[0].tags: text is wanted here, not a single value")]
    [TestCase("runs: [{pause: 3}]", "plan.yaml:1:16: runs[0].pause: a duration with its unit is wanted here")]
    [TestCase("runs: [{pause: &a 3s}]", "plan.yaml:1:16: runs[0].pause: a plan knows no anchors and aliases; write the value itself")]
    [TestCase("runs: [{password: x}]", "plan.yaml:1:9: runs[0].password: a setting of this name would hold a secret")]
    public void What_is_wrong_in_a_list_is_named_with_its_place(string text, string message) => Assert.That(() =>
    {
        foreach (YamlSection run in Read(text).Sections("runs", "name", "pause", "tags")!)
        {
            _ = (run.Text("name"), run.Duration("pause"), run.Texts("tags"));
        }
    }, Throws.TypeOf<ConfigurationException>().With.Message.EqualTo(message));

    private static YamlSection Read(string text) => new(YamlReader.Read(text, File, "a plan", 1024)!, "runs");
}
