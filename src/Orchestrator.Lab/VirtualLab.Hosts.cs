using System.Globalization;
using Libvirt.Interop;
using Orchestrator.Lab.Guests;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(10);

    /// <summary>A host by its name.</summary>
    /// <exception cref="LabException">There is no such host.</exception>
    public LabHost GetHost(string name) => Hosts.FirstOrDefault(h => h.Name == name)
        ?? throw new LabException($"The lab has no host '{name}'.", $"Its hosts are {string.Join(", ", Hosts.Select(h => h.Name))}.");

    /// <summary>The process of a host's libvirt daemon; <see langword="null"/> when it does not run.</summary>
    /// <exception cref="LabException">There is no such host.</exception>
    public int? FindDaemon(string host)
    {
        var root = GetHost(host).Root;
        return LabProcess.FindIn(root).Where(p => p.Name == "libvirtd" && p.Home == root).Select(p => (int?)p.Pid).FirstOrDefault();
    }

    /// <summary>
    /// Ends a host's libvirt daemon at once, as a crash would, and starts another. Running guests go on: the new daemon finds them again.
    /// </summary>
    /// <param name="host">The host's name.</param>
    /// <param name="cancellationToken">Gives up waiting; the daemon may be down then (see <see cref="RepairAsync"/>).</param>
    /// <exception cref="LabException">There is no such host, or the daemon did not start again.</exception>
    public async Task RestartDaemonAsync(string host, CancellationToken cancellationToken = default)
    {
        await KillDaemonAsync(host, cancellationToken).ConfigureAwait(false);
        await HostDaemons.StartAsync(GetHost(host), _account, _options.Time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a host's libvirt daemon at once, as a crash would; <see cref="RepairAsync"/> starts it again. Running guests go on.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="LabException">There is no such host.</exception>
    public async Task KillDaemonAsync(string host, CancellationToken cancellationToken = default)
    {
        var root = GetHost(host).Root;
        if (LabProcess.FindIn(root).FirstOrDefault(p => p.Name == "libvirtd" && p.Home == root) is not { } daemon)
        {
            return;
        }

        // Its first thread is gone before the others are, which still listen.
        Posix.Signal(daemon.Pid, Posix.SigKill);
        while (daemon.IsAlive() || await Daemon.AcceptsAsync(HostDaemons.Socket(GetHost(host)), cancellationToken).ConfigureAwait(false))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Starts those of the lab's daemons, emulated machines and collectors that do not run any more.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LabException">One did not start.</exception>
    public async Task RepairAsync(CancellationToken cancellationToken = default)
    {
        await Task.WhenAll(LocalHosts.Select(h => HostDaemons.StartAsync(h, _account, _options.Time, cancellationToken))).ConfigureAwait(false);
        await StartMachinesAsync(cancellationToken).ConfigureAwait(false);
        foreach (var guest in Guests)
        {
            await Collector.EnsureAsync(guest, CollectorProgram, _account, _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Asks every host how it is and what it runs.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<LabStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var answers = await Task.WhenAll(Hosts.Select(h => AskAsync(h, cancellationToken))).ConfigureAwait(false);
        var guests = Guests.Select(g => new LabGuestStatus(g,
        [
            .. answers
                .SelectMany(a => a.Domains.Where(d => d.Uuid == g.Uuid).Select(d => (a.Status.Host.Name, d.State)))
                .OrderBy(p => p.State switch { DomainState.Running => 0, DomainState.Shutoff => 2, _ => 1 })
                .Select(p => new GuestPlace(p.Name, p.State.ToString().ToLower(CultureInfo.InvariantCulture))),
        ]));
        return new LabStatus([.. answers.Select(a => a.Status)], [.. guests]);
    }

    private async Task<(LabHostStatus Status, IReadOnlyList<(Guid Uuid, DomainState State)> Domains)> AskAsync(
        LabHost host, CancellationToken cancellationToken)
    {
        try
        {
            var domains = await LibvirtCall.RunAsync(host, ListStates, _options.Time, cancellationToken, AnswerPatience).ConfigureAwait(false);
            return (new LabHostStatus(host, IsAlive: true, Problem: null), domains);
        }
        catch (Exception e) when (e is LibvirtException or LabException)
        {
            return (new LabHostStatus(host, IsAlive: false, e.Message), []);
        }
    }

    private static List<(Guid Uuid, DomainState State)> ListStates(LibvirtConnection connection)
    {
        var states = new List<(Guid, DomainState)>();
        foreach (var domain in connection.ListDomains())
        {
            using (domain)
            {
                try
                {
                    states.Add((domain.Uuid, domain.GetState().State));
                }
                catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoDomain)
                {
                    // It ended between the two calls.
                }
            }
        }

        return states;
    }
}
