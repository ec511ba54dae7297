using System.ComponentModel;
using System.Diagnostics;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>Reads the log of a guest's QEMU on another machine with the system's <c>ssh</c>, its keys and its configuration. It never asks for a password.</summary>
/// <param name="program">The <c>ssh</c> to run: its path, or its name on the <c>PATH</c>.</param>
/// <param name="target">Where to.</param>
internal sealed class SshLog(string program, SshTarget target)
{
    // What our own command there answers; ssh itself fails with 255.
    private const int Absent = 66;

    private const int MessageCharacters = 300;

    /// <summary>The lines that matter since a time.</summary>
    /// <exception cref="IOException">It cannot be read this way; the message says why.</exception>
    public Task<LogEvidence> ReadAsync(string path, DateTimeOffset earliest, CancellationToken cancellationToken) =>
        LogTail.ReadAsync(path, earliest, part => FetchAsync(part, cancellationToken));

    /// <summary>The command that fetches the end of a file there, for a shell.</summary>
    internal static string Command(SshTarget target, string path)
    {
        string tail = SshCommand.Line(RootCommands.LogEnd(path, LogTail.MostBytes));

        // The folder may be closed to all but root: then sudo's own command is what says that the file is not there.
        return target.Sudo ? $"export LC_ALL=C; if [ \"$(id -u)\" = 0 ]; then exec {tail}; else exec sudo -n -- {tail}; fi"
            : $"export LC_ALL=C; test -e {SshCommand.Quote(path)} || exit {Absent}; exec {tail}";
    }

    private async Task<byte[]?> FetchAsync(string path, CancellationToken cancellationToken)
    {
        if (HostProgram.Find(program) is not { } file)
        {
            throw new IOException($"{program} is not installed here");
        }

        // sh: the account's own shell may be another kind.
        var start = new ProcessStartInfo(file, SshCommand.Arguments(target, ["sh", "-c", Command(target, path)]))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{program} cannot be run: {e.Message}", e);
        }

        using (process)
        {
            try
            {
                process.StandardInput.Close();
                using var output = new MemoryStream();
                Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
                await process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken).ConfigureAwait(false);
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
                string said = (await errors.ConfigureAwait(false)).Trim().ReplaceLineEndings(" ");
                said = said.Length > MessageCharacters ? said[..MessageCharacters] : said;
                return process.ExitCode switch
                {
                    0 => output.ToArray(),
                    Absent => null,
                    255 => throw new IOException($"ssh to {target.Host} failed: {said}"),
                    _ when target.Sudo && said.EndsWith(": No such file or directory", StringComparison.Ordinal) => null,
                    _ when SshFailure.IsSudo(said) => throw new IOException($"sudo on {target.Host} does not let us read {path} without a password (samples/sudoers/orchestrator has the line): {said}"),
                    _ => throw new IOException($"{path} on {target.Host} cannot be read: {said}"),
                };
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }
}
