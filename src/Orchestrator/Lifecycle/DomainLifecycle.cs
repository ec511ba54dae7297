using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>
/// Starts and ends domains, and what lies between: each request goes through the <see cref="OperationGate"/>, is asked of the host, and is done when the host
/// shows it. A connection that breaks on the way is opened again, and the host asked what became of the request.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="claims">The claims of this process.</param>
/// <param name="time">Where time comes from.</param>
/// <param name="logger">Where to log.</param>
/// <param name="devices">The host's vDPA devices, where it is this machine: they tell the sizes of their rings.</param>
public sealed partial class DomainLifecycle(IHost host, DomainClaims claims, TimeProvider? time = null, ILogger? logger = null, VdpaDevices? devices = null)
{
    private const int MostAttempts = 5;
    private const string GuestAgent = "org.qemu.guest_agent.0";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private readonly OperationGate _gate = new(host, claims, time, logger);
    private readonly DomainHealthReader _health = new(host, devices, time);

    /// <summary>Says what a request would do; changes nothing and waits for nobody.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">The name is ambiguous, or somebody else manages the domain.</exception>
    public async Task<LifecyclePlan> PlanAsync(LifecycleRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        OperationOutlook outlook = await _gate.LookAsync(request.Operation, request.Domain, request.Options, cancellationToken).ConfigureAwait(false);
        MatrixDecision decision = outlook.Decision;
        string name = outlook.Domain?.Name ?? request.Domain;
        var problems = new List<LifecycleProblem>();
        if (decision.Action == MatrixAction.Refuse || (decision.Action == MatrixAction.Already && !request.Options.IfNeeded))
        {
            problems.Add(new($"{name} on {host.Address.Name} {decision.Reason}", decision.Remedy ?? "With --if-needed that is no error."));
        }

        IReadOnlyList<string> steps = [];
        IReadOnlyList<string> notes = [];
        if (outlook.Domain is { } domain && decision.Action is MatrixAction.Do or MatrixAction.Wait or MatrixAction.CancelThenDo)
        {
            LifecycleFacts facts = await FactsAsync(request, domain, cancellationToken).ConfigureAwait(false);
            (steps, IReadOnlyList<LifecycleProblem> found, notes) = LifecyclePlanner.Plan(request, facts);
            problems.AddRange(found);
        }

        return new(
            request.Operation, host.Identity, name, outlook.Domain?.Uuid, Words(outlook.Domain), decision, outlook.Holder, steps, problems,
            decision.Action is MatrixAction.Wait or MatrixAction.CancelThenDo ? [$"{name} {decision.Reason}: that would be {(decision.Action == MatrixAction.Wait ? "waited for" : "cancelled")} first", .. notes] : notes);
    }

