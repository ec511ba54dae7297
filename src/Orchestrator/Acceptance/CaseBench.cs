using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Acceptance;

/// <summary>A guest that a case made.</summary>
internal sealed record CaseGuest(string Name, Guid Uuid, DomainDocument Document)
{
    /// <summary>How requests name it.</summary>
    internal string Key => $"{Uuid}";

    /// <summary>Whether it has a channel for the agent in the guest.</summary>
    internal bool HasAgent => Document.Root.Descendants("target").Any(target => (string?)target.Attribute("name") == "org.qemu.guest_agent.0");
}

/// <summary>
/// What a case works with: both hosts, guests and devices that it makes, steps, and looks at the hosts. It remembers all that was made, and touches nothing else.
/// </summary>
internal sealed partial class CaseBench
{
    /// <summary>How long an operation that has to be refused waits for others.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AgentPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EventPatience = TimeSpan.FromSeconds(5);

    private readonly AcceptanceSetup _setup;
    private readonly string _prefix;
    private readonly DomainClaims _claims;
    private readonly CancellationToken _cancellationToken;
    private readonly List<string> _steps = [];
    private readonly List<CaseCheck> _checks = [];
    private readonly List<CaseDowntime> _downtimes = [];
    private readonly List<CaseGuest> _guests = [];

    /// <param name="setup">The hosts and what else is the same for all cases.</param>
    /// <param name="planned">The case.</param>
    /// <param name="prefix">What the names of all that it makes begin with.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal CaseBench(AcceptanceSetup setup, PlannedCase planned, string prefix, CancellationToken cancellationToken) =>
        (_setup, Planned, _prefix, _claims, _cancellationToken) = (setup, planned, prefix, new(setup.Time), cancellationToken);

    /// <summary>The case, with what the plan gives it.</summary>
    internal PlannedCase Planned { get; }

    internal IHost Source => _setup.Source.Host;

    internal IHost Destination => _setup.Destination.Host;

    internal IReadOnlyList<string> Steps => _steps;

    internal IReadOnlyList<CaseCheck> Checks => _checks;

    internal IReadOnlyList<CaseDowntime> Downtimes => _downtimes;

    internal CancellationToken Cancellation => _cancellationToken;

    internal TimeProvider Time => _setup.Time;

    /// <summary>How operations go that have to be done.</summary>
    internal OperationOptions Options { get; } = new();

    /// <summary>How operations go of which it is known that they would have to wait for somebody.</summary>
    internal OperationOptions Impatient { get; } = new() { Wait = ShortWait };

    /// <summary>These hosts cannot do what the case is about.</summary>
    internal static CaseEndedException NotApplicable(string reason) => new(new(CaseVerdict.NotApplicable, reason, OutcomeCode.Done));

    /// <summary>It cannot be told.</summary>
    internal static CaseEndedException Inconclusive(string reason) => new(new(CaseVerdict.Inconclusive, reason, OutcomeCode.Inconclusive));

    /// <summary>Says what is done next.</summary>
    internal void Step(string what)
    {
        _steps.Add(what);
        _setup.Report(what);
    }

    /// <summary>Looks at a host: what has to be so, whether it is, and what was seen. What is not so ends the case.</summary>
    internal void Check(string what, bool holds, string observed)
    {
        _checks.Add(new(what, holds ? CheckResult.Pass : CheckResult.Fail, observed));
        if (!holds)
        {
            throw new CaseEndedException(new(CaseVerdict.Fail, $"{what}: {observed}", OutcomeCode.Failed));
        }
    }

    /// <summary>Does what has to be refused.</summary>
    /// <param name="what">What is done.</param>
    /// <param name="act">Does it.</param>
    /// <param name="isRefusal">Whether an error is the one that is wanted.</param>
    internal async Task RefusedAsync(string what, Func<Task> act, Func<Exception, bool> isRefusal)
    {
        Step(what);
        try
        {
            await act().ConfigureAwait(false);
        }
        catch (Exception e) when (isRefusal(e))
        {
            Check($"{what} is refused", true, e.Message);
            return;
        }

        Check($"{what} is refused", false, "it was done");
    }

    internal DomainLifecycle Lifecycle(IHost host) => new(host, _claims, Time, devices: Machine(host) is { } machine ? new(machine.Files, machine.Vdpa, host, Time) : null);

    internal DeviceAttacher Attacher(IHost host) => new(host, _claims, Machine(host)?.Files, Time);

    internal DeviceDetacher Detacher(IHost host) => new(host, _claims, Machine(host)?.Files, Time);

