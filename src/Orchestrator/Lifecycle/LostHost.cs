using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>Asks a host again that was lost in the middle of a request: what became of the request only the host can tell.</summary>
internal static class LostHost
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks until the answer is as wanted, or the wait is over.</summary>
    /// <returns>The last answer.</returns>
    /// <exception cref="HostUnreachableException">There was none in the end.</exception>
    internal static async Task<T> AskAsync<T>(IHost host, Func<Task<T>> ask, Func<T, bool> wanted, TimeSpan wait, TimeProvider time)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                T answer = await ask().ConfigureAwait(false);
                if (wanted(answer) || time.GetElapsedTime(start) >= wait)
                {
                    return answer;
                }
            }
            catch (HostUnreachableException) when (time.GetElapsedTime(start) < wait)
            {
            }
            catch (LibvirtException e) when (LibvirtErrors.ClassOf(e.Code) != LibvirtErrorClass.Fatal)
            {
                // A daemon that is just starting answers this and that.
                if (time.GetElapsedTime(start) >= wait)
                {
                    throw new HostUnreachableException(host.Address.Name, HostAddress.Redact(e.Message), e);
                }
            }

            await Task.Delay(Pause, time).ConfigureAwait(false);
        }
    }
}
