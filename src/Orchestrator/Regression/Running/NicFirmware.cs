using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Regression.Running;

/// <summary>The firmware of network cards, which neither sysfs nor libvirt tells: asked of <c>ethtool</c>, on this machine or where <c>ssh</c> leads.</summary>
/// <param name="files">This machine's files.</param>
/// <param name="ssh">The program <c>ssh</c>.</param>
/// <param name="time">The clock.</param>
internal sealed class NicFirmware(HostFiles files, string ssh, TimeProvider time)
{
    private const string Ethtool = "/usr/sbin/ethtool"; // that folder is not on every user's PATH
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The firmware of a host's cards; without those that nothing tells of.</summary>
    internal async Task<IReadOnlyDictionary<PciAddress, string>> ReadAsync(IHost host, IReadOnlyList<PciAddress> cards, CancellationToken cancellationToken)
    {
        var found = new Dictionary<PciAddress, string>();
        bool isLocal = HostMachine.IsHere(host.Identity, files);
        SshTarget? target = isLocal ? null : SshTarget.Of(host.Address, host.Identity.Uri);
        if (cards.Count == 0 || (isLocal ? !files.IsMachine : target is null))
        {
            return found;
        }

        // find's code is 1 where one card has no interface, and the others' are printed all the same.
        string[] folders = [.. cards.Select(card => $"{Sysfs.PciDevices}/{card}/net")];
        string interfaces = (await RunAsync(["find", .. folders, "-mindepth", "1", "-maxdepth", "1"]).ConfigureAwait(false))?.Output ?? "";
        foreach (string line in interfaces.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split('/') is [.., var address, "net", var name] && PciAddress.TryParse(address, out PciAddress card) && !found.ContainsKey(card)
                && await RunAsync([Ethtool, "-i", name]).ConfigureAwait(false) is { ExitCode: 0, Output: var told } && Version(told) is { } version)
            {
                found[card] = version;
            }
        }

        return found;

        Task<(int ExitCode, string Output)?> RunAsync(string[] command) => target is null
            ? HostProgram.RunAsync(command[0], command[1..], Patience, time, cancellationToken)
            : HostProgram.RunAsync(target.Program ?? ssh, SshCommand.Arguments(target, command), Patience, time, cancellationToken);
    }

    /// <summary>The version in what <c>ethtool -i</c> printed; <see langword="null"/> for a card without one, such as a paravirtual one.</summary>
    private static string? Version(string told) =>
        told.Split('\n').FirstOrDefault(line => line.StartsWith("firmware-version:", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() is { Length: > 0 } version and not "N/A" ? version : null;
}
