using Orchestrator.Migration;

namespace Orchestrator.Regression.Running;

/// <summary>Puts back what a night has changed, the newest first: at its end, or when another process recovers it.</summary>
/// <param name="settings">The hosts' settings.</param>
/// <param name="hosts">The hosts; <see langword="null"/> where nothing has to be put back there.</param>
/// <param name="ssh">The program <c>ssh</c>.</param>
/// <param name="time">The clock.</param>
/// <param name="closeRun">Closes a run that was left open in the store; gives what was done, in words.</param>
internal sealed class NightUndoer(HostSettings settings, NightHosts? hosts, string ssh, TimeProvider time, Func<RunOpened, Task<string?>> closeRun)
{
    /// <summary>Puts one effect back, if it came about. Doing it twice does no harm.</summary>
    /// <returns>What was done, in words; <see langword="null"/> when there was nothing to do.</returns>
    internal Task<string?> UndoAsync(NightEffect effect, IProgress<MigrationProgress>? progress = null) => effect switch
    {
        SettingChanged changed => settings.PutBackAsync(changed),
        RunOpened opened => closeRun(opened),
        LoadStarted load => EndAsync(load),
        _ => hosts!.UndoAsync(effect, progress),
    };

    // It does not outlive its guest's QEMU.
    private async Task<string?> EndAsync(LoadStarted load) =>
        (hosts is not null && !await hosts.IsActiveAsync(load.Uuid).ConfigureAwait(false))
        || await new GuestJob(IGuestChannel.Of(load, hosts, ssh, time), load.Id).EndAsync().ConfigureAwait(false) is null ? null : $"ended the load in {load.Name}";
}
