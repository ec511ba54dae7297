using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>Reads the log of a guest's QEMU on another machine.</summary>
internal static class SshLog
{
    private const int MessageCharacters = 300;

    /// <summary>The lines that matter since a time.</summary>
    /// <exception cref="IOException">It cannot be read this way; the message says why.</exception>
    /// <exception cref="HostUnreachableException">The machine could not be reached, or was lost.</exception>
    internal static Task<LogEvidence> ReadAsync(SshShell shell, string path, DateTimeOffset earliest, CancellationToken cancellationToken) =>
        LogTail.ReadAsync(path, earliest, async part =>
        {
            string command = SshShell.AsRoot(RootCommands.LogEnd(part, LogTail.MostBytes));
            return Part(shell.Target, part, await shell.AskAsync(command, Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false));
        });

    /// <summary>The end of a part; <see langword="null"/> when it is not there. tail says so itself: the folder may be closed to all but root. Pure.</summary>
    internal static byte[]? Part(SshTarget target, string path, ShellAnswer answer)
    {
        string said = answer.Error.ReplaceLineEndings(" ");
        said = said.Length > MessageCharacters ? said[..MessageCharacters] : said;
        return answer switch
        {
            { ExitCode: 0 } => answer.Output,
            _ when answer.Error.EndsWith(": No such file or directory", StringComparison.Ordinal) => null,
            _ when SshFailure.IsSudo(answer.Error) => throw new IOException($"sudo on {target.Host} does not let us read {path} without a password (samples/sudoers/orchestrator has the line): {said}"),
            _ => throw new IOException($"{path} on {target.Host} cannot be read: {said}"),
        };
    }
}
