namespace Orchestrator.Hosts;

/// <summary>How patient we are with a host.</summary>
public sealed record HostOptions
{
    /// <summary>How long connecting may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a short call may take; libvirt itself waits 30 s for a domain's lock before it gives up.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Seconds between keepalive messages to the daemon.</summary>
    public int KeepAliveIntervalSeconds { get; init; } = 5;

    /// <summary>How many keepalive messages may stay unanswered.</summary>
    public int KeepAliveCount { get; init; } = 5;

    /// <summary>The folder of the host's QEMU logs on this machine; <see langword="null"/> to tell it from the URI.</summary>
    public string? LogDirectory { get; init; }

    /// <summary>The program that reads logs on other machines: its path, or its name on the <c>PATH</c>.</summary>
    public string Ssh { get; init; } = "ssh";
}
