using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Devices;

/// <summary>
/// Attaches devices so that what was asked for is what the domain then has: refuses what the host's dialect cannot say, reads back what became of the
/// device, and detaches it again when something was lost.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="timeProvider">The clock of the waits.</param>
/// <param name="logger">Where to log.</param>
public sealed partial class DeviceAttacher(IHost host, TimeProvider? timeProvider = null, ILogger? logger = null)
{
    private const string Operation = "attach";

    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    /// <summary>How long a guest may take to let go of a device that is taken back. libvirt itself waits 5 s.</summary>
    public TimeSpan DetachPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What stands in the way of attaching a device; nothing is changed.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="device">The device.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    public async Task<(DomainSnapshot Domain, IReadOnlyList<DefinitionProblem> Problems)> PlanAsync(
        string nameOrUuid, DeviceDocument device, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        DomainSnapshot domain = await host.FindDomainAsync(nameOrUuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);

        // The whole domain is judged, for a device may need something of it; what was wrong before is not this device's fault.
        DomainDocument before = DomainDocument.Parse(domain.Xml);
        HashSet<string> known = [.. DefinitionPlanner.DeviceProblems(before, dialect).Select(problem => problem.Message)];
        return (domain, [.. DefinitionPlanner.DeviceProblems(device.AddedTo(before), dialect).Where(problem => !known.Contains(problem.Message))]);
    }

