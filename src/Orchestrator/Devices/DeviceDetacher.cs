using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Devices;

/// <summary>A device that would be detached.</summary>
/// <param name="Place">From what: the running domain, or its definition.</param>
/// <param name="Kind">A short text for people.</param>
/// <param name="Resource">What it uses of the host.</param>
/// <param name="Alias">libvirt's or QEMU's name of it.</param>
public sealed record DetachTarget(DomainModificationImpact Place, string Kind, string? Resource, string? Alias)
{
    /// <summary>What libvirt is given; <see langword="null"/> for a device that it does not know.</summary>
    internal XElement? Element { get; init; }

    /// <summary>The device of QEMU's command line that its definition loses.</summary>
    internal CommandLineDevice? Argument { get; init; }

    /// <summary>In words: <c>&lt;hostdev type='vdpa'&gt; /dev/vhost-vdpa-0</c>.</summary>
    public override string ToString() => Resource is null ? Alias is null ? Kind : $"{Kind} {Alias}" : $"{Kind} {Resource}";
}

/// <summary>What detaching would do, or did.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Targets">The device in each place; none when it is not there, and that will do.</param>
/// <param name="Notes">What is worth knowing.</param>
public sealed record DetachPlan(DomainSnapshot Domain, IReadOnlyList<DetachTarget> Targets, IReadOnlyList<string> Notes);

/// <summary>
/// Detaches devices: finds the one that is meant, asks the guest to let go of it until it has or a deadline has passed, and says what is where then. That libvirt's call succeeded
/// means only that the guest was asked.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="claims">Keeps others of this machine from working on the domain meanwhile.</param>
/// <param name="files">The host's files, where its machine is this one or reached over SSH: they tell what a PCI function is.</param>
/// <param name="timeProvider">The clock of the waits.</param>
/// <param name="logger">Where to log.</param>
public sealed partial class DeviceDetacher(IHost host, DomainClaims? claims = null, HostFiles? files = null, TimeProvider? timeProvider = null, ILogger? logger = null)
{
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private readonly OperationGate _gate = new(host, claims ?? new(timeProvider), timeProvider, logger);

    /// <summary>How patiently the guest is asked.</summary>
    public UnplugPatience Patience { get; init; } = new();

    /// <summary>Finds the device; nothing is changed.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="selector">Which device.</param>
    /// <param name="impact">From what: the running domain, its definition, or both.</param>
    /// <param name="options">Whether a device that is not there will do, how long to wait for others, and whose domains may be changed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">The name is ambiguous, somebody else manages the domain, or it is not to be changed now.</exception>
    /// <exception cref="HostDeviceException">There is no such device, more than one, or one that cannot be detached.</exception>
    public async Task<DetachPlan> PlanAsync(
        string nameOrUuid, DeviceSelector selector, DomainModificationImpact impact, OperationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selector);
        options ??= new();
        OperationOutlook outlook = await _gate.LookAsync(DomainOperation.Detach, nameOrUuid, options, cancellationToken).ConfigureAwait(false);
        Guid uuid = outlook.Domain?.Uuid ?? throw new DomainNotFoundException(nameOrUuid, host.Address.Name);
        if (DevicePlaces.ProblemOf(outlook, host.Address.Name) is { } problem)
        {
            throw new OperationException(
                OperationStage.Refused, DomainOperation.Detach, host.Address.Name, outlook.Domain.Name, problem.Message, outlook.Decision.Remedy ?? "Wait for the end of it.");
        }

