namespace Orchestrator.Hosts;

/// <summary>What the texts of <c>ssh</c> and <c>sudo</c> mean, and what to do about it. Pure.</summary>
internal static class SshFailure
{
    /// <summary>What <c>ssh</c> itself ends with: no program of ours does.</summary>
    internal const int ExitCode = 255;

    private const int MostCharacters = 300;

    // From the special to the general: a changed key also fails the verification.
    private static readonly (string Text, string Meaning, string Remedy)[] Known =
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", "its host key is not the one that is known",
            "Ask who runs the host whether it got a new key; only then replace the old one: ssh-keygen -R HOST in the file of known hosts that ssh names."),
        ("Host key verification failed", "its host key is not known",
            "Compare its fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub there), then put the key into known_hosts, or into the file that side_channel.ssh_config names."),
        ("Permission denied (", "it does not let us in",
            "ssh runs in batch mode and asks for nothing: put the public key into the account's authorized_keys there, and name the private one in side_channel.ssh_config, by the URI's keyfile=, or give it to the agent."),
        ("Could not resolve hostname", "its name is not known", "See side_channel.ssh in hosts.yaml, or the host of the URI."),
        ("Connection refused", "no SSH server answers there", "Does sshd run, on that port? side_channel.ssh_config may name another."),
        ("timed out", "it does not answer", "Is it up, and is there a way to it? A firewall may drop what goes to the port."),
        ("No route to host", "there is no way to it", "Is it up, and is there a way to it?"),
        ("Bad owner or permissions", "ssh does not trust a file of its configuration", "It shall belong to this user, and nobody else may write it."),
    ];

    /// <summary>The error of a machine that <c>ssh</c> did not reach, or lost.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="target">Where to.</param>
    /// <param name="error">What <c>ssh</c> wrote to standard error.</param>
    /// <param name="isUnderway">Whether it was lost while a command ran there.</param>
    internal static HostUnreachableException Explain(string host, SshTarget target, string error, bool isUnderway = false)
    {
        string said = string.Join(" / ", error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line.Trim('@').Length > 0));
        said = said.Length > MostCharacters ? said[..MostCharacters] + "…" : said;
        (_, string? meaning, string? remedy) = Known.FirstOrDefault(known => error.Contains(known.Text, StringComparison.Ordinal));
        string what = isUnderway ? "was lost" : "failed";
        return new(
            host,
            $"{host}: ssh to {target.Host} {what}{(meaning is null ? "" : $": {meaning}")}{(said.Length == 0 ? "" : $" ({said})")}. {remedy ?? $"Try it: {Try(target)}"}")
        { IsUnderway = isUnderway };
    }

    /// <summary>Whether <c>sudo</c> itself refused, and not the program that it was to run.</summary>
    internal static bool IsSudo(string error) => error.StartsWith("sudo: ", StringComparison.Ordinal)
        || error.Contains("is not allowed to execute", StringComparison.Ordinal) || error.Contains("is not in the sudoers file", StringComparison.Ordinal);

    private static string Try(SshTarget target) => $"{target.Program ?? "ssh"} {SshCommand.Line(SshCommand.Arguments(target, ["true"]))}";
}
