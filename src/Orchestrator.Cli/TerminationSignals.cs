using System.Runtime.InteropServices;

namespace Orchestrator.Cli;

/// <summary>Ctrl-C, SIGTERM and SIGHUP all mean the same: cancel, then report the truth. None of them ends the process at once.</summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource _cancelled = new();
    private readonly PosixSignalRegistration[] _registrations;

    internal TerminationSignals() =>
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Cancel))];

    internal CancellationToken Token => _cancelled.Token;

    /// <summary>Ignores Ctrl-Z until disposed of: in direct mode a stopped process would leave the guest paused.</summary>
    internal static PosixSignalRegistration IgnoreStop(Action ignored) =>
        PosixSignalRegistration.Create(PosixSignal.SIGTSTP, context =>
        {
            context.Cancel = true;
            ignored();
        });

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _cancelled.Dispose();
    }

    private void Cancel(PosixSignalContext context)
    {
        context.Cancel = true;
        _cancelled.Cancel();
    }
}
