using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Running;

internal sealed partial class Night
{
    private const string AgentChannelName = "org.qemu.guest_agent.0";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AgentPatience = TimeSpan.FromSeconds(5);

    /// <summary>Makes a guest run on the source, ready for work; once in a night.</summary>
    private async Task<NightGuest> PrepareAsync(string name, CancellationToken cancellationToken)
    {
        if (_guests.TryGetValue(name, out NightGuest? known))
        {
            return known;
        }

        PlannedGuest planned = plan.Guests[name];
        Report($"guest {name}");
        NightGuest guest = planned switch
        {
            { Lab: { } spec } => await MakeAsync(name, planned, spec, cancellationToken).ConfigureAwait(false),
            { Xml: { } xml } => await DefineAsync(planned, xml, cancellationToken).ConfigureAwait(false),
            _ => await FindAsync(planned, cancellationToken).ConfigureAwait(false),
        };
        return _guests[name] = guest;
    }

    private async Task<NightGuest> MakeAsync(string name, PlannedGuest planned, LabGuestSpec spec, CancellationToken cancellationToken)
    {
        LabGuestMaker make = options.MakeGuest ?? throw new NightException(
            OutcomeCode.Refused, $"{name} is a guest of the lab, and {hosts.Source.Address.Name} is no host of a lab that runs", "Let the plan bring a lab up (lab: true), or start one: orchestrator lab up.");
        MadeLabGuest made = await make(name, spec, cancellationToken).ConfigureAwait(false);
        var guest = new NightGuest(name, made.Uuid, planned) { ReadTicks = made.ReadTicks, RemoveAsync = made.RemoveAsync };
        await ComeHomeAsync(guest).ConfigureAwait(false);
        return guest;
    }

    private async Task<NightGuest> DefineAsync(PlannedGuest planned, string xml, CancellationToken cancellationToken)
    {
        DomainDocument document = DomainDocument.LoadFile(xml);
        Guid uuid = document.Uuid ?? Guid.NewGuid();
        document.Uuid = uuid;
        foreach (IHost host in new[] { hosts.Source, hosts.Destination })
        {
            HostSnapshot present = await host.SnapshotAsync(document.Name, uuid, cancellationToken).ConfigureAwait(false);
            if ((present.ByName ?? present.ByUuid) is { } other)
            {
                throw new NightException(
                    OutcomeCode.Refused, $"{host.Address.Name} has a domain {other.Name} already, which {Path.GetFileName(xml)} would take the place of", "Give the document another name and UUID, or name the domain in the plan instead: domain.");
            }
        }

        var guest = new NightGuest(document.Name, uuid, planned);
        ledger.Begin(new GuestDefined(uuid, guest.Name));
        await hosts.Definer.DefineAsync(document, options: hosts.Operations, cancellationToken: cancellationToken).ConfigureAwait(false);
        await StartAsync(guest, cancellationToken).ConfigureAwait(false);
        return guest;
    }

    private async Task<NightGuest> FindAsync(PlannedGuest planned, CancellationToken cancellationToken)
    {
        string name = planned.Domain!;
        DomainSnapshot? here = await hosts.Source.FindDomainAsync(name, cancellationToken).ConfigureAwait(false);
        DomainSnapshot? there = await hosts.Destination.FindDomainAsync(here is null ? name : $"{here.Uuid}", cancellationToken).ConfigureAwait(false);
        DomainSnapshot domain = here ?? there ?? throw new DomainNotFoundException(name, hosts.Source.Address.Name);
        var guest = new NightGuest(domain.Name, domain.Uuid, planned);
        if (here is { IsActive: false } && there is not { IsActive: true })
        {
            ledger.Begin(new GuestStarted(guest.Uuid, guest.Name));
            await StartAsync(guest, cancellationToken).ConfigureAwait(false);
            return guest;
        }

        await ComeHomeAsync(guest).ConfigureAwait(false);
        await UntilReadyAsync(guest, DateTimeOffset.MinValue, cancellationToken).ConfigureAwait(false);
        return guest;
    }

    /// <summary>A guest that an earlier night left away is brought home first.</summary>
    private async Task ComeHomeAsync(NightGuest guest)
    {
        if (await hosts.UndoAsync(new GuestAway(guest.Uuid, guest.Name, false, [], guest.MapHome), Progress(null)).ConfigureAwait(false) is { } done)
        {
            _notes.Add($"before the run: {done}");
        }
    }

    private async Task StartAsync(NightGuest guest, CancellationToken cancellationToken)
    {
        DateTimeOffset began = clock.Now;
        await hosts.Lifecycle(hosts.Source).RunAsync(new StartRequest($"{guest.Uuid}") { Options = hosts.Operations }, cancellationToken).ConfigureAwait(false);
        await UntilReadyAsync(guest, began, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until a guest that was started has booted: until it ticks, its agent answers, or where nothing inside can tell, until it runs.</summary>
    private async Task UntilReadyAsync(NightGuest guest, DateTimeOffset since, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (!await IsReadyAsync(guest, since, cancellationToken).ConfigureAwait(false))
        {
            if (time.GetElapsedTime(began) > guest.Planned.BootTimeout)
            {
                throw new NightException(
                    OutcomeCode.TimedOut, string.Create(CultureInfo.InvariantCulture, $"{guest.Name} on {hosts.Source.Address.Name} was not ready after {guest.Planned.BootTimeout.TotalSeconds:0} s"),
                    "boot_timeout gives it longer; its console tells what it does.");
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsReadyAsync(NightGuest guest, DateTimeOffset since, CancellationToken cancellationToken)
    {
        if (guest.ReadTicks is { } ticks)
        {
            return ticks(since, DateTimeOffset.MaxValue).Count > 0;
        }

        DomainSnapshot? domain = await hosts.Source.FindDomainAsync(guest.Uuid, cancellationToken).ConfigureAwait(false);
        bool runs = domain is { State: DomainState.Running };
        bool asksAgent = guest.Planned.Ready switch
        {
            GuestReadiness.Agent => true,
            GuestReadiness.Running => false,
            _ => runs && DomainDocument.Parse(domain!.Xml).Root.Descendants("target").Any(target => (string?)target.Attribute("name") == AgentChannelName),
        };
        if (!runs || !asksAgent)
        {
            return runs;
        }

        try
        {
            await hosts.Source.QemuAgentCommandAsync(guest.Uuid, """{"execute":"guest-ping"}""", AgentPatience, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (LibvirtException)
        {
            return false; // not yet, or never: the deadline tells
        }
    }

    private static LoadStarted EffectOf(GuestLoad load, NightGuest guest) => new(guest.Uuid, guest.Name, load.Channel, load.Ssh, load.Console, GuestJob.NewId());

    private IGuestChannel ChannelOf(LoadStarted load) => IGuestChannel.Of(load, hosts, options.Ssh, time);
}
