using Orchestrator.Observability;

namespace Orchestrator.Migration;

public sealed partial class Migrator
{
    /// <summary>Begins a migration whose progress can be read while it runs. It goes on whether or not anybody reads.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    public MigrationRun Start(MigrationRequest request, CancellationToken cancellationToken = default) =>
        new(progress => MigrateAsync(request, progress, cancellationToken));

    /// <summary>Begins to carry out a plan that somebody has looked at, as <see cref="MigrateAsync(MigrationPlan, IProgress{MigrationProgress}?, CancellationToken)"/> does.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    public MigrationRun Start(MigrationPlan plan, CancellationToken cancellationToken = default) =>
        new(progress => MigrateAsync(plan, progress, cancellationToken));

    private async Task<MigrationResult> ObserveAsync(MigrationRequest request, Func<MigrationRequest, Task<MigrationResult>> migrate)
    {
        Guid id = Guid.CreateVersion7();
        request = request with { OperationId = id };
        using IDisposable? scope = OperationScope(id);
        using var observed = MigrationObservation.Begin(request, source.Address, destination.Address, clock);
        try
        {
            MigrationResult result = await migrate(request).ConfigureAwait(false);
            observed.End(result);
            return result;
        }
        catch (Exception e)
        {
            observed.Fail(e);
            throw;
        }
    }

    private IDisposable? OperationScope(Guid id) => _logger.BeginScope(new Dictionary<string, object> { ["OperationId"] = id });
}
