using Orchestrator.Hosts;

namespace Orchestrator.Regression.Running;

/// <summary>Settings of hosts by sysctl's names: of this machine through <c>/proc/sys</c>, of others through the side channel of hosts.yaml.</summary>
/// <param name="files">This machine's files.</param>
/// <param name="ssh">The program <c>ssh</c>.</param>
/// <param name="time">The clock.</param>
internal sealed class HostSettings(HostFiles files, string ssh, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The ways to the settings of hosts, one for each machine; <see langword="null"/> for a host without one.</summary>
    internal IReadOnlyList<(string Host, SettingPlace? Place)> PlacesOf(params IHost[] hosts) =>
        [.. hosts.Select(host => (Host: host.Address.Name, Place: PlaceOf(host))).DistinctBy(pair => pair.Place is null ? $"none {pair.Host}" : $"by {pair.Place.Ssh}")];

    /// <summary>A value, its parts a space apart; <see langword="null"/> when it cannot be read.</summary>
    internal async Task<string?> ReadAsync(SettingPlace place, string name)
    {
        string? text = place.Ssh is null
            ? files.ReadText(PathOf(name))
            : await RunAsync(place, RootCommands.ReadSysctl(name)).ConfigureAwait(false) is { ExitCode: 0, Output: var output } ? output : null;
        return text is null ? null : Normal(text);
    }

    /// <summary>Sets a value.</summary>
    /// <returns>Why it could not be set; <see langword="null"/> when it was.</returns>
    internal async Task<string?> WriteAsync(SettingPlace place, string name, string value)
    {
        try
        {
            if (place.Ssh is null)
            {
                files.Write(PathOf(name), value + "\n");
            }
            else if (await RunAsync(place, RootCommands.SetSysctl(name, value)).ConfigureAwait(false) is not { ExitCode: 0 })
            {
                return $"ssh {place.Ssh} could not set it";
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is UnauthorizedAccessException ? "this user has no right to" : e.Message;
        }

        return await ReadAsync(place, name).ConfigureAwait(false) is var now && now == Normal(value) ? null : $"it is {now ?? "unknown"} afterwards";
    }

    /// <summary>Puts a value back, unless somebody else has set another one meanwhile.</summary>
    /// <returns>What was done, in words; <see langword="null"/> when there was nothing to do.</returns>
    /// <exception cref="NightException">It could not be put back.</exception>
    internal async Task<string?> PutBackAsync(SettingChanged changed)
    {
        (SettingPlace place, string name) = (changed.Place, changed.Name);
        string? now = await ReadAsync(place, name).ConfigureAwait(false);
        if (now == Normal(changed.Before))
        {
            return null;
        }

        if (now is not null && now != Normal(changed.Value))
        {
            return $"left {name} on {place.Host} at \"{now}\", which somebody else has set; it was \"{changed.Before}\" before the run";
        }

        string? problem = now is null ? "it cannot be read" : await WriteAsync(place, name, changed.Before).ConfigureAwait(false);
        return problem is null ? $"put {name} on {place.Host} back to \"{changed.Before}\""
            : throw new NightException(OutcomeCode.Degraded, $"{name} on {place.Host} was not put back: {problem}", $"On {place.Host}, as root: sysctl -w {SshCommand.Quote($"{name}={changed.Before}")}");
    }

    /// <summary>A value as it is compared: <c>/proc</c> separates by tabs.</summary>
    internal static string Normal(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private SettingPlace? PlaceOf(IHost host) =>
        HostMachine.IsHere(host.Identity, files) ? new(host.Address.Name, null, false)
        : host.Address.SideChannel is { } channel ? new(host.Address.Name, channel.Ssh, channel.Sudo, channel.SshConfig)
        : null;

    private Task<(int ExitCode, string Output)?> RunAsync(SettingPlace place, IReadOnlyList<string> command) => HostProgram.RunAsync(
        ssh, SshCommand.Arguments(new(place.Ssh!) { Configuration = place.SshConfig }, place.Sudo ? ["sudo", "-n", "--", .. command] : command), Patience, time, CancellationToken.None);

    private static string PathOf(string name) => $"/proc/sys/{name.Replace('.', '/')}";
}
