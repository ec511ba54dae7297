namespace Orchestrator.Hosts;

/// <summary>Asks a QEMU binary of this machine which devices and properties it has; it prints them and ends before a machine is made.</summary>
internal static class EmulatorProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The properties of a device; empty when QEMU lacks the device; <see langword="null"/> when it could not be asked, or is not to be trusted.</summary>
    /// <param name="emulator">The binary's path, as the host's daemon names it.</param>
    /// <param name="device">The device, such as <c>vhost-vdpa-device-pci</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<IReadOnlyList<string>?> GetPropertiesAsync(string emulator, string device, CancellationToken cancellationToken)
    {
        if (!HostProgram.IsTrusted(new HostFiles(), emulator))
        {
            return null;
        }

        (int ExitCode, string Output)? answer = await HostProgram.RunAsync(
            emulator, ["-nodefaults", "-machine", "none", "-device", $"{device},help"], Patience, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return answer is { } known ? known.ExitCode == 0 ? Properties(known.Output) : [] : null;
    }

    /// <summary>The names from QEMU's list: lines like <c>  vhostdev=&lt;str&gt;</c>.</summary>
    internal static IReadOnlyList<string> Properties(string output) =>
        [.. output.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line.Contains('=', StringComparison.Ordinal)).Select(line => line[..line.IndexOf('=', StringComparison.Ordinal)].Trim())];
}
