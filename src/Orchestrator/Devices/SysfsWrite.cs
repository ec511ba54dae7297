using System.Text.Json.Serialization;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>One write to an attribute of sysfs.</summary>
/// <param name="Path">The attribute.</param>
/// <param name="Text">What is written.</param>
public sealed record SysfsWrite(string Path, string Text)
{
    /// <summary>What empties <c>driver_override</c>: a write of nothing would not reach the kernel.</summary>
    internal const string Nothing = "\n";

    /// <summary>As a person would type it.</summary>
    [JsonIgnore]
    public string Command => $"echo {(Text == Nothing ? "" : Text + " ")}> {Path}";

    /// <inheritdoc/>
    public override string ToString() => Command;

    /// <summary>
    /// Makes the write on a thread of its own: a driver may keep its writer waiting, beyond any signal, for whoever uses the device.
    /// </summary>
    /// <exception cref="HostDeviceException">The kernel refused it, or did not come back.</exception>
    internal async Task MakeAsync(HostFiles files, TimeProvider timeProvider, TimeSpan timeout)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                files.Write(Path, Text);
                done.TrySetResult();
            }
            catch (Exception e)
            {
                // The caller's exception, carried to the caller.
                done.TrySetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "sysfs",
        }.UnsafeStart();
        try
        {
            await done.Task.WaitAsync(timeout, timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new HostDeviceException(
                HostDeviceProblem.OutcomeUnknown, $"the kernel does not come back from {Command}", "It waits for whoever uses the device: end that, then look again. dmesg may name it.", inner: e);
        }
        catch (HostUnreachableException e) when (e.IsUnderway)
        {
            throw new HostDeviceException(HostDeviceProblem.OutcomeUnknown, $"whether {Command} was done is not known: {e.Message}", "Look again when the host can be reached.", e.Host, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new HostDeviceException(HostDeviceProblem.PermissionDenied, files.AreHere ? $"{Command}: this user may not" : $"{Command}: {e.Message}", files.RootRemedy, inner: e);
        }
        catch (IOException e)
        {
            throw new HostDeviceException(HostDeviceProblem.Failed, $"the kernel refused {Command}: {e.Message}", "Its log (dmesg) may tell why.", inner: e);
        }
    }
}
