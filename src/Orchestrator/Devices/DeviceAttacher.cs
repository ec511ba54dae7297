using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Devices;

/// <summary>What attaching a device would do.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Places">Where it would be attached; none where it is attached already, and that will do.</param>
/// <param name="Generic">The generic vDPA device that stands for it on a host whose libvirt has no <c>&lt;hostdev type='vdpa'&gt;</c>; <see langword="null"/> when libvirt attaches it.</param>
/// <param name="Problems">What stands in the way; none means that it can be done.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record AttachPlan(
    DomainSnapshot Domain, IReadOnlyList<DomainModificationImpact> Places, GenericVdpaDevice? Generic, IReadOnlyList<DefinitionProblem> Problems, IReadOnlyList<string> Notes);

/// <summary>What became of attaching a device.</summary>
/// <param name="Domain">The domain, as it was before.</param>
/// <param name="IsChanged">Whether anything was changed: not when all was as it was asked for already.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record DeviceChange(DomainSnapshot Domain, bool IsChanged, IReadOnlyList<string> Notes);

/// <summary>
/// Attaches devices so that what was asked for is what the domain then has: refuses what the host's dialect cannot say and what somebody else has, reads back what became of the
/// device, and detaches it again when something was lost.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="claims">Keeps two operations of this machine from giving one device to two domains.</param>
/// <param name="files">The host's files, where it is this machine: they tell who has a node open, and what a PCI function is.</param>
/// <param name="timeProvider">The clock of the waits.</param>
/// <param name="logger">Where to log.</param>
public sealed partial class DeviceAttacher(IHost host, DomainClaims? claims = null, HostFiles? files = null, TimeProvider? timeProvider = null, ILogger? logger = null)
{
    private const string Operation = "attach";

    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly DomainClaims _claims = claims ?? new(timeProvider);
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    private OperationGate Gate => field ??= new(host, _claims, timeProvider, logger);

    /// <summary>How patiently a guest is asked to let go of a device that is taken back. libvirt itself waits 5 s.</summary>
    internal UnplugPatience Patience { get; init; } = new() { Deadline = TimeSpan.FromSeconds(20) };

    /// <summary>What stands in the way of attaching a device; nothing is changed.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="device">The device.</param>
    /// <param name="impact">To what: the running domain, its definition, or both.</param>
    /// <param name="options">Whether a device that is attached already will do, how long to wait for others, and whose domains may be changed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">The name is ambiguous, or somebody else manages the domain.</exception>
    public async Task<AttachPlan> PlanAsync(
        string nameOrUuid, DeviceDocument device, DomainModificationImpact impact, OperationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        options ??= new();
        OperationOutlook outlook = await Gate.LookAsync(DomainOperation.Attach, nameOrUuid, options, cancellationToken).ConfigureAwait(false);
        Guid uuid = outlook.Domain?.Uuid ?? throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        AttachPlan plan = await PlanAsync(uuid, device, impact, options.IfNeeded, cancellationToken).ConfigureAwait(false);
        return DevicePlaces.ProblemOf(outlook, host.Address.Name) is { } problem ? plan with { Problems = [problem, .. plan.Problems] } : plan;
    }

