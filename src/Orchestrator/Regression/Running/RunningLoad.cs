using System.Globalization;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Running;

/// <summary>A load that goes on in a guest.</summary>
internal sealed class RunningLoad : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(30);

    private readonly GuestLoad _load;
    private readonly IGuestProcess _process;
    private readonly TimeProvider _time;

    private RunningLoad(GuestLoad load, IGuestProcess process, TimeProvider time) => (_load, _process, _time) = (load, process, time);

    /// <summary>Makes sure that the program is there.</summary>
    /// <exception cref="NightException">It is not, or the guest cannot be asked.</exception>
    internal static async Task CheckAsync(GuestLoad load, IGuestChannel channel, TimeProvider time, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> check = load.Check ?? IGuestChannel.Presence(load.Command[0]);
        await using IGuestProcess process = await channel.StartAsync(check, cancellationToken).ConfigureAwait(false);
        int? code = await UntilEndAsync(process, CheckPatience, time, cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            await process.KillAsync().ConfigureAwait(false);
            throw new NightException(
                OutcomeCode.Refused,
                load.Check is null ? $"the guest has no {load.Command[0]}" : $"{string.Join(' ', load.Check)} in the guest {(code is null ? "did not come to an end" : $"ended with {code}")}",
                "Install the load in the guest, or name what proves that it is there: load.check.");
        }
    }

    /// <summary>Starts the load, and lets it run for the time that the plan gives it before the repetition.</summary>
    /// <exception cref="NightException">It cannot be started, or has ended by then.</exception>
    internal static async Task<RunningLoad> StartAsync(GuestLoad load, IGuestChannel channel, TimeProvider time, CancellationToken cancellationToken)
    {
        var running = new RunningLoad(load, await channel.StartAsync(load.Command, cancellationToken).ConfigureAwait(false), time);
        try
        {
            await Task.Delay(load.Lead, time, cancellationToken).ConfigureAwait(false);
            return await running._process.ExitCodeAsync(cancellationToken).ConfigureAwait(false) is not { } code ? running
                : throw new NightException(OutcomeCode.Failed, $"{load.Command[0]} in the guest ended with {code} before the migration began", "Give it more to do, or less lead.");
        }
        catch
        {
            await running.AbandonAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether it still goes on.</summary>
    internal async Task<bool> GoesOnAsync() => await _process.ExitCodeAsync(CancellationToken.None).ConfigureAwait(false) is null;

    /// <summary>Waits for its end if it has to finish, else ends it.</summary>
    /// <returns>What it came to, in words.</returns>
    /// <exception cref="NightException">It had to finish, and did not.</exception>
    internal async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        string program = _load.Command[0];
        if (!_load.MustFinish)
        {
            await _process.KillAsync().ConfigureAwait(false);
            return $"{program} was ended";
        }

        long began = _time.GetTimestamp();
        int? code = await UntilEndAsync(_process, _load.FinishTimeout, _time, cancellationToken).ConfigureAwait(false);
        if (code is null)
        {
            await _process.KillAsync().ConfigureAwait(false);
        }

        return code switch
        {
            0 => string.Create(CultureInfo.InvariantCulture, $"{program} finished, {_time.GetElapsedTime(began).TotalSeconds:0.0} s after the migration"),
            null => throw new NightException(
                OutcomeCode.TimedOut, string.Create(CultureInfo.InvariantCulture, $"{program} in the guest had not finished {_load.FinishTimeout.TotalSeconds:0} s after the migration, and was ended"),
                "load.finish_timeout gives it longer, if it is not stuck."),
            _ => throw new NightException(OutcomeCode.Failed, $"{program} in the guest ended with {code}"),
        };
    }

    /// <summary>Ends it where nothing else is to be told: a guest that does not answer keeps it.</summary>
    internal async Task AbandonAsync()
    {
        try
        {
            await _process.KillAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (NightProblems.Of(e) is not null)
        {
            // What is being reported already is why.
        }

        await DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<int?> UntilEndAsync(IGuestProcess process, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            int? code = await process.ExitCodeAsync(cancellationToken).ConfigureAwait(false);
            if (code is not null || time.GetElapsedTime(began) >= limit)
            {
                return code;
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
