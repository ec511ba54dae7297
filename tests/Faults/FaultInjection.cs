using Orchestrator.Lab;
using Orchestrator.Lab.Relays;

namespace Faults;

/// <summary>Does one fault from outside, and undoes what can be undone of it.</summary>
internal sealed class FaultInjection(VirtualLab lab, Fault fault, ToolProcess tool, HostLook source, HostLook destination, string guest, TcpRelay link, SocketRelay rpc)
{
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan DaemonDown = TimeSpan.FromSeconds(1);

    // Found before, for a search takes longer than a switch-over.
    private readonly int? _daemon = fault switch
    {
        Fault.SourceDaemonKilled => lab.FindDaemon(source.Lab.Name),
        Fault.DestinationDaemonKilled => lab.FindDaemon(destination.Lab.Name),
        _ => null,
    };

    /// <summary>Strikes.</summary>
    /// <returns>When; <see langword="null"/> when there was nothing to strike.</returns>
    internal DateTimeOffset? Strike()
    {
        bool struck = true;
        switch (fault)
        {
            case Fault.OrchestratorKilled:
                struck = !tool.HasEnded && Signals.Send(tool.Pid, Signals.Kill);
                break;
            case Fault.OrchestratorFrozen:
                struck = !tool.HasEnded && Signals.Send(tool.Pid, Signals.Stop);
                break;
            case Fault.SourceDaemonKilled or Fault.DestinationDaemonKilled:
                struck = _daemon is { } daemon && Signals.Send(daemon, Signals.Kill);
                break;
            case Fault.SourceQemuKilled or Fault.DestinationQemuKilled:
                struck = (fault == Fault.SourceQemuKilled ? source : destination).FindQemu(guest) is { } qemu && Signals.Send(qemu, Signals.Kill);
                break;
            case Fault.LinkCut:
                link.Cut();
                break;
            case Fault.LinkStalled:
                link.Stall();
                break;
            case Fault.RpcCut:
                rpc.Cut();
                break;
            case Fault.RpcStalled:
                rpc.Stall();
                break;
        }

        return struck ? TimeProvider.System.GetUtcNow() : null;
    }

    /// <summary>Undoes, after a while, what mends by itself while the migration may still go on.</summary>
    internal async Task MendSoonAsync(CancellationToken cancellationToken)
    {
        switch (fault)
        {
            case Fault.OrchestratorFrozen:
                await Task.Delay(Frozen, cancellationToken);
                Signals.Send(tool.Pid, Signals.Continue);
                break;
            case Fault.LinkStalled:
                await Task.Delay(Frozen, cancellationToken);
                link.Resume();
                break;
            case Fault.RpcStalled:
                await Task.Delay(Frozen, cancellationToken);
                rpc.Resume();
                break;
            case Fault.SourceDaemonKilled or Fault.DestinationDaemonKilled:
                await Task.Delay(DaemonDown, cancellationToken);
                await lab.RestartDaemonAsync((fault == Fault.SourceDaemonKilled ? source : destination).Lab.Name, cancellationToken);
                break;
        }
    }

    /// <summary>Undoes the rest, when the tool has ended.</summary>
    internal void MendAll()
    {
        link.Resume();
        rpc.Resume();
    }
}
