using System.Diagnostics;

namespace Orchestrator.Hosts;

/// <summary>Asks a QEMU binary of this machine which devices and properties it has; it prints them and ends before a machine is made.</summary>
internal static class EmulatorProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The properties of a device; empty when QEMU lacks the device; <see langword="null"/> when it could not be asked.</summary>
    /// <param name="emulator">The binary's path.</param>
    /// <param name="device">The device, such as <c>vhost-vdpa-device-pci</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<IReadOnlyList<string>?> GetPropertiesAsync(string emulator, string device, CancellationToken cancellationToken)
    {
        using var process = new Process();
        process.StartInfo = new(emulator, ["-nodefaults", "-machine", "none", "-device", $"{device},help"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        try
        {
            process.Start();
            process.StandardInput.Close();
            Task<string> error = process.StandardError.ReadToEndAsync(deadline.Token);
            string output = await process.StandardOutput.ReadToEndAsync(deadline.Token).ConfigureAwait(false);
            await error.ConfigureAwait(false);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            return process.ExitCode == 0 ? Properties(output) : [];
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // not there, or not ours to run
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill();
            return null;
        }
    }

    /// <summary>The names from QEMU's list: lines like <c>  vhostdev=&lt;str&gt;</c>.</summary>
    internal static IReadOnlyList<string> Properties(string output) =>
        [.. output.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line.Contains('=', StringComparison.Ordinal)).Select(line => line[..line.IndexOf('=', StringComparison.Ordinal)].Trim())];
}
