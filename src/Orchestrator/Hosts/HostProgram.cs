using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Orchestrator.Hosts;

/// <summary>Runs a program of this machine that only prints something.</summary>
internal static class HostProgram
{
    /// <summary>The most characters of an answer: QEMU's list of trace events has about a hundred thousand.</summary>
    internal const int MaxOutput = 4 << 20;

    /// <summary>What it printed; <see langword="null"/> when it is not installed, failed, or did not come to an end.</summary>
    /// <param name="file">The program: its path, or its name on the <c>PATH</c>.</param>
    /// <param name="arguments">Its arguments; no shell reads them.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait and the program.</param>
    internal static async Task<string?> OutputAsync(string file, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken) =>
        await RunAsync(file, arguments, limit, time, cancellationToken).ConfigureAwait(false) is { ExitCode: 0, Output: var output } ? output : null;

    /// <summary>Its exit code and what it printed; <see langword="null"/> when it is not installed, was late, or printed more than <see cref="MaxOutput"/>.</summary>
    /// <param name="file">The program: its path, or its name on the <c>PATH</c>.</param>
    /// <param name="arguments">Its arguments; no shell reads them.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait and the program.</param>
    internal static async Task<(int ExitCode, string Output)?> RunAsync(
        string file, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Find(file) is not { } path)
        {
            return null;
        }

        var start = new ProcessStartInfo(path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (Win32Exception)
        {
            return null; // not installed, or not for this user
        }

        if (process is null)
        {
            return null;
        }

        using (process)
        {
            using var deadline = new CancellationTokenSource(limit, time);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                process.StandardInput.Close();
                Task<string> output = ReadAsync(process.StandardOutput, end);
                await Task.WhenAll(output, ReadAsync(process.StandardError, end), process.WaitForExitAsync(end.Token)).ConfigureAwait(false);
                return (process.ExitCode, await output.ConfigureAwait(false));
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }
        }
    }

    /// <summary>Where a program is; <see langword="null"/> when it is nowhere. The runtime itself would look beside this program and in the working folder first.</summary>
    /// <param name="file">Its path, or its name.</param>
    /// <param name="searchPath">The folders to look for a name in, as in <c>PATH</c>; <see langword="null"/> for this process's own.</param>
    internal static string? Find(string file, string? searchPath = null) => file.Contains('/', StringComparison.Ordinal)
        ? file
        : (searchPath ?? Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>Whether a program may be run that another account named, a session's daemon: run as root is only what root, or this user, has put there.</summary>
    /// <param name="files">This machine's files.</param>
    /// <param name="program">Its path.</param>
    internal static bool IsTrusted(HostFiles files, string program) =>
        program.StartsWith('/') && files.Owner(program) is { } owner && (owner.User == 0 || owner.User == files.Owner("/proc/self")?.User)
        && (owner.Mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0;

    /// <summary>Reads to the end; what says too much is ended as what takes too long is.</summary>
    internal static async Task<string> ReadAsync(StreamReader reader, CancellationTokenSource end)
    {
        var text = new StringBuilder();
        char[] buffer = new char[4096];
        while (await reader.ReadAsync(buffer, end.Token).ConfigureAwait(false) is > 0 and var count)
        {
            text.Append(buffer, 0, count);
            if (text.Length > MaxOutput)
            {
                await end.CancelAsync().ConfigureAwait(false);
            }
        }

        return text.ToString();
    }
}
