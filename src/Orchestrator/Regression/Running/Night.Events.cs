using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

/// <summary>What is measured from a request to the event that tells of its end: starts and stops, devices that come and go.</summary>
internal sealed partial class Night
{
    private const int RoundTrips = 5;
    private static readonly TimeSpan EventPatience = TimeSpan.FromSeconds(5);

    private async Task LivesAsync(Scenario scenario, NightGuest guest, ScenarioLog log, CancellationToken cancellationToken)
    {
        IHost host = hosts.Source;
        if (await host.FindDomainAsync(guest.Uuid, cancellationToken).ConfigureAwait(false) is { IsPersistent: false })
        {
            throw new NightException(OutcomeCode.Refused, $"{guest.Name} on {host.Address.Name} has no definition: stopped, it would be gone", "Define it first: orchestrator domain define.");
        }

        NightLedger.Entry stopped = ledger.Begin(new GuestStopped(guest.Uuid, guest.Name));
        DomainLifecycle lifecycle = hosts.Lifecycle(host);
        bool asPlanned = await RepeatAsync(scenario, log, async values =>
        {
            values["stop"] = await TimeAsync(host, guest, observed => IsLife(observed, "stopped/"), () => lifecycle.RunAsync(
                new ShutdownRequest($"{guest.Uuid}") { Deadline = scenario.Timeout, Options = hosts.Operations }, cancellationToken)).ConfigureAwait(false);
            DateTimeOffset began = clock.Now;
            values["start"] = await TimeAsync(host, guest, observed => IsLife(observed, "started/"), () => lifecycle.RunAsync(
                new StartRequest($"{guest.Uuid}") { Options = hosts.Operations }, cancellationToken)).ConfigureAwait(false);

            // A guest that is just booting would not hear the next request.
            await UntilReadyAsync(guest, began, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        if (asPlanned)
        {
            ledger.End(stopped);
        }
    }

    private async Task PlugsAsync(Scenario scenario, NightGuest guest, ScenarioLog log, CancellationToken cancellationToken)
    {
        IHost host = hosts.Source;
        DeviceAttacher attacher = hosts.Attacher(options.Files);
        DeviceDetacher detacher = hosts.Detacher(host);
        string[] documents = await Task.WhenAll(scenario.Devices.Select(device => File.ReadAllTextAsync(device, cancellationToken))).ConfigureAwait(false);
        await RepeatAsync(scenario, log, async values =>
        {
            var attached = new Stack<(NightLedger.Entry Entry, DeviceDocument Device)>();
            foreach (string xml in documents)
            {
                DeviceDocument device = DeviceDocument.Parse(xml);
                await RefuseOwnAsync(guest, xml, cancellationToken).ConfigureAwait(false);
                attached.Push((ledger.Begin(new DeviceAttached(guest.Uuid, guest.Name, xml)), device));
                values["attach"] = values.GetValueOrDefault("attach") + await TimeAsync(
                    host, guest, observed => observed is { Channel: "device", Name: "added" },
                    () => attacher.AttachAsync($"{guest.Uuid}", device, DomainModificationImpact.Live, hosts.Operations, cancellationToken)).ConfigureAwait(false);
            }

            while (attached.TryPop(out (NightLedger.Entry Entry, DeviceDocument Device) last))
            {
                values["detach"] = values.GetValueOrDefault("detach") + await TimeAsync(
                    host, guest, Unplugging.IsRemoval,
                    () => detacher.DetachAsync($"{guest.Uuid}", DeviceSelector.Of(last.Device), DomainModificationImpact.Live, hosts.Operations, cancellationToken)).ConfigureAwait(false);
                ledger.End(last.Entry);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Repeats a measurement, warm-ups first, until one fails.</summary>
    private async Task<bool> RepeatAsync(Scenario scenario, ScenarioLog log, Func<Dictionary<string, double>, Task> measure, CancellationToken cancellationToken)
    {
        double trip = await RoundTripAsync(hosts.Source, cancellationToken).ConfigureAwait(false);
        int count = scenario.WarmUps + scenario.Repetitions;
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Report(i < scenario.WarmUps ? "to warm up" : "measuring", scenario.Name, i + 1, count);
            DateTimeOffset started = time.GetUtcNow();
            long began = time.GetTimestamp();
            var values = new Dictionary<string, double>();
            RunProblem? problem = await HookAsync(scenario.Before, "before", scenario.Name, cancellationToken).ConfigureAwait(false);
            try
            {
                if (problem is null)
                {
                    await measure(values).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (NightProblems.Of(e) is not null)
            {
                problem = NightProblems.Of(e);
            }

            if (await HookAsync(scenario.After, "after", scenario.Name, CancellationToken.None).ConfigureAwait(false) is { } failed)
            {
                problem ??= failed;
            }

            log.Add(
                new()
                {
                    Started = started,
                    TookMs = time.GetElapsedTime(began).TotalMilliseconds,
                    IsWarmUp = i < scenario.WarmUps,
                    Outcome = problem is null ? "done" : "failed",
                    Values = problem is null ? values : new Dictionary<string, double>(),
                    Problem = problem?.Message,
                },
                values.ToDictionary(pair => pair.Key, _ => (double?)trip));
            if (problem is not null)
            {
                log.Problems.Add(problem);
                return false;
            }

            Report(string.Join(", ", values.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value:0.0} ms"))), scenario.Name, i + 1, count);
        }

        return true;
    }

    /// <summary>How long it is from a request of ours to the event that tells of its end, in milliseconds: our own checks and the way of both are in it.</summary>
    private async Task<double> TimeAsync(IHost host, NightGuest guest, Func<ObservedEvent, bool> isEnd, Func<Task> act)
    {
        using EventRecorder events = await host.RecordEventsAsync(guest.Name, guest.Uuid, CancellationToken.None).ConfigureAwait(false);
        DateTimeOffset began = clock.Now;
        await act().ConfigureAwait(false);
        return await events.WaitAsync(isEnd, EventPatience, time).ConfigureAwait(false)
            ? (events.Events.First(isEnd).Arrived - began).TotalMilliseconds
            : throw new NightException(OutcomeCode.Failed, $"{host.Address.Name} did what was asked for with {guest.Name}, but no event told when");
    }

    /// <summary>What a message and its answer take at least: so much later an event may have been heard.</summary>
    private async Task<double> RoundTripAsync(IHost host, CancellationToken cancellationToken)
    {
        double least = double.MaxValue;
        for (int i = 0; i < RoundTrips; i++)
        {
            long began = time.GetTimestamp();
            await host.PingAsync(cancellationToken).ConfigureAwait(false);
            least = Math.Min(least, time.GetElapsedTime(began).TotalMilliseconds);
        }

        return least;
    }

    private static bool IsLife(ObservedEvent observed, string what) => observed.Channel == "lifecycle" && observed.Name.StartsWith(what, StringComparison.Ordinal);
}
