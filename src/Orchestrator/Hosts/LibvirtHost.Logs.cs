using Libvirt.Interop;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    /// <inheritdoc/>
    public async Task<LogEvidence> ReadLogAsync(string name, DateTimeOffset since, CancellationToken cancellationToken)
    {
        string file = name + ".log";
        DateTimeOffset earliest = since - QemuLog.DefaultClockSlack;
        string? here = _options.LogDirectory ?? QemuLogLocation.Find(
            Identity.Uri, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), Environment.GetEnvironmentVariable("XDG_CACHE_HOME"));
        string there = here ?? QemuLogLocation.OnHost(Identity.Uri);
        var failed = new List<string>();

        if (here is null)
        {
            failed.Add($"file: the log is on {Address.Name}, which is not this machine");
        }
        else
        {
            LogEvidence slice = await OnLinkAsync(link => link.InvokeAsync(() => QemuLog.ReadSlice(Path.Combine(here, file), since), cancellationToken), _options.CallTimeout, cancellationToken)
                .ConfigureAwait(false);
            if (slice.Problem is null)
            {
                return slice with { ReadBy = "file" };
            }

            failed.Add($"file: {slice.Problem}");
        }

        if (Elsewhere?.Shell is not { } shell)
        {
            failed.Add($"ssh: nobody says how {Address.Name} is reached; give it side_channel.ssh in hosts.yaml");
        }
        else if (await OverSshAsync(shell, Path.Combine(there, file), earliest, failed, cancellationToken).ConfigureAwait(false) is { } slice)
        {
            return slice;
        }

        return await ThroughLibvirtAsync(Path.Combine(there, file), earliest, failed, cancellationToken).ConfigureAwait(false)
            ?? new LogEvidence { Path = Path.Combine(there, file), Problem = string.Join("; ", failed), NotReadBy = failed };
    }

    private async Task<LogEvidence?> OverSshAsync(SshShell shell, string path, DateTimeOffset earliest, List<string> failed, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(_options.CallTimeout);
        try
        {
            LogEvidence slice = await SshLog.ReadAsync(shell, path, earliest, end.Token).ConfigureAwait(false);
            if (slice.Problem is null)
            {
                return slice with { ReadBy = "ssh", NotReadBy = [.. failed] };
            }

            failed.Add($"ssh: {slice.Problem}");
        }
        catch (Exception e) when (e is IOException or HostUnreachableException)
        {
            failed.Add($"ssh: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            failed.Add($"ssh: {shell.Target.Host} did not answer within {_options.CallTimeout.TotalSeconds:0} s");
        }

        return null;
    }

    private async Task<LogEvidence?> ThroughLibvirtAsync(string path, DateTimeOffset earliest, List<string> failed, CancellationToken cancellationToken)
    {
        if (!Path.IsPathRooted(path))
        {
            failed.Add($"libvirt: where the logs of {Address.Name} lie is not known to the full path");
            return null;
        }

        try
        {
            LogEvidence slice = await InvokeAsync(connection => PoolLog.Read(connection, path, earliest), cancellationToken).ConfigureAwait(false);
            if (slice.Problem is null)
            {
                return slice with { ReadBy = "libvirt", NotReadBy = [.. failed] };
            }

            failed.Add($"libvirt: {slice.Problem}");
        }
        catch (LibvirtException e)
        {
            failed.Add(e.Code == LibvirtErrorCode.NoSupport ? $"libvirt: {Address.Name} has no storage driver (libvirt-daemon-driver-storage)" : $"libvirt: {e.Message}");
        }

        return null;
    }
}
