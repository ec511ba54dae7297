using Libvirt.Interop;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    /// <inheritdoc/>
    public Task StartDomainAsync(Guid uuid, DomainCreateFlags flags, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.Create(flags), cancellationToken);

    /// <inheritdoc/>
    public Task ShutdownDomainAsync(Guid uuid, DomainShutdownFlags flags, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.Shutdown(flags), cancellationToken);

    /// <inheritdoc/>
    public Task RebootDomainAsync(Guid uuid, DomainRebootFlags flags, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.Reboot(flags), cancellationToken);

    /// <inheritdoc/>
    public Task ResetDomainAsync(Guid uuid, CancellationToken cancellationToken) => OnDomainAsync(uuid, domain => domain.Reset(), cancellationToken);

    /// <inheritdoc/>
    public Task DestroyDomainAsync(Guid uuid, DomainDestroyFlags flags, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.Destroy(flags), cancellationToken);

    /// <inheritdoc/>
    public Task SuspendDomainAsync(Guid uuid, CancellationToken cancellationToken) => OnDomainAsync(uuid, domain => domain.Suspend(), cancellationToken);

    /// <inheritdoc/>
    public Task ResumeDomainAsync(Guid uuid, CancellationToken cancellationToken) => OnDomainAsync(uuid, domain => domain.Resume(), cancellationToken);

    /// <inheritdoc/>
    public Task<DomainLeftovers> GetLeftoversAsync(Guid uuid, CancellationToken cancellationToken) => OnDomainAsync(
        uuid,
        domain => new DomainLeftovers(
            Ask(domain.HasManagedSaveImage), Ask(domain.CountSnapshots), Ask(domain.CountCheckpoints)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<string> QemuMonitorCommandAsync(Guid uuid, string command, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.QemuMonitorCommand(command), cancellationToken);

    /// <inheritdoc/>
    public Task<string> QemuAgentCommandAsync(Guid uuid, string command, TimeSpan timeout, CancellationToken cancellationToken) =>
        OnDomainAsync(uuid, domain => domain.QemuAgentCommand(command, timeout), cancellationToken);

    /// <inheritdoc/>
    public async Task<Stream> OpenConsoleAsync(Guid uuid, string? device, CancellationToken cancellationToken) => new ConsoleStream(
        await OnDomainAsync(uuid, domain => domain.OpenConsole(device), cancellationToken).ConfigureAwait(false),
        close => InvokeAsync(
            _ =>
            {
                close();
                return true;
            }));

    // A driver that knows no such thing keeps none.
    private static T Ask<T>(Func<T> question)
        where T : struct
    {
        try
        {
            return question();
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoSupport)
        {
            return default;
        }
    }

    private Task<bool> OnDomainAsync(Guid uuid, Action<LibvirtDomain> call, CancellationToken cancellationToken) => OnDomainAsync(
        uuid,
        domain =>
        {
            call(domain);
            return true;
        },
        cancellationToken);
}