    /// <summary>The template of the plan's guest under a name and a UUID of its own, with devices.</summary>
    /// <param name="devices">The devices.</param>
    /// <param name="withDisks">With the template's disks and MACs: two guests must not have the same ones.</param>
    internal async Task<CaseGuest> DocumentAsync(IReadOnlyList<CaseDevice> devices, bool withDisks = true)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}-{_guests.Count + 1}");
        DomainDocument document = GuestCopy.Of(await _setup.GuestXmlAsync(_cancellationToken).ConfigureAwait(false), name, Guid.NewGuid(), withDisks);
        document = devices.Aggregate(document, (with, device) => device.Document.AddedTo(with));
        return new(document.Name, document.Uuid!.Value, document);
    }

    /// <summary>Defines a guest with the plan's number of devices on the source.</summary>
    internal async Task<CaseGuest> DefineAsync() => await DefineAsync(await DocumentAsync(await MakeDevicesAsync(Planned.Devices, isDefined: true).ConfigureAwait(false)).ConfigureAwait(false)).ConfigureAwait(false);

    /// <summary>Defines a guest on the source.</summary>
    internal async Task<CaseGuest> DefineAsync(CaseGuest guest)
    {
        Step($"define {guest.Name} on {Source.Address.Name}");
        foreach (IHost host in new[] { Source, Destination })
        {
            HostSnapshot present = await host.SnapshotAsync(guest.Name, guest.Uuid, _cancellationToken).ConfigureAwait(false);
            if ((present.ByName ?? present.ByUuid) is { } other)
            {
                throw new CaseEndedException(new(CaseVerdict.Fail, $"{host.Address.Name} has a domain {other.Name} already, which the case did not make", OutcomeCode.Refused));
            }
        }

        _guests.Add(guest); // before: what fails half done is removed, too
        await new DomainDefiner(Source, claims: _claims).DefineAsync(guest.Document, options: Options, cancellationToken: _cancellationToken).ConfigureAwait(false);
        return guest;
    }

    /// <summary>Defines a guest, starts it, and waits until it has booted.</summary>
    internal async Task<CaseGuest> RunningAsync()
    {
        CaseGuest guest = await DefineAsync().ConfigureAwait(false);
        await StartAsync(guest).ConfigureAwait(false);
        return guest;
    }

    /// <summary>Starts a guest on the source, and waits until it has booted.</summary>
    internal async Task StartAsync(CaseGuest guest)
    {
        await LiveAsync(Source, new StartRequest(guest.Key)).ConfigureAwait(false);
        await UntilReadyAsync(Source, guest).ConfigureAwait(false);
    }

    /// <summary>Does something with a guest's life.</summary>
    internal async Task<LifecycleResult> LiveAsync(IHost host, LifecycleRequest request)
    {
        Step($"{ErrorDocument.CodeOf(request.Operation)} on {host.Address.Name}");
        return await Lifecycle(host).RunAsync(request with { Options = Options }, _cancellationToken).ConfigureAwait(false);
    }

    internal static Task<DomainSnapshot?> LookAsync(IHost host, CaseGuest guest) => host.FindDomainAsync(guest.Uuid, CancellationToken.None);

    /// <summary>Looks whether a guest is in a state on a host.</summary>
    internal async Task CheckStateAsync(IHost host, CaseGuest guest, DomainState state)
    {
        DomainSnapshot? domain = await LookAsync(host, guest).ConfigureAwait(false);
        Check($"{guest.Name} is {ErrorDocument.CodeOf(state)} on {host.Address.Name}", domain?.State == state, domain?.Describe() ?? "it is not there");
    }

    /// <summary>Looks whether a host has no such guest.</summary>
    internal async Task CheckGoneAsync(IHost host, CaseGuest guest)
    {
        DomainSnapshot? domain = await LookAsync(host, guest).ConfigureAwait(false);
        Check($"{guest.Name} is not on {host.Address.Name}", domain is null, domain?.Describe() ?? "it is not there");
    }

    /// <summary>Looks whether a guest runs on one of the two hosts, and has no QEMU on the other.</summary>
    internal async Task CheckOnlyOnAsync(IHost host, CaseGuest guest, DomainState state = DomainState.Running)
    {
        await CheckStateAsync(host, guest, state).ConfigureAwait(false);
        IHost other = host == Source ? Destination : Source;
        DomainSnapshot? copy = await LookAsync(other, guest).ConfigureAwait(false);
        Check($"{guest.Name} has no second copy on {other.Address.Name}", copy is not { IsActive: true }, copy?.Describe() ?? "it is not there");
    }

    /// <summary>What QEMU told of a guest while something was done with it.</summary>
    internal Task<EventRecorder> RecordAsync(IHost host, CaseGuest guest) => host.RecordEventsAsync(guest.Name, guest.Uuid, _cancellationToken);

    /// <summary>Looks whether a guest rebooted, or did not.</summary>
    internal Task CheckRebootedAsync(EventRecorder events, CaseGuest guest, bool wanted) =>
        CheckSignsAsync(events, $"{guest.Name} {(wanted ? "rebooted" : "did not reboot")}", wanted, seen => RebootSigns.HasRebooted(seen, guest.HasAgent));

    /// <summary>Looks whether a guest was reset, or was not.</summary>
    internal Task CheckResetAsync(EventRecorder events, CaseGuest guest, bool wanted) =>
        CheckSignsAsync(events, $"{guest.Name} was {(wanted ? "" : "not ")}reset", wanted, RebootSigns.WasResetFromOutside);

    /// <summary>Looks for signs among events. That there are none cannot be told where some were missed.</summary>
    private async Task CheckSignsAsync(EventRecorder events, string what, bool wanted, Func<IReadOnlyList<ObservedEvent>, bool> isThere)
    {
        _ = wanted && await events.WaitAsync(_ => isThere(events.Events), EventPatience, Time).ConfigureAwait(false);
        IReadOnlyList<ObservedEvent> seen = events.Events;
        string observed = seen.Count == 0 ? "no event came" : string.Join(", ", seen.Select(one => $"{one.Name} {one.Data}".TrimEnd()));
        if (!isThere(seen) && events.HasGap)
        {
            _checks.Add(new(what, CheckResult.Unknown, $"the connection was lost meanwhile, and events with it; of the others: {observed}"));
            return;
        }

        Check(what, isThere(seen) == wanted, observed);
    }

    /// <summary>Waits until a guest is as it is to be, or what is going on has ended.</summary>
    /// <returns>Whether it came to be so.</returns>
    internal async Task<bool> UntilAsync(IHost host, CaseGuest guest, DomainCondition condition, Task goingOn)
    {
        while (!goingOn.IsCompleted)
        {
            if (DomainConditions.Of(await LookAsync(host, guest).ConfigureAwait(false)) == condition)
            {
                return true;
            }

            await Task.Delay(Pause, Time, _cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>Ends all guests that were made, on either host.</summary>
    private async Task RemoveGuestsAsync(List<string> problems)
    {
        foreach (CaseGuest guest in _guests)
        {
            foreach (IHost host in new[] { Destination, Source })
            {
                await TryAsync($"{guest.Name} on {host.Address.Name}", () => RemoveAsync(host, guest), problems).ConfigureAwait(false);
            }
        }
    }

    private async Task RemoveAsync(IHost host, CaseGuest guest)
    {
        if (await LookAsync(host, guest).ConfigureAwait(false) is not { } domain)
        {
            return;
        }

        OperationOptions options = Options with { IfNeeded = true };
        if (domain.IsActive)
        {
            await Lifecycle(host).RunAsync(new DestroyRequest(guest.Key) { Options = options }, CancellationToken.None).ConfigureAwait(false);
        }

        if (domain.IsPersistent)
        {
            await Lifecycle(host).RunAsync(
                new UndefineRequest(guest.Key) { Nvram = LeftoverChoice.Remove, Tpm = LeftoverChoice.Remove, RemoveManagedSave = true, Options = options }, CancellationToken.None).ConfigureAwait(false);
        }

        if (await LookAsync(host, guest).ConfigureAwait(false) is { } left)
        {
            throw new IOException($"it is still there: {left.Describe()}");
        }
    }

    /// <summary>Removes everything that was made: guests first, then what they used.</summary>
    /// <returns>What could not be removed, in words.</returns>
    internal async Task<IReadOnlyList<string>> CleanUpAsync()
    {
        var problems = new List<string>();
        await RemoveGuestsAsync(problems).ConfigureAwait(false);
        await DeleteDevicesAsync(problems).ConfigureAwait(false);
        return problems;
    }

    private static async Task TryAsync(string what, Func<Task> act, List<string> problems)
    {
        try
        {
            await act().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is: it keeps nothing else from being removed, and the case from no verdict.
            problems.Add($"{what}: {e.Message}");
        }
    }

    /// <summary>Waits until a guest that was started has booted: until it prints on its console (the lab's), its agent answers, or it runs.</summary>
    private async Task UntilReadyAsync(IHost host, CaseGuest guest)
    {
        PlannedGuest planned = _setup.Plan.Guest;
        Step($"wait until {guest.Name} has booted");
        using var late = new CancellationTokenSource(planned.BootTimeout, Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _cancellationToken);
        try
        {
            if (planned.Lab is not null)
            {
                await using Stream console = await host.OpenConsoleAsync(guest.Uuid, null, end.Token).ConfigureAwait(false);
                await console.ReadAtLeastAsync(new byte[1], 1, cancellationToken: end.Token).ConfigureAwait(false);
                return;
            }

            // One that was left without disks boots nothing that could answer: that it runs is all that is wanted of it.
            bool asksAgent = (planned.Ready == GuestReadiness.Agent || (planned.Ready == GuestReadiness.Auto && guest.HasAgent)) && GuestCopy.CanBoot(guest.Document);
            while (asksAgent && !await AgentAnswersAsync(host, guest, end.Token).ConfigureAwait(false))
            {
                await Task.Delay(Pause, Time, end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !_cancellationToken.IsCancellationRequested)
        {
            throw new CaseEndedException(new(CaseVerdict.Fail, string.Create(CultureInfo.InvariantCulture, $"{guest.Name} had not booted after {planned.BootTimeout.TotalSeconds:0} s"), OutcomeCode.TimedOut));
        }
    }

    private static async Task<bool> AgentAnswersAsync(IHost host, CaseGuest guest, CancellationToken cancellationToken)
    {
        try
        {
            await host.QemuAgentCommandAsync(guest.Uuid, """{"execute":"guest-ping"}""", AgentPatience, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (LibvirtException)
        {
            return false; // not yet, or never: the deadline tells
        }
    }

    private HostMachine? Machine(IHost host) => host == Source ? _setup.Source.Machine : _setup.Destination.Machine;
}
