using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>
/// The <c>vdpa</c> tool of iproute2, on this machine or on one that is reached over SSH. A command can hang in the kernel for as long as somebody has a deleted device open, and every other one
/// behind it; neither a signal nor SIGKILL ends it then. So each has a deadline: a late question is killed, which ends it at the latest when the kernel lets go, and is
/// not waited for; a late change is left alone, as it may be half done.
/// </summary>
/// <param name="searchPath">The folders to look for it in, as in <c>PATH</c>; <see langword="null"/> for this process's own.</param>
/// <param name="timeout">How long a command may take; <see langword="null"/> for 10 s.</param>
/// <param name="timeProvider">The clock of the deadline.</param>
public sealed class VdpaTool(string? searchPath = null, TimeSpan? timeout = null, TimeProvider? timeProvider = null)
{
    private const int NotFound = 127; // a shell's
    private const string WhyLate = "Somebody has a deleted vDPA device open, most likely: a QEMU that ends, or gives the device up (device_del), ends the wait. Until then every vdpa command hangs.";

    private readonly TimeSpan _timeout = timeout ?? TimeSpan.FromSeconds(10);
    private readonly SshShell? _shell;
    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>The tool of another machine.</summary>
    /// <param name="shell">The way there.</param>
    /// <param name="timeout">How long a command may take; <see langword="null"/> for 10 s.</param>
    internal VdpaTool(SshShell shell, TimeSpan? timeout = null)
        : this(timeout: timeout) => _shell = shell;

    /// <summary>Asks a question.</summary>
    internal Task<string> AskAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => RunAsync(arguments, changes: false, cancellationToken);

    /// <summary>Makes a change.</summary>
    internal Task<string> ChangeAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => RunAsync(arguments, changes: true, cancellationToken);

    private Task<string> RunAsync(IReadOnlyList<string> arguments, bool changes, CancellationToken cancellationToken) =>
        _shell is { } shell ? RunOverAsync(shell, arguments, changes, cancellationToken) : RunHereAsync(arguments, changes, cancellationToken);

    /// <summary>Runs it elsewhere. Only changes need root; one that has begun is waited for, also after a cancellation. What hangs there is left alone.</summary>
    private async Task<string> RunOverAsync(SshShell shell, IReadOnlyList<string> arguments, bool changes, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> command = RootCommands.Vdpa(arguments);
        try
        {
            ShellAnswer answer = await shell.AskAsync(changes ? SshShell.AsRoot(command) : SshCommand.Line(command), _timeout, cancellationToken, changes).ConfigureAwait(false);
            return answer.ExitCode == 0 ? answer.Text : throw Refused(shell, arguments, answer);
        }
        catch (HostUnreachableException e) when (changes && e.IsUnderway)
        {
            throw new HostDeviceException(
                HostDeviceProblem.OutcomeUnknown, $"whether vdpa {string.Join(' ', arguments)} was done on {shell.Host} is not known: {e.Message}", "Look when the host can be reached: orchestrator vdpa list.", shell.Host, e);
        }
        catch (TimeoutException e)
        {
            throw LateOver(shell, arguments, changes, e);
        }
    }

    private static HostDeviceException Refused(SshShell shell, IReadOnlyList<string> arguments, ShellAnswer answer)
    {
        if (SshFailure.IsSudo(answer.Error) && !answer.Error.Contains("command not found", StringComparison.Ordinal))
        {
            return new(HostDeviceProblem.PermissionDenied, $"sudo on {shell.Host} refused vdpa {string.Join(' ', arguments)}: {answer.Error}", shell.RootRemedy, shell.Host);
        }

        if (answer.ExitCode == NotFound || SshFailure.IsSudo(answer.Error))
        {
            return Missing($"The vdpa tool is not on {shell.Host}: {answer.Error}", shell.Host);
        }

        HostDeviceException explained = VdpaErrors.Explain(arguments, answer.ExitCode, answer.Error);
        return new(explained.Problem, $"{shell.Host}: {explained.Message}", explained.Problem == HostDeviceProblem.PermissionDenied ? shell.RootRemedy : explained.Remedy, shell.Host);
    }

    private static HostDeviceException Missing(string message, string? host = null) => new(
        HostDeviceProblem.ToolMissing, message, "Install the package iproute2 (5.12 or newer has the tool); it lies in /usr/sbin, which the PATH of an ordinary user may lack.", host);

    private async Task<string> RunHereAsync(IReadOnlyList<string> arguments, bool changes, CancellationToken cancellationToken)
    {
        string file = HostProgram.Find("vdpa", searchPath) ?? throw Missing("The vdpa tool is not on the PATH.");
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
        WhyLate);

    private HostDeviceException LateOver(SshShell shell, IReadOnlyList<string> arguments, bool changes, Exception inner) => new(
        changes ? HostDeviceProblem.OutcomeUnknown : HostDeviceProblem.TimedOut,
        string.Create(CultureInfo.InvariantCulture, $"vdpa {string.Join(' ', arguments)} on {shell.Host} did not come back within {_timeout.TotalSeconds:0.#} s; it {(changes ? "is left alone" : "is given up")}."),
        WhyLate,
        shell.Host,
        inner);
}
