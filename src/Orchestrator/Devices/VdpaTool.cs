using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// The <c>vdpa</c> tool of iproute2 on this machine. A command can hang in the kernel for as long as somebody has a deleted device open, and every other one
/// behind it; neither a signal nor SIGKILL ends it then. So each has a deadline: a late question is killed, which ends it at the latest when the kernel lets go, and is
/// not waited for; a late change is left alone, as it may be half done.
/// </summary>
/// <param name="searchPath">The folders to look for it in, as in <c>PATH</c>; <see langword="null"/> for this process's own.</param>
/// <param name="timeout">How long a command may take; <see langword="null"/> for 10 s.</param>
/// <param name="timeProvider">The clock of the deadline.</param>
public sealed class VdpaTool(string? searchPath = null, TimeSpan? timeout = null, TimeProvider? timeProvider = null)
{
    private readonly TimeSpan _timeout = timeout ?? TimeSpan.FromSeconds(10);
    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>Asks a question.</summary>
    internal Task<string> AskAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => RunAsync(arguments, changes: false, cancellationToken);

    /// <summary>Makes a change.</summary>
    internal Task<string> ChangeAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => RunAsync(arguments, changes: true, cancellationToken);

    private async Task<string> RunAsync(IReadOnlyList<string> arguments, bool changes, CancellationToken cancellationToken)
    {
        string file = HostProgram.Find("vdpa", searchPath) ?? throw new HostDeviceException(
            HostDeviceProblem.ToolMissing,
            "The vdpa tool is not on the PATH.",
            "Install the package iproute2 (5.12 or newer has the tool); it lies in /usr/sbin, which the PATH of an ordinary user may lack.");
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C"; // strerror's texts
        Process process;
        try
        {
            // The runtime opens every file with O_CLOEXEC: no vhost descriptor of ours can get into the tool, where it would wait for itself.
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new HostDeviceException(HostDeviceProblem.Failed, $"{file} does not start: {e.Message}", "Reinstall the package iproute2.", inner: e);
        }

        using (process)
        {
            process.StandardInput.Close();
            using var late = new CancellationTokenSource(_timeout, _timeProvider);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            try
            {
                Task<string> output = HostProgram.ReadAsync(process.StandardOutput, end);
                Task<string> error = HostProgram.ReadAsync(process.StandardError, end);
                await Task.WhenAll(output, error, process.WaitForExitAsync(end.Token)).ConfigureAwait(false);
                return process.ExitCode == 0 ? await output.ConfigureAwait(false) : throw VdpaErrors.Explain(arguments, process.ExitCode, await error.ConfigureAwait(false));
            }
            catch (OperationCanceledException e)
            {
                if (changes)
                {
                    throw Late(arguments, process.Id, changes);
                }

                process.Kill();
                cancellationToken.ThrowIfCancellationRequested();
                throw late.IsCancellationRequested ? Late(arguments, process.Id, changes) : new HostDeviceException(
                    HostDeviceProblem.UnreadableOutput,
                    string.Create(CultureInfo.InvariantCulture, $"vdpa {string.Join(' ', arguments)} printed more than {HostProgram.MaxOutput} characters; it was killed."),
                    "Look at `vdpa -V` and at what it prints itself.",
                    inner: e);
            }
        }
    }

    private HostDeviceException Late(IReadOnlyList<string> arguments, int pid, bool changes) => new(
        changes ? HostDeviceProblem.OutcomeUnknown : HostDeviceProblem.TimedOut,
        string.Create(CultureInfo.InvariantCulture, $"vdpa {string.Join(' ', arguments)} did not come back (within {_timeout.TotalSeconds:0.#} s, or before the cancellation); it {(changes ? "is left alone" : "was killed")} (pid {pid}){(changes ? ", as the kernel lets nobody end it" : "")}."),
        "Somebody has a deleted vDPA device open, most likely: a QEMU that ends, or gives the device up (device_del), ends the wait. Until then every vdpa command hangs.");
}
