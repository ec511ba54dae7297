using Orchestrator.Regression.Store;
using static Orchestrator.Tests.Regression.Judging.RunSamples;

namespace Orchestrator.Tests.Regression.Store;

public sealed class RunFolderTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("oartefacts-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("vdpa-4u8g-3", "vdpa-4u8g-3")]
    [TestCase("round 2.1", "round%202.1")]
    [TestCase("..", "%2E.")]
    [TestCase("../../etc", "%2E.%2F..%2Fetc")]
    [TestCase("", "%")]
    public void No_name_leads_elsewhere(string plan, string segment) =>
        Assert.That(RunFolder.Of("/state", plan, "20261121T020000Z-3fa9"), Is.EqualTo($"/state/regress/{segment}/20261121T020000Z-3fa9"));

    [Test]
    public void A_run_is_written_over_and_removed_with_all_that_is_beside_it()
    {
        string folder = RunFolder.Write(_folder, Run(30));
        Directory.CreateDirectory(Path.Combine(folder, "evidence"));
        File.WriteAllText(Path.Combine(folder, "evidence", "vdpa-1.json"), "{}");
        RunFolder.Write(_folder, Run(30, 31));

        Assert.That(Directory.GetFiles(folder).Select(Path.GetFileName), Is.EqualTo(new[] { RunFolder.FileName }));
        Assert.That(File.ReadAllText(Path.Combine(folder, RunFolder.FileName)), Does.Contain("31"));
        Assert.That(RunFolder.Remove(_folder, "nightly", Run(30).Id), Is.True);
        Assert.That(Directory.GetFileSystemEntries(Path.Combine(_folder, "regress")), Is.Empty);
        Assert.That(RunFolder.Remove(_folder, "nightly", Run(30).Id), Is.False);
    }
}
