using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Tests.Regression.Reports;

public sealed class RunFileTests
{
    private string _state = null!;

    [SetUp]
    public void Make() => _state = Directory.CreateTempSubdirectory("runs-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_state, recursive: true);

    [Test]
    public void A_run_is_seen_against_the_plans_runs_before_it_and_its_baseline()
    {
        RegressionRun[] nights = [.. Enumerable.Range(-40, 40).Select(night => RunSamples.Run(night, Verdict.Passed))];
        RegressionRun now = RunSamples.Run(0, Verdict.Passed) with { Baseline = new("release-1", nights[2].Id, []) };
        foreach (RegressionRun run in nights.Append(now).Append(RunSamples.Run(1, Verdict.Passed)))
        {
            Put(run);
        }

        ReportInput input = RunFile.LoadWithHistory(Path.Combine(RunFolder.Of(_state, now.Plan, now.Id), RunFolder.FileName));
        Assert.That(input.Run.Id, Is.EqualTo(now.Id));
        Assert.That(input.History.Select(run => run.Id), Is.EqualTo(nights.TakeLast(29).Select(run => run.Id)));
        Assert.That(input.Baseline?.Id, Is.EqualTo(nights[2].Id), "older than what the trend shows");
    }

    [Test]
    public void A_run_beside_it_that_cannot_be_read_is_told_of_and_left_out()
    {
        RegressionRun now = RunSamples.Run(0, Verdict.Passed);
        Put(now);
        Put(RunSamples.Run(-1, Verdict.Passed));
        File.WriteAllText(Put(RunSamples.Run(-2, Verdict.Passed)), "{ \"id\":");
        var told = new List<string>();
        ReportInput input = RunFile.LoadWithHistory(Path.Combine(RunFolder.Of(_state, now.Plan, now.Id), RunFolder.FileName), told.Add);
        Assert.That(input.History, Has.Count.EqualTo(1));
        Assert.That(told, Has.Exactly(1).Contains("is no run of a plan"));
    }

    [Test]
    public void A_path_means_the_file_or_the_folder_that_it_lies_in()
    {
        string file = Put(RunSamples.Run(0, Verdict.Passed));
        Assert.That(RunFile.At(file), Is.EqualTo(file));
        Assert.That(RunFile.At(Path.GetDirectoryName(file)!), Is.EqualTo(file));
        Assert.That(RunFile.At("latest"), Is.Null);
    }

    [Test]
    public async Task A_run_of_a_store_is_seen_against_the_same()
    {
        await using RegressionStore store = await RegressionStore.OpenAsync(_state);
        RegressionRun[] nights = [.. Enumerable.Range(-40, 40).Select(night => RunSamples.Run(night, Verdict.Passed))];
        RegressionRun now = RunSamples.Run(0, Verdict.Passed) with { Baseline = new("release-1", nights[2].Id, []) };
        foreach (RegressionRun run in nights.Append(now).Append(RunSamples.Run(1, Verdict.Passed)))
        {
            await store.SaveAsync(await store.BeginAsync(run with { Ended = null }) with { Ended = run.Ended });
        }

        ReportInput input = await ReportInput.OfAsync(store, now, CancellationToken.None);
        Assert.That(input.History.Select(run => run.Id), Is.EquivalentTo(nights.TakeLast(29).Select(run => run.Id)));
        Assert.That(input.Baseline?.Id, Is.EqualTo(nights[2].Id), "older than what the trend shows");
    }

    [Test]
    public void A_run_of_a_later_format_is_refused()
    {
        string file = Put(RunSamples.Run(0, Verdict.Passed) with { FormatVersion = 2 });
        Assert.That(() => RunFile.Load(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("format_version 2"));
    }

    [Test]
    public void A_report_replaces_its_file_whole_or_leaves_it()
    {
        string file = Path.Combine(_state, "report.html");
        File.WriteAllText(file, "before");
        RunReports.Save(file, ReportFormat.Markdown, RunSamples.OneValue());
        Assert.That(File.ReadAllText(file), Does.StartWith("# ● Passed"));
        Assert.That(() => RunReports.Save(Path.Combine(_state, "no", "report.html"), ReportFormat.Markdown, RunSamples.OneValue()), Throws.InstanceOf<IOException>());
        Assert.That(Directory.GetFiles(_state), Is.EqualTo(new[] { file }));
    }

    private string Put(RegressionRun run) => Path.Combine(RunFolder.Write(_state, run), RunFolder.FileName);
}
