using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>Connects to a host of an operation that was found, by the name and the URI that it was found with.</summary>
/// <param name="address">The host; no password is in its URI.</param>
/// <param name="cancellationToken">Ends the wait.</param>
/// <exception cref="HostUnreachableException">It cannot be reached.</exception>
public delegate Task<IHost> HostConnector(HostAddress address, CancellationToken cancellationToken);

/// <summary>The two hosts of an operation that was found; one that could not be connected is <see langword="null"/>.</summary>
internal sealed class RecoveryHosts : IAsyncDisposable
{
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromMilliseconds(500);

    private readonly UnfinishedOperation _operation;

    private RecoveryHosts(UnfinishedOperation operation, IHost? source, IHost? destination)
    {
        _operation = operation;
        Source = source;
        Destination = destination;
    }

    internal IHost? Source { get; }

    internal IHost? Destination { get; }

    internal HostIdentity SourceIdentity => Source?.Identity ?? Unseen(_operation.Source);

    internal HostIdentity DestinationIdentity => Destination?.Identity ?? Unseen(_operation.Destination);

    internal static async Task<RecoveryHosts> ConnectAsync(
        UnfinishedOperation operation, HostConnector connect, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        Task<IHost?> source = ConnectAsync(operation.Source, connect, grace, time, cancellationToken);
        Task<IHost?> destination = ConnectAsync(operation.Destination, connect, grace, time, cancellationToken);
        await Task.WhenAll(source, destination).ConfigureAwait(false);
        return new(operation, await source.ConfigureAwait(false), await destination.ConfigureAwait(false));
    }

    internal async Task<(DomainWhereabouts Here, DomainWhereabouts There, OutcomeDecision Decision)> LookAsync(CancellationToken cancellationToken)
    {
        DomainWhereabouts here = await AskAsync(Source, _operation.Source.Name, cancellationToken).ConfigureAwait(false);
        DomainWhereabouts there = await AskAsync(Destination, _operation.Destination.Name, cancellationToken).ConfigureAwait(false);
        return (here, there, _operation.Expectation.Decide(here, there, _operation.End));
    }

    public async ValueTask DisposeAsync()
    {
        if (Source is not null)
        {
            await Source.DisposeAsync().ConfigureAwait(false);
        }

        if (Destination is not null)
        {
            await Destination.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<IHost?> ConnectAsync(HostAddress address, HostConnector connect, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await connect(address, cancellationToken).ConfigureAwait(false);
            }
            catch (HostUnreachableException) when (time.GetElapsedTime(start) >= grace)
            {
                return null;
            }
            catch (HostUnreachableException)
            {
                // Its daemon may just be restarted.
            }

            await Task.Delay(ConnectAgain, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<DomainWhereabouts> AskAsync(IHost? host, string name, CancellationToken cancellationToken)
    {
        try
        {
            return host is null ? new(name, false, null) : new(name, true, await host.FindDomainAsync(_operation.DomainUuid, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            return new(name, false, null); // what that means is the table's business
        }
    }

    private static HostIdentity Unseen(HostAddress address) => new() { Name = address.Name, Uri = HostAddress.Redact(address.Uri) };
}