        return await PlanAsync(uuid, selector, impact, options.IfNeeded, cancellationToken).ConfigureAwait(false);
    }

    private async Task<DetachPlan> PlanAsync(Guid uuid, DeviceSelector selector, DomainModificationImpact impact, bool ifNeeded, CancellationToken cancellationToken)
    {
        string name = host.Address.Name;
        DomainSnapshot domain = await host.FindDomainAsync(uuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DomainNotFoundException($"{uuid}", name);
        IReadOnlyList<DomainModificationImpact> places = DevicePlaces.Of(impact, domain);
        if (DevicePlaces.Problem(places, domain, name) is { } wrong)
        {
            throw Failure(HostDeviceProblem.NotSupported, wrong.Message, $"Instead: {wrong.Instead}.");
        }

        HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
        var targets = new List<DetachTarget>();
        var notes = new List<string>();
        PlacedDevice? live = null;
        foreach (DomainModificationImpact place in places)
        {
            DomainDocument document = await DevicePlaces.ReadAsync(host, domain, place, DomainOperation.Detach, cancellationToken).ConfigureAwait(false);
            List<PlacedDevice> found = [.. document.PlacedDevices.Where(selector.Matches)];
            if (found.Count == 0 && live is { Element: not null })
            {
                // Its alias was the running domain's; of several that are alike, the one in the same place is meant.
                found = [.. document.PlacedDevices.Where(DeviceSelector.CounterpartOf(live).Matches)];
                found = found.Where(device => device.Device.GuestAddress == live.Device.GuestAddress).Take(1).ToList() is { Count: 1 } same ? same : found;
            }

            if (found.Count > 1)
            {
                throw Failure(
                    HostDeviceProblem.Ambiguous, $"{DevicePlaces.NameOf(place, domain.Name)} on {name} has {selector} {found.Count} times: {string.Join(", ", found.Select(device => Describe(device.Device)))}",
                    "Name one by its alias, MAC address, target or what it uses of the host: --device.");
            }

            if (found.Count == 1)
            {
                PlacedDevice one = found[0];
                live = place == DomainModificationImpact.Live ? one : live;
                targets.Add(new(place, one.Device.Kind, one.Device.HostResource, (one.Device as CommandLineDevice)?.Id ?? one.Device.Alias)
                {
                    Element = one.Element,
                    Argument = one.Device as CommandLineDevice,
                });
            }
            else if (place == DomainModificationImpact.Live && !dialect.VdpaHostDevice && await FindInQemuAsync(domain, selector, cancellationToken).ConfigureAwait(false) is { } device)
            {
                targets.Add(new(place, device.Driver, device.Node, device.Id));
            }
            else if (ifNeeded || places.Count > 1)
            {
                notes.Add($"{DevicePlaces.NameOf(place, domain.Name)} does not have {selector}");
            }
        }

        if (targets.Count == 0 && !ifNeeded)
        {
            throw Failure(
                HostDeviceProblem.NotFound, $"{string.Join(" and ", places.Select(place => DevicePlaces.NameOf(place, domain.Name)))} on {name} {(places.Count > 1 ? "have" : "has")} no device {selector}",
                $"See what there is: orchestrator device list {domain.Name}.");
        }

        await RefuseAcceleratorAsync(live?.Device, targets, cancellationToken).ConfigureAwait(false);
        if (targets.FirstOrDefault(target => target is { Place: DomainModificationImpact.Live, Element: null, Alias: null }) is { } nameless)
        {
            throw Failure(HostDeviceProblem.NotSupported, $"{nameless} of {domain.Name} on {name} has no id in QEMU, which cannot be told to unplug it then", "Detach it with --config, and start the domain anew.");
        }

        return new(domain, targets, notes);
    }

    /// <summary>Detaches a device.</summary>
    /// <param name="nameOrUuid">The domain.</param>
    /// <param name="selector">Which device.</param>
    /// <param name="impact">From what: the running domain, its definition, or both. The definition keeps it when the guest does.</param>
    /// <param name="options">Whether a device that is not there will do, how long to wait for others, and whose domains may be changed.</param>
    /// <param name="cancellationToken">Ends the wait; a guest that was asked by then may still let go.</param>
    /// <returns>What was detached; nothing where nothing was there.</returns>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">The domain is not to be changed now, or somebody asked for the end of this.</exception>
    /// <exception cref="HostDeviceException">It is not detached, or not everywhere, or that is not known; the problem says which.</exception>
    public async Task<DetachPlan> DetachAsync(
        string nameOrUuid, DeviceSelector selector, DomainModificationImpact impact, OperationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selector);
        options ??= new();
        await using EnteredOperation entered = await _gate.EnterAsync(DomainOperation.Detach, nameOrUuid, options, cancellationToken).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, entered.CancelRequested);
        DetachPlan plan = await PlanAsync(entered.Domain!.Uuid, selector, impact, options.IfNeeded, cancellationToken).ConfigureAwait(false);
        List<string> notes = [.. entered.Notes, .. plan.Notes];
        cancellationToken.ThrowIfCancellationRequested();
        bool isUnplugged = false;
        foreach (DetachTarget target in plan.Targets)
        {
            if (target.Place == DomainModificationImpact.Live)
            {
                notes.AddRange((await UnplugAsync(plan.Domain, target, () => entered.CancelRequestedBy, either.Token).ConfigureAwait(false)).Notes);
                isUnplugged = true;
                continue;
            }

            try
            {
                await UndefineAsync(plan.Domain, target, options.Wait).ConfigureAwait(false);
            }
            catch (Exception e) when (isUnplugged && DevicePlaces.IsFailure(e))
            {
                bool isUnknown = DevicePlaces.IsUnknown(e);
                throw Failure(
                    isUnknown ? HostDeviceProblem.OutcomeUnknown : HostDeviceProblem.Degraded,
                    $"{target} is gone from the running {plan.Domain.Name} on {host.Address.Name}, but {(isUnknown ? "whether its definition still has it is not known" : e is DomainNotFoundException ? "its definition is gone too" : "its definition still has it")}: {e.Message}",
                    $"Detach it with --config alone, or {plan.Domain.Name} gets it again with its next start.", e);
            }

            LogDetached(target, plan.Domain.Name, host.Address.Name);
        }

        return plan with { Notes = notes };
    }

    /// <summary>Asks the guest of a domain that is claimed already to let go of a device, and waits until it has.</summary>
    /// <returns>How that went, and what is worth knowing.</returns>
    internal async Task<(Unplugging Unplugging, IReadOnlyList<string> Notes)> UnplugAsync(DomainSnapshot domain, DetachTarget target, Func<ClaimHolder?> cancelledBy, CancellationToken cancellationToken)
    {
        string name = host.Address.Name;
        (UnplugEnd end, Unplugging unplugging) ended;
        try
        {
            ended = target.Element is { } element
                ? await Unplugging.ByLibvirtAsync(host, domain, element, Patience, _time, cancellationToken).ConfigureAwait(false)
                : await new GenericPlug(host, _time).RemoveAsync(domain, target.Alias!, Patience, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            string why = cancelledBy() is { } other ? $"ended for {other}" : "cancelled";
            throw new OperationException(
                OperationStage.Cancelled, DomainOperation.Detach, name, domain.Name, $"{why}: the guest of {domain.Name} on {name} was asked to let go of {target}, has it, and may still let go of it", Later(domain), e);
        }

        switch (ended.end)
        {
            case UnplugEnd.Gone:
                LogDetached(target, domain.Name, name);
                return (ended.unplugging, []);
            case UnplugEnd.DomainEnded:
                return (ended.unplugging, [$"{domain.Name} ended meanwhile, and the device in it too"]);
            case UnplugEnd.DomainLeft:
                throw new OperationException(
                    OperationStage.Failed, DomainOperation.Detach, name, domain.Name,
                    $"{domain.Name} is not on {name} any more: it was migrated or undefined while its guest was asked to let go of {target}, which it may have wherever it runs",
                    ConflictMatrix.AfterMigration.Remedy);
            case UnplugEnd.Ignored:
                throw Failure(
                    HostDeviceProblem.TimedOut,
                    $"the guest of {domain.Name} on {name} did not let go of {target} within {Patience.Deadline.TotalSeconds:0.#} s, asked {Times(ended.unplugging.Requests)}. It has the device, and may still let go of it",
                    $"A guest lets go only when it runs and its kernel listens (pciehp or ACPI hot-plug), which firmware does not. {Later(domain)}");
            case UnplugEnd.Refused:
                throw Failure(
                    HostDeviceProblem.Failed, $"the guest of {domain.Name} on {name} refused to let go of {target}, asked {Times(ended.unplugging.Requests)}: {ended.unplugging.Refusal}. It has the device",
                    "End what uses the device in the guest, and try again.");
            default:
                throw Failure(
                    HostDeviceProblem.OutcomeUnknown, $"{name} stopped answering while the guest of {domain.Name} was asked to let go of {target}, and whether it did is not known", $"When {name} answers again: {Later(domain)}");
        }
    }

    private async Task UndefineAsync(DomainSnapshot domain, DetachTarget target, TimeSpan wait)
    {
        if (target.Argument is { } argument)
        {
            DomainDocument definition = await DevicePlaces.ReadAsync(host, domain, DomainModificationImpact.Config, DomainOperation.Detach, CancellationToken.None).ConfigureAwait(false);
            definition.Remove(argument);
            await new DomainDefiner(host, _logger).DefineHeldAsync(definition, acceptLosses: false, wait, CancellationToken.None).ConfigureAwait(false);
            return;
        }

        XElement element = target.Element!;
        string name = host.Address.Name;
        HostUnreachableException? lost = null;
        try
        {
            await host.DetachDeviceAsync(domain.Uuid, element.ToString(SaveOptions.DisableFormatting), DomainModificationImpact.Config, CancellationToken.None).ConfigureAwait(false);
        }
        catch (HostUnreachableException e)
        {
            lost = e; // it may have heard us
        }

        bool isGone;
        try
        {
            isGone = await LostHost.AskAsync(
                host,
                async () => !(await DevicePlaces.ReadAsync(host, domain, DomainModificationImpact.Config, DomainOperation.Detach, CancellationToken.None).ConfigureAwait(false))
                    .Root.Elements("devices").Elements(element.Name).Any(other => XNode.DeepEquals(other, element)),
                gone => gone || lost is not { IsUnderway: true },
                wait, _time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            throw Failure(
                HostDeviceProblem.OutcomeUnknown, $"{name} was asked to detach {target} from the definition of {domain.Name}, and whether it did is not known: {e.Message}",
                $"When {name} answers again: {Later(domain)}", e);
        }

        if (!isGone)
        {
            throw lost is null ? Failure(HostDeviceProblem.Failed, $"{name} said that it detached {target} from the definition of {domain.Name}, which still has it", null)
                : lost.IsUnderway ? Failure(
                    HostDeviceProblem.OutcomeUnknown, $"{name} was asked to detach {target} from the definition of {domain.Name}, which still has it and may still lose it: {lost.Message}", Later(domain), lost)
                : Failure(HostDeviceProblem.Failed, $"{name} was lost while it was asked to detach {target} from the definition of {domain.Name}, which still has it: {lost.Message}", "Try again.", lost);
        }
    }

    private async Task RefuseAcceleratorAsync(DomainDevice? live, List<DetachTarget> targets, CancellationToken cancellationToken)
    {
        if (live is not null && targets.Exists(target => target.Place == DomainModificationImpact.Live) && DeviceGuards.FunctionOf(live) is { } function
            && (await DeviceGuards.AcceleratorAsync(host, files, function, cancellationToken).ConfigureAwait(false)).Engine is { } engine)
        {
            throw Failure(HostDeviceProblem.NotSupported, DeviceGuards.NoHotSwap(function, engine, host.Address.Name), "Detach it with --config, and start the domain anew.");
        }
    }

    private async Task<QemuDevice?> FindInQemuAsync(DomainSnapshot domain, DeviceSelector selector, CancellationToken cancellationToken) =>
        (await QemuDevices.ListUnknownAsync(host, domain, cancellationToken).ConfigureAwait(false)).FirstOrDefault(selector.Matches);

    private static string Describe(DomainDevice device) => device.Alias ?? device.GuestAddress?.ToString() ?? device.HostResource ?? device.Kind;

    private static string Later(DomainSnapshot domain) => $"See what it has: orchestrator device list {domain.Name}.";

    private static string Times(int count) => count == 1 ? "once" : FormattableString.Invariant($"{count} times");

    private HostDeviceException Failure(HostDeviceProblem problem, string message, string? remedy, Exception? inner = null) => new(problem, message, remedy, host.Address.Name, inner);

    [LoggerMessage(EventId = 312, Level = LogLevel.Information, Message = "Detached {Device} of {Domain} on {Host}")]
    private partial void LogDetached(DetachTarget device, string domain, string host);
}
