using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orchestrator.Hosts;

/// <summary>
/// The events of hosts, for as long as someone reads them. A lost connection is opened again, with growing patience; after every gap the reader is told so, and
/// what stands on the host now. A host that is down does not keep the others from being heard.
/// </summary>
/// <param name="hosts">The hosts.</param>
/// <param name="options">How patiently.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
public sealed partial class HostWatcher(IReadOnlyList<WatchedHost> hosts, WatchOptions? options = null, TimeProvider? time = null, ILogger? logger = null)
{
    private readonly WatchOptions _options = options ?? new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ObserverClock _clock = new(time ?? TimeProvider.System);
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    /// <summary>
    /// The events of all hosts, those of one host in the order of their arrival. Each enumeration is a watch of its own, and ends by its token or when its reader leaves it; a host's
    /// first event is <see cref="HostEventKind.Connected"/>, or <see cref="HostEventKind.ConnectionLost"/> if it could not be reached.
    /// </summary>
    /// <param name="cancellationToken">Ends the watch, with <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<HostEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Nothing is kept here: what its reader is too slow for waits, and is counted, in the subscription of its host.
        var merged = Channel.CreateBounded<HostEvent>(1);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task all = Task.WhenAll(hosts.Select(host => ForwardAsync(host, merged.Writer, left.Token)));
        try
        {
            await foreach (HostEvent told in merged.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return told;
            }
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false);
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ForwardAsync(WatchedHost watched, ChannelWriter<HostEvent> writer, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (HostEvent told in WatchAsync(watched, cancellationToken).ConfigureAwait(false))
            {
                await writer.WriteAsync(told, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            writer.TryComplete(e); // the reader's: a watch ends only so
        }
    }

    private async IAsyncEnumerable<HostEvent> WatchAsync(WatchedHost watched, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IHost? host = null;
        bool wasConnected = false;
        try
        {
            for (int failures = 0; ;)
            {
                Opening opening = await OpenAsync(watched, host, cancellationToken).ConfigureAwait(false);
                host = opening.Host;
                if (opening.Subscription is null)
                {
                    // A connection that was lost has been told of.
                    if (!wasConnected && failures == 0)
                    {
                        yield return Tell(watched, HostEventKind.ConnectionLost, opening.Problem);
                    }

                    TimeSpan delay = _options.Delay(failures++, Random.Shared.NextDouble());
                    LogNotReached(watched.Name, opening.Problem!, delay);
                    await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                long began = _time.GetTimestamp();
                using (opening.Subscription)
                {
                    if (wasConnected)
                    {
                        yield return Tell(watched, HostEventKind.Reconnected) with { Arrived = opening.At };
                        yield return Tell(watched, HostEventKind.EventsMissed) with { Arrived = opening.At, Domains = opening.Domains };
                    }
                    else
                    {
                        yield return Tell(watched, HostEventKind.Connected) with { Arrived = opening.At, Domains = opening.Domains };
                    }

                    wasConnected = true;
                    await foreach (HostEvent told in DrainAsync(watched, host!, opening.Subscription, cancellationToken).ConfigureAwait(false))
                    {
                        yield return told;
                    }
                }

                // A host that takes us in and drops us again is as little ready as one that refuses us.
                failures = _time.GetElapsedTime(began) > _options.LongestDelay ? 0 : failures;
                await Task.Delay(_options.Delay(failures++, Random.Shared.NextDouble()), _time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (watched.IsOurs && host is not null)
            {
                await host.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async IAsyncEnumerable<HostEvent> DrainAsync(WatchedHost watched, IHost host, HostSubscription subscription, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            HostEventBatch batch = await subscription.ReadAsync(cancellationToken).ConfigureAwait(false);
            foreach (HostEvent arrived in batch.Events)
            {
                yield return arrived with { Host = watched.Name };
            }

            if (batch.Ended is not null)
            {
                yield return Tell(watched, HostEventKind.ConnectionLost, batch.Ended) with { Missed = batch.Missed > 0 ? batch.Missed : null };
                yield break;
            }

            if (batch.Missed > 0)
            {
                LogMissed(watched.Name, batch.Missed);
                yield return Tell(watched, HostEventKind.EventsMissed) with { Missed = batch.Missed, Domains = await TryListAsync(host, cancellationToken).ConfigureAwait(false) };
            }
        }
    }

    // Events are kept before domains are listed: nothing falls between.
    private async Task<Opening> OpenAsync(WatchedHost watched, IHost? host, CancellationToken cancellationToken)
    {
        HostSubscription? subscription = null;
        DateTimeOffset at = _clock.Now;
        try
        {
            host ??= await watched.ConnectAsync(cancellationToken).ConfigureAwait(false);
            at = _clock.Now;
            subscription = await host.SubscribeAsync(_options.Capacity, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<DomainSnapshot> domains = await host.ListDomainsAsync(cancellationToken).ConfigureAwait(false);
            return new(host, subscription, domains, null, at);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            subscription?.Dispose();
            return new(host, null, [], HostAddress.Redact(e.Message), at);
        }
        catch
        {
            subscription?.Dispose();
            throw;
        }
    }

    private static async Task<IReadOnlyList<DomainSnapshot>?> TryListAsync(IHost host, CancellationToken cancellationToken)
    {
        try
        {
            return await host.ListDomainsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            return null; // the end of the subscription follows, or the host says why at the next call
        }
    }

    private HostEvent Tell(WatchedHost watched, HostEventKind kind, string? detail = null) => new() { Kind = kind, Host = watched.Name, Detail = detail, Arrived = _clock.Now };

    [LoggerMessage(EventId = 110, Level = LogLevel.Debug, Message = "{Host} is not reached ({Problem}); tried again in {Delay}")]
    private partial void LogNotReached(string host, string problem, TimeSpan delay);

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning, Message = "{Missed} events of {Host} were dropped: they were not read in time")]
    private partial void LogMissed(string host, long missed);

    private sealed record Opening(IHost? Host, HostSubscription? Subscription, IReadOnlyList<DomainSnapshot> Domains, string? Problem, DateTimeOffset At);
}
