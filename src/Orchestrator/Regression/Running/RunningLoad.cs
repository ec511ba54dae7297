using System.Globalization;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Running;

/// <summary>A load that goes on in a guest.</summary>
internal sealed class RunningLoad
{
    // Each look is a connection of its own over ssh, or a console that is opened.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(30);

    private readonly GuestLoad _load;
    private readonly GuestJob _job;
    private readonly NightLedger _ledger;
    private readonly NightLedger.Entry _entry;
    private readonly Action<string> _keep;
    private readonly TimeProvider _time;

    private RunningLoad(GuestLoad load, GuestJob job, NightLedger ledger, NightLedger.Entry entry, Action<string> keep, TimeProvider time) =>
        (_load, _job, _ledger, _entry, _keep, _time) = (load, job, ledger, entry, keep, time);

    /// <summary>Makes sure that the program is there.</summary>
    /// <exception cref="NightException">It is not, or the guest cannot be asked.</exception>
    internal static async Task CheckAsync(GuestLoad load, IGuestChannel channel, NightLedger ledger, LoadStarted effect, TimeProvider time, CancellationToken cancellationToken)
    {
        if (load.Check is null)
        {
            if (await channel.RunAsync(["/bin/sh", "-c", "command -v -- \"$1\" >/dev/null", "sh", load.Command[0]], cancellationToken).ConfigureAwait(false) is not { ExitCode: 0 })
            {
                throw Refused($"the guest has no {load.Command[0]}");
            }

            return;
        }

        string printed = "";
        RunningLoad check = await BeginAsync(load with { Command = load.Check }, channel, ledger, effect, output => printed = output.Trim(), time).ConfigureAwait(false);
        int? code;
        try
        {
            code = await check.UntilEndAsync(CheckPatience, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await check.AbandonAsync().ConfigureAwait(false);
        }

        if (code != 0)
        {
            throw Refused($"{string.Join(' ', load.Check)} in the guest {(code is null ? "did not come to an end" : $"ended with {code}")}{(printed.Length > 0 ? $": {printed}" : "")}");
        }

        static NightException Refused(string message) => new(OutcomeCode.Refused, message, "Install the load in the guest, or name what proves that it is there: load.check.");
    }

    /// <summary>Starts the load, and lets it run for the time that the plan gives it before the repetition.</summary>
    /// <param name="load">The load.</param>
    /// <param name="channel">The way into the guest.</param>
    /// <param name="ledger">Where it is written down before.</param>
    /// <param name="effect">As what.</param>
    /// <param name="keep">Is given what it printed, at its end.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it again.</param>
    /// <exception cref="NightException">It cannot be started, or has ended by then.</exception>
    internal static async Task<RunningLoad> StartAsync(
        GuestLoad load, IGuestChannel channel, NightLedger ledger, LoadStarted effect, Action<string> keep, TimeProvider time, CancellationToken cancellationToken)
    {
        RunningLoad running = await BeginAsync(load, channel, ledger, effect, keep, time).ConfigureAwait(false);
        try
        {
            await Task.Delay(load.Lead, time, cancellationToken).ConfigureAwait(false);
            return await running._job.ExitCodeAsync(cancellationToken).ConfigureAwait(false) is not { } code ? running
                : throw new NightException(OutcomeCode.Failed, $"{load.Command[0]} in the guest ended with {code} before the migration began", "Give it more to do, or less lead.");
        }
        catch
        {
            await running.AbandonAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether it still goes on.</summary>
    internal async Task<bool> GoesOnAsync() => await _job.ExitCodeAsync(CancellationToken.None).ConfigureAwait(false) is null;

    /// <summary>Waits for its end if it has to finish, else ends it.</summary>
    /// <returns>What it came to, in words.</returns>
    /// <exception cref="NightException">It had to finish, and did not.</exception>
    internal async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        string program = _load.Command[0];
        if (!_load.MustFinish)
        {
            await ClearAsync().ConfigureAwait(false);
            return $"{program} was ended";
        }

        long began = _time.GetTimestamp();
        int? code = await UntilEndAsync(_load.FinishTimeout, cancellationToken).ConfigureAwait(false);
        TimeSpan took = _time.GetElapsedTime(began);
        await ClearAsync().ConfigureAwait(false);
        return code switch
        {
            0 => string.Create(CultureInfo.InvariantCulture, $"{program} finished, {took.TotalSeconds:0.0} s after the migration"),
            null => throw new NightException(
                OutcomeCode.TimedOut, string.Create(CultureInfo.InvariantCulture, $"{program} in the guest had not finished {_load.FinishTimeout.TotalSeconds:0} s after the migration, and was ended"),
                "load.finish_timeout gives it longer, if it is not stuck."),
            _ => throw new NightException(OutcomeCode.Failed, $"{program} in the guest ended with {code}"),
        };
    }

    /// <summary>Ends it where nothing else is to be told: in a guest that does not answer, the end of the scenario tries again.</summary>
    internal async Task AbandonAsync()
    {
        try
        {
            await ClearAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (NightProblems.Of(e) is not null)
        {
            // What is being reported already is why.
        }
    }

    private static async Task<RunningLoad> BeginAsync(GuestLoad load, IGuestChannel channel, NightLedger ledger, LoadStarted effect, Action<string> keep, TimeProvider time)
    {
        var running = new RunningLoad(load, new(channel, effect.Id), ledger, ledger.Begin(effect), keep, time);
        try
        {
            await running._job.StartAsync(load.Command).ConfigureAwait(false);
            return running;
        }
        catch
        {
            await running.AbandonAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task ClearAsync()
    {
        if (_ledger.Open.Contains(_entry))
        {
            _keep(await _job.EndAsync().ConfigureAwait(false) ?? "");
            _ledger.End(_entry);
        }
    }

    private async Task<int?> UntilEndAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        long began = _time.GetTimestamp();
        while (true)
        {
            int? code = await _job.ExitCodeAsync(cancellationToken).ConfigureAwait(false);
            if (code is not null || _time.GetElapsedTime(began) >= limit)
            {
                return code;
            }

            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }
}
