using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

internal sealed partial class FakeHost
{
    private readonly List<HostSubscription> _subscriptions = [];

    /// <summary>How many watch now.</summary>
    internal int Watchers => _subscriptions.Count;

    /// <summary>How often a watcher found it lost.</summary>
    internal int Refused { get; private set; }

    /// <summary>Called when someone has subscribed, before they list the domains.</summary>
    internal Action? OnSubscribed { get; set; }

    public Task<HostSubscription> SubscribeAsync(int capacity, CancellationToken cancellationToken)
    {
        Refused += IsLost ? 1 : 0;
        return Answer(() => Subscribe(capacity));
    }

    /// <summary>A domain's event reaches whoever watches.</summary>
    internal void Tell(HostEventKind kind, string? detail = null, DomainSnapshot? domain = null)
    {
        var told = new HostEvent { Kind = kind, Host = Address.Name, Detail = detail, Arrived = clock.Now, DomainName = domain?.Name, DomainUuid = domain?.Uuid };
        _subscriptions.ForEach(subscription => subscription.Add(told));
    }

    /// <summary>The connection is lost; the daemon stays away until told otherwise.</summary>
    internal void Lose(string reason)
    {
        IsLost = true;
        _subscriptions.ForEach(subscription => subscription.End(reason));
        _subscriptions.Clear();
    }

    private HostSubscription Subscribe(int capacity)
    {
        var subscription = new HostSubscription(capacity, stopped => _subscriptions.Remove(stopped));
        _subscriptions.Add(subscription);
        OnSubscribed?.Invoke();
        return subscription;
    }
}