    private async Task<AttachPlan> PlanAsync(Guid uuid, DeviceDocument device, DomainModificationImpact impact, bool ifNeeded, CancellationToken cancellationToken)
    {
        string name = host.Address.Name;
        DomainSnapshot domain = await host.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException($"{uuid}", name);
        HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
        string path = $"/domain/devices/{device.Element.Name.LocalName}";
        var problems = new List<DefinitionProblem>();
        var notes = new List<string>();

        IReadOnlyList<DomainModificationImpact> places = DevicePlaces.Of(impact, domain);
        (string Message, string Instead)? wrong = DevicePlaces.Problem(places, domain, name);
        var selector = DeviceSelector.Of(device);
        DomainDevice? asked = null;
        GenericVdpaDevice? generic = null;

        // The whole domain is judged, for a device may need something of it: in each place, as the running domain may have what the definition lacks.
        foreach (DomainModificationImpact place in wrong is null ? places : [DomainModificationImpact.Live])
        {
            string? definition = place == DomainModificationImpact.Config && domain.IsActive ? await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false) : null;
            DomainDocument before = DomainDocument.Parse(definition ?? domain.Xml);

            // What was wrong before is not this device's fault; neither is the device itself, where the domain has it already.
            foreach (PlacedDevice same in before.PlacedDevices.Where(placed => selector.IsUnique && selector.Matches(placed)))
            {
                before.Remove(same.Device);
            }

            DomainDocument after = device.AddedTo(before);
            asked = after.PlacedDevices.Last(placed => placed.Element is not null).Device;
            generic = asked is VdpaHostDevice vdpa && !dialect.VdpaHostDevice && dialect.GenericVdpaDevice != false
                ? new GenericVdpaDevice { SourceDevice = vdpa.SourceDevice, Id = vdpa.Alias, BootOrder = vdpa.BootOrder }
                : null;
            IEnumerable<DefinitionProblem> found;
            if (generic is not null)
            {
                // As libvirt has no words for it, only its node can be wrong; that is said of the element that was given.
                found = after.Check().Where(problem => problem.Severity == DeviceProblemSeverity.Error && problem.Path.StartsWith(path, StringComparison.Ordinal))
                    .Select(problem => new DefinitionProblem(problem.Path, problem.Message, []));
            }
            else
            {
                HashSet<string> known = [.. DefinitionPlanner.DeviceProblems(before, dialect).Select(problem => problem.Message)];
                found = DefinitionPlanner.DeviceProblems(after, dialect).Where(problem => !known.Contains(problem.Message));
            }

            problems.AddRange(found.Where(problem => problems.All(other => other.Message != problem.Message)).ToList());
        }

        if (wrong is { } cannot)
        {
            problems.Add(new(path, cannot.Message, [cannot.Instead]));
            return new(domain, places, generic, problems, notes);
        }

        var missing = new List<DomainModificationImpact>();
        foreach (DomainModificationImpact place in places)
        {
            if (!await HasAsync(domain, place, selector, generic is not null, cancellationToken).ConfigureAwait(false))
            {
                missing.Add(place);
            }
            else if (ifNeeded)
            {
                notes.Add($"{DevicePlaces.NameOf(place, domain.Name)} has {selector} already");
            }
            else
            {
                problems.Add(new(path, $"{DevicePlaces.NameOf(place, domain.Name)} on {name} has {selector} already", ["--if-needed, when that will do"]));
            }
        }

        problems.AddRange((await DeviceGuards.HoldersAsync(host, files, domain, DeviceGuards.ResourcesOf(device), cancellationToken).ConfigureAwait(false))
            .Select(holder => new DefinitionProblem(path, $"{holder}; a device of the host is one domain's alone", ["another device, or detach it there first"])));
        if (missing.Contains(DomainModificationImpact.Live) && DeviceGuards.FunctionOf(asked!) is { } function)
        {
            (AcceleratorEngine? engine, bool isKnown) = await DeviceGuards.AcceleratorAsync(host, files, function, cancellationToken).ConfigureAwait(false);
            if (engine is { } found)
            {
                problems.Add(new(path, DeviceGuards.NoHotSwap(function, found, name), ["--config, and start the domain anew"]));
            }
            else if (!isKnown)
            {
                notes.Add($"{name} does not tell what {function} is: were it a function of the accelerator KAE, it must not be plugged into a running domain");
            }
        }

        if (generic is not null && missing.Contains(DomainModificationImpact.Live))
        {
            notes.Add($"{name}'s libvirt has no <hostdev type='vdpa'>: QEMU is given its generic vDPA device through the monitor. The document of {domain.Name} will never show it "
                + "(orchestrator device list does), the domain is marked as tainted, and it cannot migrate until the device is detached");
        }

