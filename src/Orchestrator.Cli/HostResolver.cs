using System.CommandLine.Parsing;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Configuration;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lab;

namespace Orchestrator.Cli;

/// <summary>
/// Turns what the user calls a host into an address. Names that begin with <c>lab-</c> are the lab's; then comes hosts.yaml, and what is not there is left to libvirt: an alias of
/// libvirt.conf, or a URI. Nothing is read that a name does not ask for: neither hosts.yaml for a URI, nor the lab's record for another host.
/// </summary>
/// <param name="configuration">The hosts that have names.</param>
/// <param name="findLab">Finds the running lab.</param>
internal sealed class HostResolver(Func<HostsConfiguration> configuration, Func<CancellationToken, Task<VirtualLab?>> findLab)
{
    private const string LabPrefix = "lab-";

    private HostsConfiguration? _configuration;
    private Task<VirtualLab?>? _lab;

    /// <summary>For the configuration and the lab of this user.</summary>
    internal static HostResolver ForUser() => new(
        LoadConfiguration,
        cancellationToken => VirtualLab.FindAsync(LabFolderOption.Options(), cancellationToken: cancellationToken));

    /// <summary>The hosts that have names.</summary>
    /// <exception cref="ConfigurationException">The configuration cannot be used.</exception>
    internal static HostsConfiguration LoadConfiguration() => HostsConfiguration.Load(ConfigurationSources.Of(Environment.GetEnvironmentVariable));

    /// <summary>Connects to the host that <c>-c</c> names, else to the one that libvirt itself would choose.</summary>
    internal static async Task<LibvirtHost> ConnectAsync(string? name, ILogger logger, CancellationToken cancellationToken)
    {
        HostResolver hosts = ForUser();
        HostAddress address = (name ?? Default) is { } host
            ? await hosts.ResolveAsync(host, cancellationToken).ConfigureAwait(false)
            : new("this machine", "");
        return await hosts.ConnectAsync(address, null, logger, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What LIBVIRT_DEFAULT_URI names, if it is set.</summary>
    internal static string? Default => Environment.GetEnvironmentVariable("LIBVIRT_DEFAULT_URI") is { Length: > 0 } uri ? uri : null;

    /// <summary>Connects to a host that was resolved. A name that turns out to be none may be a slip of the fingers: the error says which name is near.</summary>
    internal async Task<LibvirtHost> ConnectAsync(HostAddress address, ObserverClock? clock, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            return await LibvirtHost.ConnectAsync(address, null, clock, logger, cancellationToken).ConfigureAwait(false);
        }
        catch (HostUnreachableException e) when (e.InnerException is LibvirtException { Code: LibvirtErrorCode.NoConnect } && !IsUri(address.Uri) && Configuration.Nearest(address.Uri) is { } meant)
        {
            throw new HostUnreachableException(e.Host, $"{e.Message}. Did you mean {meant}?", e.InnerException);
        }
    }

    /// <summary>The hosts of an option that takes several, <c>A,B</c> or one each time. One that names none is an error: the default host is not what was meant.</summary>
    internal static string[] ParseNames(ArgumentResult result)
    {
        string[][] named = [.. result.Tokens.Select(token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (Array.Exists(named, names => names.Length == 0))
        {
            result.AddError("--host names no host.");
        }

        return [.. named.SelectMany(names => names).Distinct()];
    }

    /// <summary>The address of a host.</summary>
    /// <exception cref="CliException">It is empty, as a variable is that was not set; or it is a lab's host, and there is no such lab or host.</exception>
    /// <exception cref="ConfigurationException">The configuration cannot be used.</exception>
    internal async Task<HostAddress> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new CliException(ExitCode.Usage, new("usage", "The name of a host is empty.", Operation: "connect", Remedy: "Name the host, or leave the option out for the default host."));
        }

        if (name.StartsWith(LabPrefix, StringComparison.Ordinal))
        {
            VirtualLab? lab = await LabAsync(cancellationToken).ConfigureAwait(false);
            return lab?.Hosts.FirstOrDefault(host => host.Name == name) is { } host ? AddressOf(host) : throw new CliException(
                ExitCode.Unreachable,
                lab is null
                    ? new("host_unreachable", $"{name} is a host of the lab, and no lab runs.", name, "connect", "Start one: orchestrator lab up.")
                    : new("host_unreachable", $"{name} is no host of the running lab.", name, "connect", $"It has {string.Join(", ", lab.Hosts.Select(other => other.Name))}."));
        }

        return (IsUri(name) ? null : Configuration.Find(name)) ?? HostAddress.FromUri(name);
    }

    /// <summary>Reads the ticks of a guest of the lab; <see langword="null"/> for any other guest.</summary>
    /// <param name="host">A host that the guest is on. Only a private daemon is named by its socket: any other is not the lab's, and the lab is not looked for.</param>
    /// <param name="uuid">The guest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>>?> TickReaderAsync(HostAddress host, Guid uuid, CancellationToken cancellationToken) =>
        host.Uri.Contains("socket=", StringComparison.Ordinal)
        && (await LabAsync(cancellationToken).ConfigureAwait(false))?.Guests.FirstOrDefault(guest => guest.Uuid == uuid) is { } guest ? TicksOf(guest) : null;

    private static HostAddress AddressOf(LabHost host) => new(host.Name, host.Uri)
    {
        PeerUri = host.Machine?.PeerUri,
        MigrationAddress = host.Machine?.MigrationAddress,
        SideChannel = host.Machine is { } machine ? new(machine.SshTarget, Sudo: false) { SshConfig = machine.SshConfig } : null,
    };

    internal static Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>> TicksOf(LabGuest guest) => (from, to) =>
        [.. TickLogReader.Read(guest.TickLog, from, to).Select(tick => new GuestTick(tick.Arrived, tick.Sequence, tick.MonotonicNs))];

    private HostsConfiguration Configuration => _configuration ??= configuration();

    private static bool IsUri(string name) => name.Contains(':', StringComparison.Ordinal);

    private Task<VirtualLab?> LabAsync(CancellationToken cancellationToken) => _lab ??= findLab(cancellationToken);
}
