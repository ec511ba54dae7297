using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>Reads the log of a guest's QEMU on another machine with the system's <c>ssh</c>, its keys and its configuration. It never asks for a password.</summary>
/// <param name="program">The <c>ssh</c> to run: its path, or its name on the <c>PATH</c>.</param>
/// <param name="target">Where to.</param>
internal sealed class SshLog(string program, SshTarget target)
{
    // What our own command there answers; ssh itself fails with 255.
    private const int Absent = 66;
    private const int NoSudo = 67;

    private const int MessageCharacters = 300;

    /// <summary>The lines that matter since a time.</summary>
    /// <exception cref="IOException">It cannot be read this way; the message says why.</exception>
    public Task<LogEvidence> ReadAsync(string path, DateTimeOffset earliest, CancellationToken cancellationToken) =>
        LogTail.ReadAsync(path, earliest, part => FetchAsync(part, cancellationToken));

    /// <summary>The arguments that fetch the end of a file. A shell over there reads the last one, so the path is quoted.</summary>
    internal static IReadOnlyList<string> Arguments(SshTarget target, string path)
    {
        string sudo = target.Sudo ? "sudo -n " : "";
        string quoted = $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";
        string command = string.Create(
            CultureInfo.InvariantCulture,
            $"{(target.Sudo ? $"sudo -n true || exit {NoSudo}; " : "")}{sudo}test -e {quoted} || exit {Absent}; exec {sudo}tail -c {LogTail.MostBytes} -- {quoted}");
        string[] port = target.Port is { } number ? ["-p", number.ToString(CultureInfo.InvariantCulture)] : [];
        return ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", .. port, "--", target.Host, command];
    }

    private async Task<byte[]?> FetchAsync(string path, CancellationToken cancellationToken)
    {
        if (HostProgram.Find(program) is not { } file)
        {
            throw new IOException($"{program} is not installed here");
        }

        var start = new ProcessStartInfo(file, Arguments(target, path)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
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
                    NoSudo => throw new IOException($"sudo on {target.Host} does not let us read {path} without a password: {said}"),
                    255 => throw new IOException($"ssh to {target.Host} failed: {said}"),
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

/// <summary>A machine as <c>ssh</c> is told of it.</summary>
/// <param name="Host"><c>[user@]host</c>, or a name of its configuration.</param>
/// <param name="Port">The port; <see langword="null"/> for the configured one.</param>
/// <param name="Sudo">Whether root reads there, through <c>sudo</c>.</param>
internal sealed record SshTarget(string Host, int? Port, bool Sudo)
{
    /// <summary>By the host's side channel, else by its URI when that goes over SSH; <see langword="null"/> when neither says.</summary>
    internal static SshTarget? Of(HostAddress address, string uri)
    {
        if (address.SideChannel is { } channel)
        {
            return new(channel.Ssh, null, channel.Sudo);
        }

        if (!Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed) || parsed.Host.Length == 0
            || !(parsed.Scheme.EndsWith("+ssh", StringComparison.Ordinal) || parsed.Scheme.EndsWith("+libssh", StringComparison.Ordinal) || parsed.Scheme.EndsWith("+libssh2", StringComparison.Ordinal)))
        {
            return null;
        }

        string user = Uri.UnescapeDataString(parsed.UserInfo.Split(':')[0]);
        string target = user.Length > 0 ? $"{user}@{parsed.DnsSafeHost}" : parsed.DnsSafeHost;
        return target.StartsWith('-') ? null : new(target, parsed.Port > 0 ? parsed.Port : null, Sudo: false);
    }
}
