using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Migration;

namespace Orchestrator.Recovery;

/// <summary>Connects to a host of an operation that was found, by the name and the URI that it was found with.</summary>
/// <param name="address">The host; no password is in its URI.</param>
/// <param name="cancellationToken">Ends the wait.</param>
/// <exception cref="HostUnreachableException">It cannot be reached.</exception>
public delegate Task<IHost> HostConnector(HostAddress address, CancellationToken cancellationToken);

/// <summary>The two hosts of an operation that was found; one that could not be connected, or is another host than it was, is <see langword="null"/>.</summary>
internal sealed class RecoveryHosts : IAsyncDisposable
{
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromMilliseconds(500);

    private readonly UnfinishedOperation _operation;

    private RecoveryHosts(UnfinishedOperation operation, (IHost? Host, string? Problem) source, (IHost? Host, string? Problem) destination)
    {
        _operation = operation;
        Source = source.Host;
        Destination = destination.Host;
        Problems = [.. new[] { source.Problem, destination.Problem }.OfType<string>()];
    }

    /// <summary>Which of them is another host than it was.</summary>
    internal IReadOnlyList<string> Problems { get; }

    internal IHost? Source { get; }

    internal IHost? Destination { get; }

    internal HostIdentity SourceIdentity => Source?.Identity ?? Unseen(_operation.Source);

    internal HostIdentity DestinationIdentity => Destination?.Identity ?? Unseen(_operation.Destination);

    internal static async Task<RecoveryHosts> ConnectAsync(
        UnfinishedOperation operation, HostConnector connect, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        // A person who names both hosts answers for it that they are the right ones.
        Task<(IHost?, string?)> source = ConnectAsync(operation.Source, operation.IsDecided ? null : operation.SourceHostUuid, connect, grace, time, cancellationToken);
        Task<(IHost?, string?)> destination = ConnectAsync(operation.Destination, operation.IsDecided ? null : operation.DestinationHostUuid, connect, grace, time, cancellationToken);
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

    private static async Task<(IHost? Host, string? Problem)> ConnectAsync(
        HostAddress address, Guid? expected, HostConnector connect, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                IHost host = await connect(address, cancellationToken).ConfigureAwait(false);
                if (expected is null || host.Identity.HostUuid is not { } uuid || uuid == expected)
                {
                    return (host, null);
                }

                await host.DisposeAsync().ConfigureAwait(false);
                return (null, $"what is called {address.Name} now is another host (its UUID is {uuid}, and was {expected})");
            }
            catch (HostUnreachableException) when (time.GetElapsedTime(start) >= grace)
            {
                return (null, null);
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
