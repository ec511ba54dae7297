using System.Globalization;
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
    DomainSnapshot Domain, IReadOnlyList<DomainModificationImpact> Places, GenericVdpaDevice? Generic, IReadOnlyList<DefinitionProblem> Problems, IReadOnlyList<string> Notes)
{
    /// <summary>What QEMU has to be allowed to lock with the device, in KiB, where that is set together with it: <c>&lt;memtune&gt;&lt;hard_limit&gt;</c>.</summary>
    public IReadOnlyDictionary<DomainModificationImpact, long> MemoryLimits { get; init; } = new Dictionary<DomainModificationImpact, long>();
}

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
/// <param name="files">The host's files, where its machine is this one or reached over SSH: they tell who has a node open, and what a PCI function is.</param>
/// <param name="timeProvider">The clock of the waits.</param>
/// <param name="logger">Where to log.</param>
/// <param name="devices">The host's vDPA devices, where it is this machine: they tell the sizes of their rings.</param>
public sealed partial class DeviceAttacher(
    IHost host, DomainClaims? claims = null, HostFiles? files = null, TimeProvider? timeProvider = null, ILogger? logger = null, VdpaDevices? devices = null)
{
    private const string Operation = "attach";

    // The guest of the lab had its card within 4 s.
    private static readonly TimeSpan ProbeWait = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly DomainClaims _claims = claims ?? new(timeProvider);
    private readonly ILogger _logger = logger ?? NullLogger.Instance;

    private readonly DomainHealthReader _health = new(host, devices, timeProvider);

    private OperationGate Gate => field ??= new(host, _claims, timeProvider, logger);

    /// <summary>How patiently a guest is asked to let go of a device that is taken back. libvirt itself waits 5 s.</summary>
    internal UnplugPatience Patience { get; init; } = new() { Deadline = TimeSpan.FromSeconds(20) };

    /// <summary>
    /// How long to wait until a vDPA device works for the running guest, as QEMU says, which taints the domain; <see langword="null"/> to look into its log only, unless QEMU is asked
    /// anyway, as for a device that libvirt has no words for.
    /// </summary>
    public TimeSpan? WaitDevices { get; init; }

    /// <summary>Whether a definition of another domain keeps nobody from a device: a guest that was without it for its migration gets it back before one that is off.</summary>
    internal bool DefinitionsYield { get; init; }

    /// <summary>Told when the host has taken a device, before that is looked at.</summary>
    internal Action? Taken { get; init; }

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
        AttachPlan plan = await PlanAsync(uuid, device, impact, options, cancellationToken).ConfigureAwait(false);
        return DevicePlaces.ProblemOf(outlook, host.Address.Name) is { } problem ? plan with { Problems = [problem, .. plan.Problems] } : plan;
    }

    private async Task<AttachPlan> PlanAsync(Guid uuid, DeviceDocument device, DomainModificationImpact impact, OperationOptions options, CancellationToken cancellationToken)
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
        var needs = new Dictionary<DomainModificationImpact, (long? KiB, MemoryLock? Sum)>();

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
            needs[place] = (MemoryLimits.NeededKiB(before, after), MemoryLimits.Read(after));
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
            else if (options.IfNeeded)
            {
                notes.Add($"{DevicePlaces.NameOf(place, domain.Name)} has {selector} already");
            }
            else
            {
                problems.Add(new(path, $"{DevicePlaces.NameOf(place, domain.Name)} on {name} has {selector} already", ["--if-needed, when that will do"]));
            }
        }

        (IReadOnlyList<string> holders, IReadOnlyList<string> definitions) = await DeviceGuards.HoldersAsync(host, files, domain, DeviceGuards.ResourcesOf(device), cancellationToken).ConfigureAwait(false);
        notes.AddRange(DefinitionsYield ? definitions.Select(other => $"{other}, which cannot start while {domain.Name} has it") : []);
        problems.AddRange(holders.Concat(DefinitionsYield ? [] : definitions)
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

        if (missing.Count > 0)
        {
            DomainDocument alone = device.AddedTo(DomainDocument.Parse("<domain><devices/></domain>"));
            notes.AddRange(RingSizes.Warnings(alone, await RingSizes.ReadAsync(devices, alone, cancellationToken).ConfigureAwait(false), host.Identity.QemuVersion, name));
        }

        var limits = new Dictionary<DomainModificationImpact, long>();
        foreach (DomainModificationImpact place in missing)
        {
            if (needs[place] is not (var needed, { } sum))
            {
                continue; // an amount that cannot be read is a problem of the document
            }

            if (generic is not null && place == DomainModificationImpact.Live)
            {
                // libvirt does not know of the device, and leaves QEMU's limit alone.
                await JudgeMemoryAsync(sum, generic).ConfigureAwait(false);
            }
            else if (needed is { } kibibytes && host.Identity.IsPrivileged)
            {
                limits[place] = kibibytes;
                notes.Add(MemoryLimits.Note(DevicePlaces.NameOf(place, domain.Name), kibibytes, sum));
            }
            else if (needed is not null)
            {
                notes.Add($"{name}'s daemon runs without root, and cannot let QEMU lock the memory that the device pins ({sum}): it may come up dead");
            }
        }

        return new(domain, missing, generic, problems, notes) { MemoryLimits = limits };

        async Task JudgeMemoryAsync(MemoryLock sum, GenericVdpaDevice plugged)
        {
            int past = (await QemuDevices.ListUnknownAsync(host, domain, cancellationToken).ConfigureAwait(false)).Count(known => known.Node is not null);
            MemoryLock memory = sum.WithMore(past);
            long? allowed = files is null ? null : QemuLimits.LockedMemoryKiB(files, domain.Name);
            if (allowed is { } limit ? limit >= memory.RequiredKiB : memory.IsEnough)
            {
                return;
            }

            string lack = string.Create(
                CultureInfo.InvariantCulture,
                $"the QEMU of {domain.Name} on {name} may lock {((allowed ?? memory.AllowedKiB) is { } kibibytes ? $"{kibibytes} KiB" : "no more than it was started with")}, and its devices lock {memory.RequiredKiB} KiB ({memory}), which nobody can raise while it runs");
            IReadOnlyDictionary<string, DeviceHostFacts> facts = await DeviceFacts.ReadAsync(host, files, cancellationToken).ConfigureAwait(false);
            if (options.AllowSmallMemlock || (facts.TryGetValue(plugged.SourceDevice, out DeviceHostFacts? known) && known is { ParentDriver: null, ManagementDevice: null }))
            {
                notes.Add($"{lack}: a device that pins memory comes up dead; {(options.AllowSmallMemlock ? "that was allowed" : "this one has no hardware behind it, and most such pin none")}");
                return;
            }

            problems.Add(new(path, $"{lack}: the device would come up dead", ["--config, and start the domain anew: its definition then allows it", "--allow small-memlock, for a device that pins no memory"]));
        }
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
        await using EnteredOperation entered = await Gate.EnterAsync(DomainOperation.Attach, nameOrUuid, options, cancellationToken).ConfigureAwait(false);
        DeviceChange change = await AttachHeldAsync(entered.Domain!, device, impact, options, cancellationToken).ConfigureAwait(false); // what was let in, whatever gets its name meanwhile
        return change with { Notes = [.. entered.Notes, .. change.Notes] };
    }

    /// <summary>The same for a domain that is claimed already.</summary>
    internal async Task<DeviceChange> AttachHeldAsync(DomainSnapshot held, DeviceDocument device, DomainModificationImpact impact, OperationOptions options, CancellationToken cancellationToken)
    {
        string name = host.Address.Name;
        await using IAsyncDisposable claim = await DeviceGuards.ClaimAsync(
            _claims, host, DomainOperation.Attach, held.Name, DeviceGuards.ResourcesOf(device), cancellationToken).ConfigureAwait(false);
        AttachPlan plan = await PlanAsync(held.Uuid, device, impact, options, cancellationToken).ConfigureAwait(false);
        (DomainSnapshot domain, IReadOnlyList<DomainModificationImpact> places, GenericVdpaDevice? generic, IReadOnlyList<DefinitionProblem> problems, IReadOnlyList<string> notes) = plan;
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

        bool isWatched = places.Contains(DomainModificationImpact.Live) && VhostStates.Devices(device.AddedTo(DomainDocument.Parse("<domain><devices/></domain>"))).Count > 0;
        DeviceLog log = isWatched ? await _health.ReadLogAsync(domain.Name, cancellationToken).ConfigureAwait(false) : new();
        IReadOnlyList<string> done = generic is not null
            ? await AttachGenericAsync(domain, generic, plan, options.Wait, cancellationToken).ConfigureAwait(false)
            : await WithMemoryAsync(domain, plan, () => AttachByLibvirtAsync(domain, device, places, options.Wait, cancellationToken)).ConfigureAwait(false);
        return new(domain, true, [.. notes, .. done, .. isWatched ? await CheckAsync(domain, device, log, isAsked: generic is not null, cancellationToken).ConfigureAwait(false) : []]);
    }

    /// <summary>Whether the guest can use the device that its domain got, as far as can be told by now.</summary>
    private async Task<IReadOnlyList<string>> CheckAsync(DomainSnapshot domain, DeviceDocument device, DeviceLog before, bool isAsked, CancellationToken cancellationToken)
    {
        string node = DeviceGuards.ResourcesOf(device).FirstOrDefault() ?? "";
        string later = $"orchestrator domain health {domain.Name}";
        DomainHealth health;
        try
        {
            DomainSnapshot? now = await host.FindDomainAsync(domain.Uuid, cancellationToken).ConfigureAwait(false);
            if (now is null)
            {
                return [];
            }

            health = await _health.ReadAsync(now, isAsked || WaitDevices is not null, before, WaitDevices ?? (isAsked ? ProbeWait : TimeSpan.Zero), cancellationToken, node).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return [$"it is attached, and was no longer waited for: {later}"];
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            return [$"it is attached; whether it works could not be looked at: {HostAddress.Redact(e.Message)}. Later: {later}"];
        }

        if (health.Problems.Count > 0)
        {
            throw new OperationException(
                OperationStage.Degraded, DomainOperation.Attach, host.Address.Name, domain.Name,
                $"{domain.Name} on {host.Address.Name} has the device, which does not work: {string.Join("; ", health.Problems.Select(problem => problem.Message))}",
                string.Join(' ', health.Problems.Select(problem => problem.Remedy).Distinct()));
        }

        if (WaitDevices is { } waited && (health.Unanswered is not null || health.Devices.Any(one => one.Health == VdpaHealth.DriverNotUp)))
        {
            throw new OperationException(
                OperationStage.TimedOut, DomainOperation.Attach, host.Address.Name, domain.Name,
                string.Create(CultureInfo.InvariantCulture, $"{domain.Name} on {host.Address.Name} has {node}, which was not seen to work within {waited.TotalSeconds:0.#} s: {health.Unanswered ?? "the guest's driver is not up"}"),
                $"The guest may still boot, or have no driver for it. Look again: {later} --ask-qemu always.");
        }

        return health.IsSettled && health.Devices.Count > 0 ? health.Notes : [.. health.Notes, $"whether it works is known when the guest's driver is up: {later}"];
    }

    /// <summary>Attaches a device together with the limit of memory that it needs, which goes back to what it was when the device does not come.</summary>
    private async Task<IReadOnlyList<string>> WithMemoryAsync(DomainSnapshot domain, AttachPlan plan, Func<Task<IReadOnlyList<string>>> attach)
    {
        var before = new Dictionary<DomainModificationImpact, long>();
        try
        {
            foreach ((DomainModificationImpact place, long kibibytes) in plan.MemoryLimits)
            {
                DomainDocument document = await DevicePlaces.ReadAsync(host, domain, place, DomainOperation.Attach, CancellationToken.None).ConfigureAwait(false);
                before[place] = document.MemoryLock().AllowedKiB ?? LibvirtDomain.UnlimitedMemory;
                await host.SetMemoryHardLimitAsync(domain.Uuid, kibibytes, place, CancellationToken.None).ConfigureAwait(false);
            }

            return await attach().ConfigureAwait(false);
        }
        catch (Exception e) when (before.Count > 0 && e is LibvirtException or OperationException { Stage: OperationStage.Failed } or DefinitionException { Stage: DefinitionStage.Undone })
        {
            foreach ((DomainModificationImpact place, long kibibytes) in before)
            {
                try
                {
                    await host.SetMemoryHardLimitAsync(domain.Uuid, kibibytes, place, CancellationToken.None).ConfigureAwait(false);
                }
                catch (Exception left) when (left is LibvirtException or HostUnreachableException)
                {
                    LogLimitStays(DevicePlaces.NameOf(place, domain.Name), host.Address.Name, HostAddress.Redact(left.Message));
                }
            }

            throw;
        }
    }

    private async Task<IReadOnlyList<string>> AttachByLibvirtAsync(
        DomainSnapshot domain, DeviceDocument device, IReadOnlyList<DomainModificationImpact> places, TimeSpan wait, CancellationToken cancellationToken)
    {
        string name = host.Address.Name;
        var before = new Dictionary<DomainModificationImpact, IReadOnlyList<XElement>>();
        foreach (DomainModificationImpact place in places)
        {
            before[place] = await ReadAsync(domain, place, device, cancellationToken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        IReadOnlyDictionary<DomainModificationImpact, XElement> added = await AttachAndReadAsync(domain, device, before, wait).ConfigureAwait(false);
        List<ReadBackLoss> losses = [.. places.SelectMany(place => added.TryGetValue(place, out XElement? found)
            ? ReadBack.Compare(device.Element, found)
            : [new($"/domain/devices/{device.Element.Name.LocalName}", null, null)])];
        if (losses.Count == 0)
        {
            LogAttached(device.Element.Name.LocalName, domain.Name, name);
            string?[] addresses = [.. added.Values.Select(found => found.Element("address")?.ToString(SaveOptions.DisableFormatting)).Distinct()];
            return addresses.Length < 2 ? [] : ["in the guest the device has another address now than it will have after the next start; write the <address> into the document where that matters"];
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
            Taken?.Invoke();
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
        DomainSnapshot domain, GenericVdpaDevice generic, AttachPlan plan, TimeSpan wait, CancellationToken cancellationToken)
    {
        IReadOnlyList<DomainModificationImpact> places = plan.Places;
        var notes = new List<string>();
        if (places.Contains(DomainModificationImpact.Live))
        {
            string id = generic.Id ?? $"vdpa-{generic.SourceDevice.Split('/')[^1]}";
            QemuDevice added = await new GenericPlug(host, _time).AddAsync(
                domain, new() { ["driver"] = generic.Driver, ["vhostdev"] = generic.SourceDevice }, id, wait, cancellationToken).ConfigureAwait(false);
            Taken?.Invoke();
            notes.Add($"QEMU has {generic.SourceDevice} as {added.Id} on {added.Bus}");
            LogAttached(generic.Driver, domain.Name, host.Address.Name);
        }

        if (places.Contains(DomainModificationImpact.Config))
        {
            try
            {
                DomainDocument definition = await DevicePlaces.ReadAsync(host, domain, DomainModificationImpact.Config, DomainOperation.Attach, CancellationToken.None).ConfigureAwait(false);
                definition.Add(generic);
                if (plan.MemoryLimits.ContainsKey(DomainModificationImpact.Config))
                {
                    definition.EnsureMemoryLock(); // which the plan's notes tell
                }

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

    /// <summary>
    /// Whether a domain has a device of which it can have one only. Of what was plugged in past libvirt only QEMU can tell, and so of what was unplugged past it: the command line
    /// that a running domain was started with stays in its document.
    /// </summary>
    private async Task<bool> HasAsync(DomainSnapshot domain, DomainModificationImpact place, DeviceSelector selector, bool askQemu, CancellationToken cancellationToken)
    {
        if (!selector.IsUnique)
        {
            return false;
        }

        DomainDocument document = await DevicePlaces.ReadAsync(host, domain, place, DomainOperation.Attach, cancellationToken).ConfigureAwait(false);
        PlacedDevice[] same = [.. document.PlacedDevices.Where(selector.Matches)];
        if (place == DomainModificationImpact.Config || !askQemu || same.Any(placed => placed.Device is not CommandLineDevice { Id: not null }))
        {
            return same.Length > 0;
        }

        IReadOnlyList<(string Name, string Type)> plugged = same.Length == 0 ? [] : await new QemuMonitor(host, domain.Uuid).ListAsync(QemuDevices.Peripherals, cancellationToken).ConfigureAwait(false);
        return same.Any(placed => plugged.Any(entry => entry.Name == ((CommandLineDevice)placed.Device).Id))
            || (await QemuDevices.ListUnknownAsync(host, domain, cancellationToken).ConfigureAwait(false)).Any(selector.Matches);
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

    [LoggerMessage(EventId = 312, Level = LogLevel.Warning, Message = "The memory limit of {Place} on {Host} stays as it was raised for a device that did not come: {Reason}")]
    private partial void LogLimitStays(string place, string host, string reason);

    [LoggerMessage(EventId = 311, Level = LogLevel.Warning, Message = "The device attached to {Domain} on {Host} is not what was asked for and is detached again: {Losses}")]
    private partial void LogLost(string domain, string host, string losses);
}