    /// <summary>Attaches a device.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="device">The device.</param>
    /// <param name="impact">To what: the running domain, its definition, or both.</param>
    /// <param name="cancellationToken">Ends the wait until the host is asked to change something; what was begun is then ended.</param>
    /// <exception cref="DefinitionException">The host cannot or did not take the device as it stands.</exception>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    public async Task<DomainSnapshot> AttachAsync(
        string nameOrUuid, DeviceDocument device, DomainModificationImpact impact, CancellationToken cancellationToken = default)
    {
        string name = host.Address.Name;
        (DomainSnapshot domain, IReadOnlyList<DefinitionProblem> problems) = await PlanAsync(nameOrUuid, device, cancellationToken).ConfigureAwait(false);
        if (problems.Count > 0)
        {
            throw new DefinitionException(
                DefinitionStage.Refused, name, domain.Name, DefinitionPlanner.Refusal(host.Identity, await host.GetDialectAsync(cancellationToken).ConfigureAwait(false), $"the device for {domain.Name}", problems), problems)
            { Operation = Operation };
        }

        IReadOnlyList<DomainModificationImpact> places = Places(impact, domain.IsActive);
        var before = new List<IReadOnlyList<XElement>>();
        foreach (DomainModificationImpact place in places)
        {
            before.Add(await ReadAsync(domain, place, device, cancellationToken).ConfigureAwait(false));
        }

        cancellationToken.ThrowIfCancellationRequested();
        var now = new List<IReadOnlyList<XElement>>();
        try
        {
            await host.AttachDeviceAsync(domain.Uuid, device.ToString(), Combine(places), CancellationToken.None).ConfigureAwait(false);
            foreach (DomainModificationImpact place in places)
            {
                now.Add(await ReadAsync(domain, place, device, CancellationToken.None).ConfigureAwait(false));
            }
        }
        catch (HostUnreachableException e)
        {
            throw new DefinitionException(
                DefinitionStage.Unknown, name, domain.Name, $"{name} was lost while it was given the device for {domain.Name}, and it is not known whether it took it: {e.Message}", [])
            { Operation = Operation };
        }

        var added = new List<(DomainModificationImpact Place, XElement Device)>();
        var losses = new List<ReadBackLoss>();
        for (int i = 0; i < places.Count; i++)
        {
            if (Find(device.Element, before[i], now[i]) is { } found)
            {
                added.Add((places[i], found));
                losses.AddRange(ReadBack.Compare(device.Element, found));
            }
            else
            {
                losses.Add(new($"/domain/devices/{device.Element.Name.LocalName}", null, null));
            }
        }

        if (losses.Count == 0)
        {
            LogAttached(device.Element.Name.LocalName, domain.Name, name);
            return domain;
        }

        throw await UndoAsync(domain, added, losses).ConfigureAwait(false);
    }

    private async Task<DefinitionException> UndoAsync(DomainSnapshot domain, List<(DomainModificationImpact Place, XElement Device)> added, List<ReadBackLoss> losses)
    {
        string name = host.Address.Name;
        string what = string.Join("; ", losses.Distinct());
        IReadOnlyList<DefinitionProblem> problems = [.. losses.Distinct().Select(loss => DefinitionPlanner.ProblemOf(loss, name))];
        LogLost(domain.Name, name, what);
        try
        {
            foreach ((DomainModificationImpact place, XElement device) in added)
            {
                await host.DetachDeviceAsync(domain.Uuid, device.ToString(SaveOptions.DisableFormatting), place, CancellationToken.None).ConfigureAwait(false);
                if (!await IsGoneAsync(domain, place, device).ConfigureAwait(false))
                {
                    return NotUndone($"the guest did not let go of the device within {DetachPatience.TotalSeconds:0} s");
                }
            }
        }
        catch (Exception e) when (e is LibvirtException or HostUnreachableException)
        {
            return NotUndone(e.Message);
        }

        return new(DefinitionStage.Undone, name, domain.Name, $"{name} did not take the device for {domain.Name} as asked: {what}; it was detached again", problems)
        { Operation = Operation };

        DefinitionException NotUndone(string why) => new(
            DefinitionStage.NotUndone, name, domain.Name, $"{name} did not take the device for {domain.Name} as asked ({what}), and it could not be detached again: {why}", problems)
        { Operation = Operation };
    }

    /// <summary>Detaching from a running guest returns before the guest has let go; only the document tells.</summary>
    private async Task<bool> IsGoneAsync(DomainSnapshot domain, DomainModificationImpact place, XElement device)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            IReadOnlyList<XElement> now = Devices(await DocumentAsync(domain, place, CancellationToken.None).ConfigureAwait(false), device.Name);
            if (!now.Any(other => XNode.DeepEquals(other, device)))
            {
                return true;
            }

            if (_time.GetElapsedTime(start) > DetachPatience)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), _time).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<XElement>> ReadAsync(DomainSnapshot domain, DomainModificationImpact place, DeviceDocument device, CancellationToken cancellationToken) =>
        Devices(await DocumentAsync(domain, place, cancellationToken).ConfigureAwait(false), device.Element.Name);

    private async Task<string> DocumentAsync(DomainSnapshot domain, DomainModificationImpact place, CancellationToken cancellationToken) =>
        (place == DomainModificationImpact.Config
            ? await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false)
            : (await host.FindDomainAsync($"{domain.Uuid}", cancellationToken).ConfigureAwait(false))?.Xml)
        ?? throw new DomainNotFoundException(domain.Name, host.Address.Name);

    private static IReadOnlyList<XElement> Devices(string xml, XName name) => [.. DomainDocument.Parse(xml).Root.Elements("devices").Elements(name)];

    /// <summary>The device that is new, and of several the one most like what was asked for.</summary>
    private static XElement? Find(XElement asked, IReadOnlyList<XElement> before, IReadOnlyList<XElement> now) => now
        .Where(device => !before.Any(old => XNode.DeepEquals(old, device)))
        .MinBy(device => ReadBack.Compare(asked, device).Count);

    private static IReadOnlyList<DomainModificationImpact> Places(DomainModificationImpact impact, bool isActive) => impact switch
    {
        DomainModificationImpact.Current => [isActive ? DomainModificationImpact.Live : DomainModificationImpact.Config],
        DomainModificationImpact.Live | DomainModificationImpact.Config => [DomainModificationImpact.Live, DomainModificationImpact.Config],
        _ => [impact],
    };

    private static DomainModificationImpact Combine(IEnumerable<DomainModificationImpact> places) => places.Aggregate((all, place) => all | place);

    [LoggerMessage(EventId = 310, Level = LogLevel.Information, Message = "Attached <{Device}> to {Domain} on {Host}")]
    private partial void LogAttached(string device, string domain, string host);

    [LoggerMessage(EventId = 311, Level = LogLevel.Warning, Message = "The device attached to {Domain} on {Host} is not what was asked for and is detached again: {Losses}")]
    private partial void LogLost(string domain, string host, string losses);
}