        return new(domain, missing, generic, problems, notes);
    }

    /// <summary>Attaches a device.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="device">The device.</param>
    /// <param name="impact">To what: the running domain, its definition, or both.</param>
    /// <param name="options">Whether a device that is attached already will do, how long to wait for others, and whose domains may be changed.</param>
    /// <param name="cancellationToken">Ends the wait until the host is asked to change something; what was begun is then ended.</param>
    /// <exception cref="DefinitionException">The host cannot or did not take the device as it stands.</exception>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">The domain is not to be changed now.</exception>
    /// <exception cref="HostDeviceException">Another operation has the device in its hands, or QEMU did not take it.</exception>
    /// <exception cref="OperationException">It is not attached: the host was lost, or the domain ended meanwhile.</exception>
    public async Task<DeviceChange> AttachAsync(
        string nameOrUuid, DeviceDocument device, DomainModificationImpact impact, OperationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        options ??= new();
        string name = host.Address.Name;
        await using EnteredOperation entered = await Gate.EnterAsync(DomainOperation.Attach, nameOrUuid, options, cancellationToken).ConfigureAwait(false);
        Guid uuid = entered.Domain!.Uuid; // what was let in, whatever gets its name meanwhile
        await using IAsyncDisposable claim = await DeviceGuards.ClaimAsync(
            _claims, host, DomainOperation.Attach, entered.Domain.Name, DeviceGuards.ResourcesOf(device), cancellationToken).ConfigureAwait(false);
        AttachPlan plan = await PlanAsync(uuid, device, impact, options.IfNeeded, cancellationToken).ConfigureAwait(false);
        (DomainSnapshot domain, IReadOnlyList<DomainModificationImpact> places, GenericVdpaDevice? generic, IReadOnlyList<DefinitionProblem> problems, IReadOnlyList<string> notes) = plan with { Notes = [.. entered.Notes, .. plan.Notes] };
        if (problems.Count > 0)
        {
            throw new DefinitionException(
                DefinitionStage.Refused, name, domain.Name, DefinitionPlanner.Refusal(host.Identity, await host.GetDialectAsync(cancellationToken).ConfigureAwait(false), $"the device for {domain.Name}", problems), problems)
            { Operation = Operation };
        }

        if (places.Count == 0)
        {
            return new(domain, false, notes);
        }

        if (generic is not null)
        {
            return new(domain, true, [.. notes, .. await AttachGenericAsync(domain, generic, places, options.Wait, cancellationToken).ConfigureAwait(false)]);
        }

        var before = new Dictionary<DomainModificationImpact, IReadOnlyList<XElement>>();
        foreach (DomainModificationImpact place in places)
        {
            before[place] = await ReadAsync(domain, place, device, cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        IReadOnlyDictionary<DomainModificationImpact, XElement> added = await AttachAndReadAsync(domain, device, before, options.Wait).ConfigureAwait(false);
        List<ReadBackLoss> losses = [.. places.SelectMany(place => added.TryGetValue(place, out XElement? found)
            ? ReadBack.Compare(device.Element, found)
            : [new($"/domain/devices/{device.Element.Name.LocalName}", null, null)])];
        if (losses.Count == 0)
        {
            LogAttached(device.Element.Name.LocalName, domain.Name, name);
            string?[] addresses = [.. added.Values.Select(found => found.Element("address")?.ToString(SaveOptions.DisableFormatting)).Distinct()];
            return new(domain, true, addresses.Length < 2 ? notes : [.. notes, "in the guest the device has another address now than it will have after the next start; write the <address> into the document where that matters"]);
        }

        throw await UndoAsync(domain, added, losses).ConfigureAwait(false);
    }

    /// <summary>Gives the host a device, and asks it where it then is.</summary>
    private async Task<IReadOnlyDictionary<DomainModificationImpact, XElement>> AttachAndReadAsync(
        DomainSnapshot domain, DeviceDocument device, Dictionary<DomainModificationImpact, IReadOnlyList<XElement>> before, TimeSpan wait)
    {
        string name = host.Address.Name;
        HostUnreachableException? lost = null;
        try
        {
            await host.AttachDeviceAsync(domain.Uuid, device.ToString(), before.Keys.Aggregate((all, place) => all | place), CancellationToken.None).ConfigureAwait(false);
        }
        catch (HostUnreachableException e)
        {
            lost = e; // it may have heard us
        }

        Dictionary<DomainModificationImpact, XElement> added;
        try
        {
            added = await LostHost.AskAsync(host, FindAsync, found => found.Count == before.Count || lost is not { IsUnderway: true }, wait, _time).ConfigureAwait(false);
        }
        catch (OperationException e) when (before.ContainsKey(DomainModificationImpact.Config))
        {
            // The guest ended; its definition is there all the same.
            throw new OperationException(
                OperationStage.Degraded, DomainOperation.Attach, name, domain.Name, $"{e.Message}. Its definition may have the device", $"See: orchestrator device list {domain.Name}.", e);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException or DomainNotFoundException)
        {
            throw Unknown($"{name} was given the device for {domain.Name}, and it is not known whether it took it: {e.Message}");
        }

        if (lost is null || added.Count == before.Count)
        {
            return added;
        }

        if (lost.IsUnderway)
        {
            throw Unknown($"{domain.Name} was given the device, does not have it{(added.Count > 0 ? " everywhere" : "")}, and may still get it: {lost.Message}");
        }

        return added.Count > 0 ? added : throw new OperationException(
            OperationStage.Failed, DomainOperation.Attach, name, domain.Name, $"{name} was lost while it was given the device for {domain.Name}, and did not take it: {lost.Message}", "Try again.", lost);

        async Task<Dictionary<DomainModificationImpact, XElement>> FindAsync()
        {
            var found = new Dictionary<DomainModificationImpact, XElement>();
            foreach ((DomainModificationImpact place, IReadOnlyList<XElement> old) in before)
            {
                if (Find(device.Element, old, await ReadAsync(domain, place, device, CancellationToken.None).ConfigureAwait(false)) is { } one)
                {
                    found[place] = one;
                }
            }

            return found;
        }

        DefinitionException Unknown(string message) => new(DefinitionStage.Unknown, name, domain.Name, message, []) { Operation = Operation };
    }

    private async Task<DefinitionException> UndoAsync(DomainSnapshot domain, IReadOnlyDictionary<DomainModificationImpact, XElement> added, List<ReadBackLoss> losses)
    {
        string name = host.Address.Name;
        string what = string.Join("; ", losses.Distinct());
        IReadOnlyList<DefinitionProblem> problems = [.. losses.Distinct().Select(loss => DefinitionPlanner.ProblemOf(loss, name))];
        LogLost(domain.Name, name, what);
        try
        {
            foreach ((DomainModificationImpact place, XElement device) in added)
            {
                if (place == DomainModificationImpact.Live)
                {
                    (UnplugEnd end, Unplugging unplugging) = await Unplugging.ByLibvirtAsync(host, domain, device, Patience, _time, CancellationToken.None).ConfigureAwait(false);
                    if (end is not (UnplugEnd.Gone or UnplugEnd.DomainEnded))
                    {
                        return NotUndone(
                            end == UnplugEnd.DomainLeft ? $"{domain.Name} {ConflictMatrix.AfterMigration.Reason} meanwhile"
                            : end == UnplugEnd.Unknown ? $"{name} does not tell whether the guest let go of it"
                            : unplugging.Refusal ?? $"the guest did not let go of the device within {Patience.Deadline.TotalSeconds:0.#} s");
                    }

                    continue;
                }

                await host.DetachDeviceAsync(domain.Uuid, device.ToString(SaveOptions.DisableFormatting), place, CancellationToken.None).ConfigureAwait(false);
                if (Devices((await DevicePlaces.ReadAsync(host, domain, place, DomainOperation.Attach, CancellationToken.None).ConfigureAwait(false)).Root, device.Name)
                    .Any(other => XNode.DeepEquals(other, device)))
                {
                    return NotUndone("the definition has it still");
                }
            }
        }
        catch (Exception e) when (e is LibvirtException or HostUnreachableException or DomainNotFoundException)
        {
            return NotUndone(e.Message);
        }

        return new(DefinitionStage.Undone, name, domain.Name, $"{name} did not take the device for {domain.Name} as asked: {what}; it was detached again", problems)
        { Operation = Operation };

        DefinitionException NotUndone(string why) => new(
            DefinitionStage.NotUndone, name, domain.Name, $"{name} did not take the device for {domain.Name} as asked ({what}), and it could not be detached again: {why}", problems)
        { Operation = Operation };
    }

    /// <summary>Gives QEMU the device, and the definition its command line. The guest comes first: QEMU may refuse, a definition can be put back.</summary>
    private async Task<IReadOnlyList<string>> AttachGenericAsync(
        DomainSnapshot domain, GenericVdpaDevice generic, IReadOnlyList<DomainModificationImpact> places, TimeSpan wait, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        if (places.Contains(DomainModificationImpact.Live))
        {
            string id = generic.Id ?? $"vdpa-{generic.SourceDevice.Split('/')[^1]}";
            QemuDevice added = await new GenericPlug(host, _time).AddAsync(
                domain, new() { ["driver"] = generic.Driver, ["vhostdev"] = generic.SourceDevice }, id, wait, cancellationToken).ConfigureAwait(false);
            notes.Add($"QEMU has {generic.SourceDevice} as {added.Id} on {added.Bus}");
            LogAttached(generic.Driver, domain.Name, host.Address.Name);
        }

        if (places.Contains(DomainModificationImpact.Config))
        {
            try
            {
                DomainDocument definition = await DevicePlaces.ReadAsync(host, domain, DomainModificationImpact.Config, DomainOperation.Attach, CancellationToken.None).ConfigureAwait(false);
                definition.Add(generic);
                DefinitionPlan defined = await new DomainDefiner(host, _logger).DefineHeldAsync(definition, acceptLosses: false, wait, CancellationToken.None).ConfigureAwait(false);
                notes.AddRange(defined.Notes.Where(note => note.Contains("memory", StringComparison.Ordinal)));
            }
            catch (Exception e) when (places.Count > 1 && DevicePlaces.IsFailure(e))
            {
                bool isUnknown = DevicePlaces.IsUnknown(e);
                throw new HostDeviceException(
                    isUnknown ? HostDeviceProblem.OutcomeUnknown : HostDeviceProblem.Degraded,
                    $"the running {domain.Name} on {host.Address.Name} has {generic.SourceDevice}, but {(isUnknown ? "whether its definition has is not known" : "its definition has not")}: {e.Message}",
                    "Attach it with --config alone, or detach it with --live.", host.Address.Name, e);
            }
        }

        return notes;
    }

    /// <summary>Whether a domain has a device of which it can have one only. Of what was plugged in past libvirt only QEMU can tell.</summary>
    private async Task<bool> HasAsync(DomainSnapshot domain, DomainModificationImpact place, DeviceSelector selector, bool askQemu, CancellationToken cancellationToken)
    {
        if (!selector.IsUnique)
        {
            return false;
        }

        DomainDocument document = await DevicePlaces.ReadAsync(host, domain, place, DomainOperation.Attach, cancellationToken).ConfigureAwait(false);
        return document.PlacedDevices.Any(selector.Matches)
            || (askQemu && place == DomainModificationImpact.Live
                && (await QemuDevices.ListUnknownAsync(host, domain, cancellationToken).ConfigureAwait(false)).Any(selector.Matches));
    }

    private async Task<IReadOnlyList<XElement>> ReadAsync(DomainSnapshot domain, DomainModificationImpact place, DeviceDocument device, CancellationToken cancellationToken) =>
        Devices((await DevicePlaces.ReadAsync(host, domain, place, DomainOperation.Attach, cancellationToken).ConfigureAwait(false)).Root, device.Element.Name);

    private static IReadOnlyList<XElement> Devices(XElement domain, XName name) => [.. domain.Elements("devices").Elements(name)];

    /// <summary>The device that is new, and of several the one most like what was asked for.</summary>
    private static XElement? Find(XElement asked, IReadOnlyList<XElement> before, IReadOnlyList<XElement> now) => now
        .Where(device => !before.Any(old => Unplugging.IsSame(device, old)))
        .MinBy(device => ReadBack.Compare(asked, device).Count);

    [LoggerMessage(EventId = 310, Level = LogLevel.Information, Message = "Attached <{Device}> to {Domain} on {Host}")]
    private partial void LogAttached(string device, string domain, string host);

    [LoggerMessage(EventId = 311, Level = LogLevel.Warning, Message = "The device attached to {Domain} on {Host} is not what was asked for and is detached again: {Losses}")]
    private partial void LogLost(string domain, string host, string losses);
}
