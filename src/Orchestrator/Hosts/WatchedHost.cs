namespace Orchestrator.Hosts;

/// <summary>A host to watch: one that is connected, or one to connect to, which may be down now.</summary>
public sealed class WatchedHost
{
    private readonly Func<CancellationToken, Task<IHost>> _connect;

    private WatchedHost(string name, Func<CancellationToken, Task<IHost>> connect, bool isOurs)
    {
        Name = name;
        _connect = connect;
        IsOurs = isOurs;
    }

    /// <summary>The host's name.</summary>
    public string Name { get; }

    /// <summary>Whether the watcher connects to it, and so disposes of it.</summary>
    internal bool IsOurs { get; }

    /// <summary>A connected host, which stays its owner's.</summary>
    /// <param name="host">The host.</param>
    public static WatchedHost Of(IHost host) => new(host.Address.Name, _ => Task.FromResult(host), isOurs: false);

    /// <summary>A host that the watcher connects to, again and again until it answers.</summary>
    /// <param name="address">How it is reached.</param>
    /// <param name="connect">Connects; fails with <see cref="HostUnreachableException"/>.</param>
    public static WatchedHost Of(HostAddress address, Func<CancellationToken, Task<IHost>> connect) => new(address.Name, connect, isOurs: true);

    internal Task<IHost> ConnectAsync(CancellationToken cancellationToken) => _connect(cancellationToken);
}
