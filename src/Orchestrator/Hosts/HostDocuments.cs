namespace Orchestrator.Hosts;

/// <summary>What a host's daemon tells about its machine, in libvirt's own documents.</summary>
public sealed record HostDocuments
{
    /// <summary>The capabilities document.</summary>
    public required string Capabilities { get; init; }

    /// <summary>The SMBIOS document; <see langword="null"/> when the daemon may not read it (a session daemon, no dmidecode).</summary>
    public string? Sysinfo { get; init; }

    /// <summary>The documents of all domains, running and not.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Whether QEMU's own events reach us on this connection.</summary>
    public bool MonitorEvents { get; init; }
}
