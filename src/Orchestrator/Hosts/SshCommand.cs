using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Hosts;

/// <summary>Arguments of the system's <c>ssh</c>: the one place that says how it is called. Pure.</summary>
internal static partial class SshCommand
{
    /// <summary>The arguments that run a command elsewhere: nobody is asked for anything, and a machine that does not answer is given up.</summary>
    /// <param name="target">Where.</param>
    /// <param name="command">The program and its arguments.</param>
    internal static IReadOnlyList<string> Arguments(SshTarget target, IReadOnlyList<string> command) =>
    [
        .. target.Configuration is { } file ? new[] { "-F", file } : [],
        "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15",
        .. target.KeyFile is { } key ? new[] { "-i", key } : [],
        .. target.Port is { } port ? new[] { "-p", string.Create(CultureInfo.InvariantCulture, $"{port}") } : [],
        "-T", "--", target.Host,
        Line(command),
    ];

    /// <summary>A command as the shell at the other end reads it: each word has to arrive as it is.</summary>
    internal static string Line(IReadOnlyList<string> command) => string.Join(' ', command.Select(Quote));

    /// <summary>A word as a shell takes it back to what it was.</summary>
    internal static string Quote(string word) => Plain().IsMatch(word) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^[A-Za-z0-9_./:=@%+,-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
