namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    /// <inheritdoc/>
    public Task<HostSubscription> SubscribeAsync(int capacity, CancellationToken cancellationToken) =>
        InvokeAsync(connection => _events.Subscribe(connection, capacity), cancellationToken);
}
