using System.Globalization;
using Orchestrator.Migration;

namespace Orchestrator.Tests.Migration;

public sealed class MigrationRunTests
{
    [Test]
    public async Task A_migration_that_nobody_watches_is_not_held_up_and_the_newest_reports_are_kept()
    {
        MigrationResult expected = new() { Plan = Samples.Plan(), Verdict = new(MigrationOutcome.Completed, "moved") };
        var run = new MigrationRun(progress =>
        {
            for (int i = 0; i < 1000; i++)
            {
                progress.Report(new(i.ToString(CultureInfo.InvariantCulture)));
            }

            return Task.FromResult(expected);
        });

        Assert.That(await run.Result, Is.SameAs(expected));
        string[] kept = [.. await run.Progress.Select(progress => progress.Stage).ToListAsync()];
        Assert.That(kept, Has.Length.LessThan(1000));
        Assert.That(kept, Is.EqualTo(Enumerable.Range(1000 - kept.Length, kept.Length).Select(i => i.ToString(CultureInfo.InvariantCulture))));
    }

    [Test]
    public async Task The_stream_of_a_migration_that_could_not_begin_ends_and_the_result_tells_why()
    {
        var run = new MigrationRun(_ => Task.FromException<MigrationResult>(new DomainNotFoundException("web1", "lab-a")));

        Assert.That(await run.Progress.ToListAsync(), Is.Empty);
        Assert.That(async () => await run.Result, Throws.TypeOf<DomainNotFoundException>());
    }
}