    /// <summary>Does what is asked for.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellationToken">Ends the wait until the host is asked to change something, and the wait for a guest's answer.</param>
    /// <exception cref="DomainNotFoundException">The host has no such domain.</exception>
    /// <exception cref="OperationException">It was refused, or not done.</exception>
    /// <exception cref="HostUnreachableException">The host was lost before it was asked.</exception>
    public async Task<LifecycleResult> RunAsync(LifecycleRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        long began = _time.GetTimestamp();
        await using EnteredOperation entered = await _gate.EnterAsync(request.Operation, request.Domain, request.Options, cancellationToken).ConfigureAwait(false);
        string before = Words(entered.Domain);
        if (entered.Domain is not { } domain || entered.Decision.Action == MatrixAction.Already)
        {
            return new(
                request.Operation, host.Identity, entered.Domain?.Name ?? request.Domain, entered.Domain?.Uuid, false, before, before, entered.Waited, 0,
                [.. entered.Notes, $"it {entered.Decision.Reason}"]);
        }

        LifecycleFacts facts = await FactsAsync(request, domain, cancellationToken).ConfigureAwait(false);
        (_, IReadOnlyList<LifecycleProblem> problems, IReadOnlyList<string> notes) = LifecyclePlanner.Plan(request, facts);
        var run = new Run(request, domain, began, [.. entered.Notes, .. notes]);
        Refuse(run, problems);
        cancellationToken.ThrowIfCancellationRequested();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, entered.CancelRequested);
        DomainSnapshot? after = request switch
        {
            StartRequest start => await StartAsync(run, start, facts, cancellationToken, ended.Token).ConfigureAwait(false),
            UndefineRequest undefine => await UndefineAsync(run, LifecyclePlanner.Flags(undefine, facts)).ConfigureAwait(false),
            ShutdownRequest shutdown => await ShutdownAsync(run, shutdown, ended.Token).ConfigureAwait(false),
            RebootRequest reboot => await RebootAsync(run, reboot, ended.Token).ConfigureAwait(false),
            ResetRequest => await ResetAsync(run).ConfigureAwait(false),
            DestroyRequest destroy => await DestroyAsync(run, LifecyclePlanner.Flags(destroy)).ConfigureAwait(false),
            SuspendRequest => await DoAsync(
                run, () => host.SuspendDomainAsync(domain.Uuid, CancellationToken.None), now => DomainConditions.Of(now) is DomainCondition.Paused or DomainCondition.Halted).ConfigureAwait(false),
            _ => await DoAsync(run, () => host.ResumeDomainAsync(domain.Uuid, CancellationToken.None), now => DomainConditions.Of(now) == DomainCondition.Running).ConfigureAwait(false),
        };
        string done = Words(after);
        LogDone(request.Operation, domain.Name, host.Address.Name, before, done);
        return new(request.Operation, host.Identity, domain.Name, domain.Uuid, true, before, done, entered.Waited, run.Attempts, run.Notes);
    }

    private async Task<LifecycleFacts> FactsAsync(LifecycleRequest request, DomainSnapshot domain, CancellationToken cancellationToken)
    {
        if (request is not (StartRequest or UndefineRequest))
        {
            return new(domain, null, new(false, 0, 0), []); // a transient domain may be gone by now, and what it leaves matters to nothing else
        }

        string? definition = await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false);
        DomainLeftovers leftovers = await host.GetLeftoversAsync(domain.Uuid, cancellationToken).ConfigureAwait(false);
        var facts = new LifecycleFacts(domain, definition, leftovers, []);
        if (request is StartRequest start && definition is not null)
        {
            facts = facts with { Foreseen = await ForeseeAsync(start, DomainDocument.Parse(definition), cancellationToken).ConfigureAwait(false) };
        }

        // Who uses what is asked only where the domain has something that two could want.
        return domain.IsActive || LifecyclePlanner.Resources(facts).Count == 0
            ? facts
            : facts with { Others = await host.ListDomainsAsync(cancellationToken).ConfigureAwait(false) };
    }

    /// <summary>What will not work, or what is written so that it does.</summary>
    private async Task<IReadOnlyList<string>> ForeseeAsync(StartRequest request, DomainDocument definition, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, int> rings = await RingSizes.ReadAsync(devices, definition, cancellationToken).ConfigureAwait(false);
        string? limit = request.SetMemtune ? MemoryLimits.Write(definition.Copy(), host.Identity, isAsked: true) : null;
        return [.. RingSizes.Warnings(definition, rings, host.Identity.QemuVersion, host.Address.Name), .. new[] { limit ?? MemoryLimits.Warning(definition) }.OfType<string>()];
    }

    private async Task<DomainSnapshot?> StartAsync(Run run, StartRequest request, LifecycleFacts facts, CancellationToken cancellationToken, CancellationToken ended)
    {
        DomainDocument? definition = facts.Definition is null ? null : DomainDocument.Parse(facts.Definition);
        bool hasVdpa = definition is not null && VhostStates.Devices(definition).Count > 0;
        DeviceLog log = hasVdpa ? await _health.ReadLogAsync(facts.Domain.Name, cancellationToken).ConfigureAwait(false) : new();
        DomainSnapshot? started;
        var devices = new List<DomainClaim>();
        try
        {
            // In one order, so that two starts that want the same never wait for each other in a circle.
            foreach (string resource in LifecyclePlanner.Resources(facts).Order(StringComparer.Ordinal))
            {
                devices.Add(await ClaimDeviceAsync(run, resource, cancellationToken).ConfigureAwait(false));
            }

            if (devices.Count > 0)
            {
                // Once more: somebody else's start may just have taken them.
                LifecycleFacts now = facts with { Others = await host.ListDomainsAsync(cancellationToken).ConfigureAwait(false) };
                Refuse(run, LifecyclePlanner.Plan(request, now).Problems);
            }

            if (request.SetMemtune && definition is not null && MemoryLimits.Write(definition, host.Identity, isAsked: true) is not null)
            {
                await new DomainDefiner(host, _logger).DefineHeldAsync(definition, acceptLosses: false, request.Options.Wait, cancellationToken).ConfigureAwait(false);
            }

            started = await DoAsync(
                run,
                () => host.StartDomainAsync(facts.Domain.Uuid, LifecyclePlanner.Flags(request), CancellationToken.None),
                now => DomainConditions.Of(now) is var condition
                    && (request.Paused ? condition is DomainCondition.Paused or DomainCondition.Halted : condition is DomainCondition.Running or DomainCondition.Paused)).ConfigureAwait(false);
        }
        finally
        {
            foreach (DomainClaim device in devices)
            {
                await device.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (hasVdpa && started is not null)
        {
            await CheckDevicesAsync(run, request, started, log, ended).ConfigureAwait(false);
        }

        return started;
    }

    /// <summary>Whether the devices of a guest that was started work, as far as can be told by now.</summary>
    private async Task CheckDevicesAsync(Run run, StartRequest request, DomainSnapshot started, DeviceLog before, CancellationToken cancellationToken)
    {
        DomainHealth health;
        try
        {
            health = await _health.ReadAsync(started, request is { WaitDevices: not null, Paused: false }, before, request.WaitDevices ?? TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            run.Notes.Add($"it runs; its vDPA devices were no longer waited for. Later: orchestrator domain health {run.Domain.Name}");
            return;
        }

        if (health.Problems.Count > 0)
        {
            throw Failure(
                OperationStage.Degraded, run, $"runs, but its devices do not all work: {string.Join("; ", health.Problems.Select(problem => problem.Message))}",
                string.Join(' ', health.Problems.Select(problem => problem.Remedy).Distinct()));
        }

        run.Notes.AddRange(health.Notes);
        if (request is { WaitDevices: { } waited, Paused: false } && health.Devices.FirstOrDefault(device => device.Health == VdpaHealth.DriverNotUp) is { } slow)
        {
            throw Failure(
                OperationStage.TimedOut, run,
                string.Create(CultureInfo.InvariantCulture, $"runs, and {slow.Resource} was not seen to work within {waited.TotalSeconds:0.#} s: {slow.Why}"),
                $"Its guest may still boot, or have no driver for it. Look again: orchestrator domain health {run.Domain.Name} --ask-qemu always.");
        }

        if (!health.IsSettled)
        {
            run.Notes.Add($"whether its vDPA devices work is known when the guest's drivers are up: orchestrator domain health {run.Domain.Name}");
        }
    }

    private async Task<DomainClaim> ClaimDeviceAsync(Run run, string resource, CancellationToken cancellationToken)
    {
        ClaimKey key = ClaimKey.OfDevice(host.Identity.HostUuid ?? Guid.Empty, resource);
        while (true)
        {
            ClaimAttempt attempt = await claims.TryClaimAsync(key, ClaimHolder.Here(run.Request.Operation, run.Domain.Name, host.Address.Name, _time), cancellationToken).ConfigureAwait(false);
            if (attempt.Claim is { } claim)
            {
                return claim;
            }

            await using OtherClaim other = attempt.Other!;
            try
            {
                TimeSpan left = run.Request.Options.Wait - _time.GetElapsedTime(run.Start);
                await other.Released.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw Failure(OperationStage.TimedOut, run, $"was not started: {resource} is being given out by {other}", "Ask again later, or wait longer: --wait.");
            }
        }
    }

    private Task<DomainSnapshot?> UndefineAsync(Run run, DomainUndefineFlags flags) => DoAsync(
        run, () => host.UndefineDomainAsync(run.Domain.Uuid, flags, CancellationToken.None), now => now is null or { IsPersistent: false });

    private async Task<DomainSnapshot?> DestroyAsync(Run run, DomainDestroyFlags flags) => OffHere(
        run, await DoAsync(run, () => host.DestroyDomainAsync(run.Domain.Uuid, flags, CancellationToken.None), IsEnded).ConfigureAwait(false));

    /// <summary>A guest that is not here any more may run elsewhere: it was not ended.</summary>
    private DomainSnapshot? OffHere(Run run, DomainSnapshot? now) => HasLeft(run, now) ? throw Ended(run, now) : now;

    private static bool HasLeft(Run run, DomainSnapshot? now) => DomainConditions.Of(now) switch
    {
        DomainCondition.Moved => true,
        DomainCondition.Absent => run.Domain.IsPersistent || run.SawMigration, // a transient domain is gone when it ends
        _ => false,
    };

    private async Task<DomainSnapshot?> ShutdownAsync(Run run, ShutdownRequest request, CancellationToken ended)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            // A guest that powers off between two requests makes the second one fail: the host's truth counts.
            await AskAsync(run, () => host.ShutdownDomainAsync(run.Domain.Uuid, DomainShutdownFlags.Default, CancellationToken.None), IsEnded, request.Deadline - _time.GetElapsedTime(start), waitsForGuest: true).ConfigureAwait(false);
            TimeSpan left = request.Deadline - _time.GetElapsedTime(start);
            (bool isOff, DomainSnapshot? now) = await SeeAsync(run, IsEnded, left < request.AskAgain ? left : request.AskAgain, ended).ConfigureAwait(false);
            if (isOff)
            {
                return OffHere(run, now);
            }

            if (_time.GetElapsedTime(start) < request.Deadline)
            {
                LogAsksAgain(run.Request.Operation, run.Domain.Name, host.Address.Name);
                continue;
            }

            string seconds = string.Create(CultureInfo.InvariantCulture, $"{request.Deadline.TotalSeconds:0.#} s");
            if (request.Then == ShutdownFallback.Destroy)
            {
                run.Notes.Add($"its guest did not shut down within {seconds}: it was destroyed");
                return await DestroyAsync(run, DomainDestroyFlags.None).ConfigureAwait(false);
            }

            throw Failure(
                OperationStage.TimedOut, run, $"did not shut down within {seconds} and is {Words(now)}: its guest may not listen to the power button, or may still be at it",
                "Give it more time (--deadline), or end it: --then destroy.");
        }
    }

    private async Task<DomainSnapshot?> RebootAsync(Run run, RebootRequest request, CancellationToken ended)
    {
        // Not ended by a request to give up: that is seen, and told, once the guest was asked.
        using EventRecorder events = await host.RecordEventsAsync(run.Domain.Name, run.Domain.Uuid, CancellationToken.None).ConfigureAwait(false);
        bool hasAgent = DomainDocument.Parse(run.Domain.Xml).Root.Descendants("target").Any(target => (string?)target.Attribute("name") == GuestAgent);
        long start = _time.GetTimestamp();
        while (true)
        {
            // Only events tell: a guest that has rebooted is running, as it was before. It is waited for until it runs: libvirt lets it run even if somebody suspended it
            // while it went down.
            await AskAsync(run, () => host.RebootDomainAsync(run.Domain.Uuid, DomainRebootFlags.Default, CancellationToken.None), HasRebooted, run.Request.Options.Wait, waitsForGuest: true).ConfigureAwait(false);
            TimeSpan left = request.Deadline - _time.GetElapsedTime(start);
            (bool seen, DomainSnapshot? now) = await SeeAsync(run, domain => IsEnded(domain) || HasRebooted(domain), left < request.AskAgain ? left : request.AskAgain, ended).ConfigureAwait(false);
            if (IsEnded(now))
            {
                throw Ended(run, now);
            }

            if (seen)
            {
                return now;
            }

            bool isOver = _time.GetElapsedTime(start) >= request.Deadline;
            if (!isOver && events.HasGap)
            {
                // Its reboot may be what was missed: asked again, it would do so twice.
                (seen, now) = await SeeAsync(run, domain => IsEnded(domain) || HasRebooted(domain), request.Deadline - _time.GetElapsedTime(start), ended).ConfigureAwait(false);
                if (seen)
                {
                    return IsEnded(now) ? throw Ended(run, now) : now;
                }

                isOver = true;
            }

            if (isOver)
            {
                string arrived = string.Join(", ", events.Events.Select(e => e.Name));
                throw events.HasGap
                    ? Failure(
                        OperationStage.Unknown, run,
                        $"was asked to reboot, and may have: the connection to {host.Address.Name} was lost meanwhile, and its events with it ({(arrived.Length > 0 ? arrived : "none")} had arrived). It is {Words(now)}",
                        "See on its console how long it has been up.")
                    : Failure(
                        OperationStage.TimedOut, run,
                        string.Create(CultureInfo.InvariantCulture, $"took the request, and was not seen to reboot within {request.Deadline.TotalSeconds:0.#} s; it is {Words(now)}"),
                        "Its guest may not listen to the power button, or may still be at it: wait longer (--deadline), or reset it (orchestrator domain reset).");
            }

            LogAsksAgain(run.Request.Operation, run.Domain.Name, host.Address.Name);
        }

        bool HasRebooted(DomainSnapshot? now) => DomainConditions.Of(now) == DomainCondition.Running && RebootSigns.HasRebooted(events.Events, hasAgent);
    }

    private async Task<DomainSnapshot?> ResetAsync(Run run)
    {
        using EventRecorder events = await host.RecordEventsAsync(run.Domain.Name, run.Domain.Uuid, CancellationToken.None).ConfigureAwait(false);
        await AskAsync(run, () => host.ResetDomainAsync(run.Domain.Uuid, CancellationToken.None), _ => RebootSigns.WasReset(events.Events), run.Request.Options.Wait).ConfigureAwait(false);
        (_, DomainSnapshot? now) = await SeeAsync(run, _ => true, run.Request.Options.Wait, CancellationToken.None).ConfigureAwait(false);
        return IsEnded(now) ? throw Ended(run, now) : now;
    }

    private static bool IsEnded(DomainSnapshot? domain) => DomainConditions.Of(domain) is DomainCondition.Absent or DomainCondition.Off or DomainCondition.Moved;

    /// <summary>Asks, and sees that it is done.</summary>
    private async Task<DomainSnapshot?> DoAsync(Run run, Func<Task> call, Func<DomainSnapshot?, bool> isDone)
    {
        await AskAsync(run, call, isDone, run.Request.Options.Wait).ConfigureAwait(false);
        bool wantsGuest = run.Request.Operation is DomainOperation.Start or DomainOperation.Suspend or DomainOperation.Resume;
        (bool done, DomainSnapshot? now) = await SeeAsync(run, domain => isDone(domain) || (wantsGuest && IsEnded(domain)), run.Request.Options.Wait, CancellationToken.None).ConfigureAwait(false);
        return !isDone(now) && IsEnded(now) && wantsGuest ? throw Ended(run, now)
            : done ? now
            : throw Failure(
                OperationStage.TimedOut, run,
                string.Create(CultureInfo.InvariantCulture, $"is {Words(now)} {run.Request.Options.Wait.TotalSeconds:0.#} s after the host took the request to {ErrorDocument.CodeOf(run.Request.Operation)} it"),
                "Look at it again in a while: orchestrator domain show.");
    }

    /// <summary>Asks the host until it took the request, or shows that it is done, or will not do it.</summary>
    private async Task AskAsync(Run run, Func<Task> call, Func<DomainSnapshot?, bool> isDone, TimeSpan patience, bool waitsForGuest = false)
    {
        long start = _time.GetTimestamp();
        TimeSpan backoff = FirstBackoff;
        for (int attempt = 1; ; attempt++)
        {
            run.Attempts++;
            Exception failure;
            try
            {
                await call().ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is LibvirtException or HostUnreachableException)
            {
                failure = e;
            }

            LibvirtErrorClass kind = failure is LibvirtException libvirt ? LibvirtErrors.ClassOf(libvirt.Code) : LibvirtErrorClass.AskHost;
            LogFailed(run.Request.Operation, run.Domain.Name, host.Address.Name, attempt, kind, failure.Message);
            bool isUnderway = failure is HostUnreachableException { IsUnderway: true };
            (bool settled, DomainSnapshot? now) = await AskHostAsync(
                run, failure, domain => isDone(domain) || (IsSettled(domain) && !(isUnderway && !waitsForGuest))).ConfigureAwait(false);
            if (isDone(now))
            {
                run.Notes.Add($"{host.Address.Name} answered '{HostAddress.Redact(failure.Message)}', and it is done all the same");
                return;
            }

            if (failure is HostUnreachableException)
            {
                if (waitsForGuest)
                {
                    run.Notes.Add($"the connection to {host.Address.Name} was lost while it was asked, and is there again");
                    return; // whether the guest heard shows in what it does
                }

                throw !settled
                    ? Failure(
                        OperationStage.Unknown, run,
                        $"is {Words(now)}: it is not known whether {host.Address.Name} does what it was asked for ({ErrorDocument.CodeOf(run.Request.Operation)}): {HostAddress.Redact(failure.Message)}",
                        "It may still be at it. See what became of it: orchestrator domain show.", failure)
                    : run.Request.Operation == DomainOperation.Reset
                    ? Failure(OperationStage.Unknown, run, $"may or may not have been reset: {host.Address.Name} was lost while it was asked. It is {Words(now)} now", "Look at its console.", failure)
                    : Failure(OperationStage.Failed, run, $"is {Words(now)}: {host.Address.Name} was lost while it was asked to {ErrorDocument.CodeOf(run.Request.Operation)} it, and did not do it", "Ask again.", failure);
            }

            if (kind == LibvirtErrorClass.Retry && _time.GetElapsedTime(start) + backoff >= patience)
            {
                throw Failure(
                    OperationStage.TimedOut, run,
                    $"is {Words(now)}: {host.Address.Name} could not {ErrorDocument.CodeOf(run.Request.Operation)} it in time, in {attempt} attempt{(attempt > 1 ? "s" : "")}: {HostAddress.Redact(failure.Message)}",
                    "Ask again later.", failure);
            }

            if (kind == LibvirtErrorClass.Retry && attempt < MostAttempts)
            {
                await Task.Delay(backoff, _time).ConfigureAwait(false);
                backoff *= 2;
                continue;
            }

            throw Failure(
                OperationStage.Failed, run, $"is {Words(now)}: {host.Address.Name} did not {ErrorDocument.CodeOf(run.Request.Operation)} it{(attempt > 1 ? $" in {attempt} attempts" : "")}: {HostAddress.Redact(failure.Message)}",
                null, failure);
        }
    }

    /// <summary>What the host says after a request failed; a host that is lost is asked until it answers or the wait is over.</summary>
    private async Task<(bool Settled, DomainSnapshot? Domain)> AskHostAsync(Run run, Exception failure, Func<DomainSnapshot?, bool> isSettled)
    {
        (bool settled, DomainSnapshot? now) = await SeeAsync(run, isSettled, run.Request.Options.Wait, CancellationToken.None, failure).ConfigureAwait(false);
        DomainCondition condition = DomainConditions.Of(now);
        LogAsked(host.Address.Name, run.Domain.Name, condition, settled);
        return (settled, now);
    }

    /// <summary>What has begun is given the time to become what it will be.</summary>
    private static bool IsSettled(DomainSnapshot? domain) => DomainConditions.Of(domain) is not (DomainCondition.Starting or DomainCondition.ShuttingDown);

    /// <summary>Asks the host for the domain until it is as wanted, or the deadline is over.</summary>
    /// <exception cref="OperationException">The host did not answer within the wait, or the wait for the guest was cancelled.</exception>
    private async Task<(bool Seen, DomainSnapshot? Domain)> SeeAsync(
        Run run, Func<DomainSnapshot?, bool> wanted, TimeSpan deadline, CancellationToken ended, Exception? cause = null)
    {
        long start = _time.GetTimestamp();
        long silentSince = start;
        while (true)
        {
            HostUnreachableException? lost = null;
            try
            {
                DomainSnapshot? now = await host.FindDomainAsync(run.Domain.Uuid, CancellationToken.None).ConfigureAwait(false);
                silentSince = _time.GetTimestamp();
                run.SawMigration |= DomainConditions.Of(now) is DomainCondition.Leaving or DomainCondition.PostCopy;
                bool seen = wanted(now);
                if (seen || _time.GetElapsedTime(start) >= deadline)
                {
                    return (seen, now);
                }
            }
            catch (HostUnreachableException e)
            {
                lost = e;
            }
            catch (LibvirtException e) when (LibvirtErrors.ClassOf(e.Code) != LibvirtErrorClass.Fatal)
            {
                lost = new(host.Address.Name, e.Message, e); // a daemon that is just starting answers this and that
            }

            if (lost is not null && _time.GetElapsedTime(silentSince) >= run.Request.Options.Wait)
            {
                throw Failure(
                    OperationStage.Unknown, run,
                    $"was asked to {ErrorDocument.CodeOf(run.Request.Operation)}, and {host.Address.Name} has not answered since: {lost.Message}{(cause is null || cause.Message == lost.Message ? "" : $" ({HostAddress.Redact(cause.Message)})")}",
                    "When the host answers again, see what became of it: orchestrator domain show.", lost);
            }

            try
            {
                await Task.Delay(Pause, _time, ended).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                throw Failure(OperationStage.Cancelled, run, $"was asked to {ErrorDocument.CodeOf(run.Request.Operation)}, and is no longer waited for: its guest may still do so");
            }
        }
    }

    /// <summary>The guest ended while something else was asked of it.</summary>
    private OperationException Ended(Run run, DomainSnapshot? now) => HasLeft(run, now)
        ? Failure(OperationStage.Failed, run, $"{ConflictMatrix.AfterMigration.Reason} meanwhile", ConflictMatrix.AfterMigration.Remedy)
        : Failure(OperationStage.Failed, run, $"{ConflictMatrix.Decide(run.Request.Operation, GuestDoing.PowersOff).Reason}: it is {Words(now)}", "Start it: orchestrator domain start.");

    private void Refuse(Run run, IReadOnlyList<LifecycleProblem> problems)
    {
        if (problems.Count > 0)
        {
            throw Failure(
                OperationStage.Refused, run, $"was not touched: {string.Join("; ", problems.Select(problem => problem.Message))}",
                string.Join(' ', problems.Select(problem => problem.Remedy).OfType<string>().Distinct()) is { Length: > 0 } remedies ? remedies : null);
        }
    }

    private OperationException Failure(OperationStage stage, Run run, string message, string? remedy = null, Exception? inner = null) =>
        new(stage, run.Request.Operation, host.Address.Name, run.Domain.Name, $"{run.Domain.Name} on {host.Address.Name} {message}", remedy, inner);

    private static string Words(DomainSnapshot? domain) => domain?.Describe() ?? "absent";

    [LoggerMessage(EventId = 330, Level = LogLevel.Information, Message = "{Operation} of {Domain} on {Host}: it was {Before}, it is {After}")]
    private partial void LogDone(DomainOperation operation, string domain, string host, string before, string after);

    [LoggerMessage(EventId = 331, Level = LogLevel.Warning, Message = "{Operation} of {Domain} on {Host} failed in attempt {Attempt} ({Kind}): {Reason}")]
    private partial void LogFailed(DomainOperation operation, string domain, string host, int attempt, LibvirtErrorClass kind, string reason);

    [LoggerMessage(EventId = 332, Level = LogLevel.Information, Message = "{Host} says of {Domain}: {State} (settled: {Answered})")]
    private partial void LogAsked(string host, string domain, DomainCondition state, bool answered);

    [LoggerMessage(EventId = 333, Level = LogLevel.Information, Message = "{Operation}: {Domain} on {Host} is asked once more")]
    private partial void LogAsksAgain(DomainOperation operation, string domain, string host);

    private sealed class Run(LifecycleRequest request, DomainSnapshot domain, long start, List<string> notes)
    {
        internal long Start { get; } = start;

        internal bool SawMigration { get; set; }

        internal LifecycleRequest Request { get; } = request;

        internal DomainSnapshot Domain { get; } = domain;

        internal List<string> Notes { get; } = notes;

        internal int Attempts { get; set; }
    }
}
