using System.ComponentModel;
using System.Diagnostics;

namespace Orchestrator.Checks;

/// <summary>Runs a program of this machine that only prints something.</summary>
internal static class HostProgram
{
    /// <summary>What it printed; <see langword="null"/> when it is not installed, failed, or did not end in time.</summary>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments; no shell reads them.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait and the program.</param>
    internal static async Task<string?> OutputAsync(string file, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
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
            using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                process.StandardInput.Close();
                Task<string> output = process.StandardOutput.ReadToEndAsync(both.Token);
                Task<string> errors = process.StandardError.ReadToEndAsync(both.Token);
                await Task.WhenAll(output, errors, process.WaitForExitAsync(both.Token)).ConfigureAwait(false);
                return process.ExitCode == 0 ? await output.ConfigureAwait(false) : null;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return null; // in time it said nothing
            }
        }
    }
}
