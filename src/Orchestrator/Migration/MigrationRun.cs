using System.Threading.Channels;

namespace Orchestrator.Migration;

/// <summary>A migration that has been begun.</summary>
public sealed class MigrationRun
{
    private const int Kept = 64;

    // Who reads slowly, or not at all, misses the oldest reports: the migration never waits for a reader.
    private readonly Channel<MigrationProgress> _reports = Channel.CreateBounded<MigrationProgress>(
        new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    internal MigrationRun(Func<IProgress<MigrationProgress>, Task<MigrationResult>> migrate) => Result = RunAsync(migrate);

    /// <summary>How far it is, until it has ended. One reader; a slow one misses the oldest reports. To stop reading does not end the migration.</summary>
    public IAsyncEnumerable<MigrationProgress> Progress => _reports.Reader.ReadAllAsync();

    /// <summary>What becomes of it, or the exception that <see cref="Migrator.MigrateAsync(MigrationRequest, IProgress{MigrationProgress}?, CancellationToken)"/> throws.</summary>
    public Task<MigrationResult> Result { get; }

    private async Task<MigrationResult> RunAsync(Func<IProgress<MigrationProgress>, Task<MigrationResult>> migrate)
    {
        try
        {
            return await migrate(new Reporter(_reports.Writer)).ConfigureAwait(false);
        }
        finally
        {
            _reports.Writer.Complete();
        }
    }

    private sealed class Reporter(ChannelWriter<MigrationProgress> reports) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value) => reports.TryWrite(value);
    }
}
