using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Recovery;

namespace Orchestrator.Regression.Running;

/// <summary>The two hosts of a night, and how what it changed on them is put back: by the night itself, or by the recovery of one that died.</summary>
internal sealed class NightHosts(IHost source, IHost destination, ObserverClock clock, Journal? journal, OperationOptions operations, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(500);

    private readonly DomainClaims _claims = new(time);

    /// <summary>How long a guest that runs may still be about to end, because the night had asked it to.</summary>
    internal TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where guests live.</summary>
    internal IHost Source => source;

    /// <summary>Where they are sent.</summary>
    internal IHost Destination => destination;

    internal OperationOptions Operations => operations;

    internal Migrator Migrator(bool wayBack) => wayBack
        ? new(destination, source, clock, time, logger, _claims) { Journal = journal }
        : new(source, destination, clock, time, logger, _claims) { Journal = journal };

    internal DomainLifecycle Lifecycle(IHost host) => new(host, _claims, time, logger);

    internal DomainDefiner Definer => new(source, logger, _claims);

    internal DeviceAttacher Attacher(HostFiles files) => new(source, _claims, HostMachine.Behind(source, files)?.Files, time, logger);

    internal DeviceDetacher Detacher(IHost host) => new(host, _claims, timeProvider: time, logger: logger);

    /// <summary>Whether a guest has a QEMU on either host.</summary>
    internal async Task<bool> IsActiveAsync(Guid uuid) =>
        await source.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { IsActive: true }
        || await destination.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { IsActive: true };

    /// <summary>The one host on which a guest runs.</summary>
    /// <exception cref="NightException">It runs on none, on both, or not as it should.</exception>
    internal async Task<IHost> FindRunningAsync(Guid uuid, string name)
    {
        DomainSnapshot? here = await source.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false);
        DomainSnapshot? there = await destination.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false);
        return (here is { IsActive: true }, there is { IsActive: true }) switch
        {
            (true, true) => throw new NightException(
                OutcomeCode.NeedsPerson, $"{name} is on {source.Address.Name} and on {destination.Address.Name}", $"orchestrator recover {name} --from '{Uri(source)}' --to '{Uri(destination)}'"),
            (false, false) => throw new NightException(
                here is null && there is null ? OutcomeCode.NeedsPerson : OutcomeCode.Degraded, $"{name} runs neither on {source.Address.Name} nor on {destination.Address.Name}", "Its log on the host tells why it ended."),
            (true, _) => here!.State == DomainState.Running ? source : throw NotRunning(name, source, here),
            _ => there!.State == DomainState.Running ? destination : throw NotRunning(name, destination, there),
        };
    }

    /// <summary>Puts back what an effect changed, if it came about. Doing it twice does no harm.</summary>
    /// <returns>What was done, in words; <see langword="null"/> when there was nothing to do.</returns>
    /// <exception cref="NightException">It could not be put back; others of <see cref="NightProblems.Of"/> likewise.</exception>
    internal Task<string?> UndoAsync(NightEffect effect, IProgress<MigrationProgress>? progress = null) => effect switch
    {
        GuestAway away => BringHomeAsync(away, progress),
        GuestStarted started => StopAsync(started.Uuid, started.Name),
        GuestStopped stopped => StartAsync(stopped.Uuid, stopped.Name),
        GuestDefined defined => RemoveAsync(defined),
        DeviceAttached attached => DetachAsync(attached),
        _ => throw new InvalidOperationException($"{effect.Kind} is nothing on a host"),
    };

    private async Task<string?> BringHomeAsync(GuestAway away, IProgress<MigrationProgress>? progress)
    {
        if (await FindRunningAsync(away.Uuid, away.Name).ConfigureAwait(false) == source)
        {
            return null;
        }

        MigrationResult result = await Migrator(wayBack: true).MigrateAsync(
            new MigrationRequest
            {
                Domain = $"{away.Uuid}",
                Map = [.. (away.Map ?? []).Select(DeviceMapEntry.Parse)],
                Unsafe = away.Unsafe,
                Allow = away.Allow.ToHashSet(),
                Options = operations,
            }, progress, CancellationToken.None).ConfigureAwait(false);
        return result.Verdict.Outcome == MigrationOutcome.Completed ? $"brought {away.Name} home to {source.Address.Name}"
            : throw new NightException(OutcomeCode.Of(result.Verdict.Outcome), $"{away.Name} could not be brought home: {result.Verdict.Message}", result.Verdict.Remedy);
    }

    private async Task<string?> StopAsync(Guid uuid, string name)
    {
        if (await destination.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { IsActive: true })
        {
            throw new NightException(OutcomeCode.Degraded, $"{name}, which was off, runs on {destination.Address.Name}", "orchestrator recover brings it home and shuts it down.");
        }

        if (await source.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false) is not { IsActive: true })
        {
            return null;
        }

        await Lifecycle(source).RunAsync(new ShutdownRequest($"{uuid}") { Options = operations with { IfNeeded = true } }, CancellationToken.None).ConfigureAwait(false);
        return $"shut {name} down on {source.Address.Name}, as it was found";
    }

    private async Task<string?> StartAsync(Guid uuid, string name)
    {
        // It may have been asked to shut down, and not be done yet.
        long began = time.GetTimestamp();
        while (await source.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { IsActive: true }
            || await destination.FindDomainAsync(uuid, CancellationToken.None).ConfigureAwait(false) is { IsActive: true })
        {
            if (time.GetElapsedTime(began) > ShutdownGrace)
            {
                return null;
            }

            await Task.Delay(AskAgain, time).ConfigureAwait(false);
        }

        await Lifecycle(source).RunAsync(new StartRequest($"{uuid}") { Options = operations with { IfNeeded = true } }, CancellationToken.None).ConfigureAwait(false);
        return $"started {name} on {source.Address.Name}, as it was found";
    }

    private async Task<string?> RemoveAsync(GuestDefined defined)
    {
        bool done = false;
        foreach (IHost host in new[] { destination, source })
        {
            if (await host.FindDomainAsync(defined.Uuid, CancellationToken.None).ConfigureAwait(false) is not { } domain)
            {
                continue;
            }

            DomainLifecycle lifecycle = Lifecycle(host);
            if (domain.IsActive)
            {
                await lifecycle.RunAsync(new DestroyRequest($"{defined.Uuid}") { Options = operations with { IfNeeded = true } }, CancellationToken.None).ConfigureAwait(false);
            }

            if (domain.IsPersistent)
            {
                await lifecycle.RunAsync(
                    new UndefineRequest($"{defined.Uuid}") { Nvram = LeftoverChoice.Remove, Tpm = LeftoverChoice.Remove, RemoveManagedSave = true, Options = operations with { IfNeeded = true } },
                    CancellationToken.None).ConfigureAwait(false);
            }

            done = true;
        }

        return done ? $"removed {defined.Name}, which was defined for the run" : null;
    }

    private async Task<string?> DetachAsync(DeviceAttached attached)
    {
        // Elsewhere the same words may mean another of its devices: they are mapped when it migrates.
        if (await FindRunningAsync(attached.Uuid, attached.Name).ConfigureAwait(false) != source)
        {
            throw new NightException(OutcomeCode.Degraded, $"a device of the run is still attached to {attached.Name}, which is not on {source.Address.Name}", "orchestrator recover brings it home and detaches it.");
        }

        var selector = DeviceSelector.Of(DeviceDocument.Parse(attached.Xml));
        DetachPlan done = await Detacher(source).DetachAsync($"{attached.Uuid}", selector, DomainModificationImpact.Live, operations with { IfNeeded = true }, CancellationToken.None).ConfigureAwait(false);
        return done.Targets.Count > 0 ? $"detached {selector} from {attached.Name}" : null;
    }

    private static NightException NotRunning(string name, IHost host, DomainSnapshot domain) => new(
        OutcomeCode.Degraded, $"{name} on {host.Address.Name} does not run: it is {ErrorDocument.CodeOf(domain.State)}", $"When it is known why: virsh -c '{Uri(host)}' resume {name}");

    private static string Uri(IHost host) => HostAddress.Redact(host.Address.Uri);
}
