using System.ComponentModel;
using System.Diagnostics;
using Orchestrator.Hosts;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Running;

/// <summary>Runs a hook: a program of the user's on this machine, without a shell; what it prints is kept in a file.</summary>
internal static class HookProgram
{
    // What is left of its output once it has ended, and is held open by a process that it left behind.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    /// <summary>Runs it, and ends it with all its children when it is late.</summary>
    /// <param name="hook">The program.</param>
    /// <param name="log">The file for what it prints.</param>
    /// <param name="environment">Variables for it.</param>
    /// <param name="time">The clock of its deadline.</param>
    /// <param name="cancellationToken">Ends it, too.</param>
    /// <returns>Why it failed; <see langword="null"/> when it did not.</returns>
    internal static async Task<string?> RunAsync(Hook hook, string log, IReadOnlyDictionary<string, string> environment, TimeProvider time, CancellationToken cancellationToken)
    {
        if (HostProgram.Find(hook.Command[0]) is not { } program)
        {
            return $"{hook.Command[0]} is not there";
        }

        var start = new ProcessStartInfo(program, hook.Command.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        using var file = new FileStream(log, FileMode.Create, FileAccess.Write, FileShare.Read);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return $"{program} cannot be run: {e.Message}";
        }

        process.StandardInput.Close();
        using var writing = new SemaphoreSlim(1);
        Task printing = Task.WhenAll(CopyAsync(process.StandardOutput.BaseStream, file, writing), CopyAsync(process.StandardError.BaseStream, file, writing));
        using var deadline = new CancellationTokenSource(hook.Timeout, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await process.WaitForExitAsync(end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            await LastWordsAsync(printing, writing, time).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{program} took longer than {hook.Timeout.TotalSeconds:0.###} s, and was ended");
        }

        await LastWordsAsync(printing, writing, time).ConfigureAwait(false);
        return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}";
    }

    // Whoever still holds the pipe writes into nothing from now on: the file belongs to the hook.
    private static async Task LastWordsAsync(Task printing, SemaphoreSlim writing, TimeProvider time)
    {
        try
        {
            await printing.WaitAsync(LastWords, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await writing.WaitAsync().ConfigureAwait(false);
        }
    }

    private static async Task CopyAsync(Stream from, FileStream to, SemaphoreSlim writing)
    {
        byte[] buffer = new byte[8192];
        try
        {
            while (await from.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
            {
                await writing.WaitAsync().ConfigureAwait(false);
                try
                {
                    await to.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                    await to.FlushAsync().ConfigureAwait(false);
                }
                catch (IOException)
                {
                    // The disk is full: what it prints is lost, not what it does. It is read on, so that the hook does not wait.
                }
                finally
                {
                    writing.Release();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The hook was given up.
        }
    }
}
