using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Hosts;

/// <summary>Arguments of the system's <c>ssh</c>. Pure.</summary>
internal static partial class SshCommand
{
    /// <summary>The arguments that run a command elsewhere: nobody is asked for anything, and a machine that does not answer is given up.</summary>
    /// <param name="target">The target, as <c>ssh</c> takes it.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="port">The port; <see langword="null"/> for the configured one.</param>
    /// <param name="terminal">Whether it gets a terminal there, so that it ends with the connection.</param>
    internal static IReadOnlyList<string> Arguments(string target, IReadOnlyList<string> command, int? port = null, bool terminal = false) =>
    [
        "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15",
        .. port is null ? [] : new[] { "-p", string.Create(CultureInfo.InvariantCulture, $"{port}") },
        terminal ? "-tt" : "-T", "--", target,

        // The shell at the other end reads them: each has to arrive as it is.
        string.Join(' ', command.Select(Quote)),
    ];

    /// <summary>A word as a shell takes it back to what it was.</summary>
    internal static string Quote(string word) => Plain().IsMatch(word) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^[A-Za-z0-9_./:=@%+,-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
