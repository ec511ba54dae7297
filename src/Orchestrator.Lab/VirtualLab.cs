using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab;

/// <summary>
/// Real libvirt hosts on this machine, private to this user and without root, and tiny guests that tick: to try and to test migrations with.
/// A lab belongs to the process that started it and ends with it, or (<see cref="UpAsync"/>) lives until it is taken down. Whatever is asked
/// for here first removes what killed owners left, and touches nobody else's lab.
/// </summary>
public sealed partial class VirtualLab : IAsyncDisposable
{
    private readonly LabOptions _options;
    private readonly ILoggerFactory? _loggerFactory;
    private readonly ILogger _log;
    private readonly LabRegistry _registry;
    private readonly LabAccount _account = LabAccount.Current();
    private bool _isOwned;

    private VirtualLab(string folder, LabRecord record, LabOptions options, ILoggerFactory? loggerFactory)
    {
        (Folder, _options, _loggerFactory) = (folder, options, loggerFactory);
        _log = Log.For(loggerFactory);
        _registry = new LabRegistry(options, _log);
        _isOwned = record.Owner is not null;
        Hosts = [.. Enumerable.Range(0, record.Ports.Count).Select(i => LabHost.In(folder, i)), .. MachinesOf(folder, record).SelectMany(machine => machine.Hosts())];
    }

    /// <summary>The lab's folder. All of the lab is in it.</summary>
    public string Folder { get; }

    /// <summary>The hosts: <c>lab-a</c>, <c>lab-b</c>, …, and those in emulated machines: <c>lab-vdpa-a</c>, <c>lab-vdpa-b</c>, …</summary>
    public IReadOnlyList<LabHost> Hosts { get; }

    /// <summary>The guests that were started in this lab.</summary>
    public IReadOnlyList<LabGuest> Guests => RecordFile.Read(Folder).Record?.Guests ?? [];

    /// <summary>Starts a lab that belongs to this process. Dispose of it; if the process is killed, the next command of the lab does that.</summary>
    /// <param name="options">How it shall be; two hosts by default.</param>
    /// <param name="loggerFactory">Hears about the steps.</param>
    /// <param name="cancellationToken">Gives up; what was started is ended again.</param>
    /// <exception cref="LabException">A host did not start, or something that is needed is not installed.</exception>
    public static async Task<VirtualLab> StartAsync(
        LabOptions? options = null, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        options ??= new LabOptions();
        await PrepareImageAsync(options, loggerFactory, cancellationToken).ConfigureAwait(false);
        var registry = new LabRegistry(options, Log.For(loggerFactory));
        VirtualLab lab;
        var held = await registry.LockAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await registry.CleanUpAsync(cancellationToken).ConfigureAwait(false);
            lab = Create(registry, options, loggerFactory);
        }
        finally
        {
            registry.Leave(held);
        }

        try
        {
            await lab.StartHostsAsync(cancellationToken).ConfigureAwait(false);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The lab that lives until <see cref="DownAsync"/>: the running one, whatever its number of hosts, or a new one. A daemon of it that does
    /// not run any more is started again.
    /// </summary>
    /// <inheritdoc cref="StartAsync"/>
    public static async Task<VirtualLab> UpAsync(
        LabOptions? options = null, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        options ??= new LabOptions();
        await PrepareImageAsync(options, loggerFactory, cancellationToken).ConfigureAwait(false);
        var registry = new LabRegistry(options, Log.For(loggerFactory));
        var held = await registry.LockAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await registry.CleanUpAsync(cancellationToken).ConfigureAwait(false);
            if (registry.FindPersistent() is { } running)
            {
                registry.AddMachines(running.Folder);
                var found = new VirtualLab(running.Folder, RecordFile.Read(running.Folder).Record!, options, loggerFactory);
                await found.RepairAsync(cancellationToken).ConfigureAwait(false);
                return found;
            }

            var lab = Create(registry, options, loggerFactory);
            try
            {
                await lab.StartHostsAsync(cancellationToken).ConfigureAwait(false);
                // Ours until here: had we been killed, the next command would have removed it.
                RecordFile.Write(lab.Folder, RecordFile.Read(lab.Folder).Record! with { Owner = null });
                lab._isOwned = false;
                return lab;
            }
            catch
            {
                await registry.EndAsync(lab.Folder, CancellationToken.None).ConfigureAwait(false);
                registry.Remove(lab.Folder);
                throw;
            }
        }
        finally
        {
            registry.Leave(held);
        }
    }

    /// <summary>The lab that lives until it is taken down; <see langword="null"/> when there is none.</summary>
    /// <param name="options">Where labs are.</param>
    /// <param name="loggerFactory">Hears about the steps.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<VirtualLab?> FindAsync(
        LabOptions? options = null, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        options ??= new LabOptions();
        if (!Directory.Exists(options.Folder))
        {
            return null;
        }

        var registry = new LabRegistry(options, Log.For(loggerFactory));
        var held = await registry.LockAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await registry.CleanUpAsync(cancellationToken).ConfigureAwait(false);
            return registry.FindPersistent() is { } found ? new VirtualLab(found.Folder, found.Record, options, loggerFactory) : null;
        }
        finally
        {
            registry.Leave(held);
        }
    }

    /// <summary>Takes down the lab that <see cref="UpAsync"/> made, and what dead owners left. None is no error.</summary>
    /// <param name="options">Where labs are.</param>
    /// <param name="loggerFactory">Hears about the steps.</param>
    /// <param name="cancellationToken">Gives up, in the middle.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="LabException">A process could not be ended.</exception>
    public static async Task<bool> DownAsync(
        LabOptions? options = null, ILoggerFactory? loggerFactory = null, CancellationToken cancellationToken = default)
    {
        options ??= new LabOptions();
        if (!Directory.Exists(options.Folder))
        {
            return false;
        }

        var registry = new LabRegistry(options, Log.For(loggerFactory));
        var held = await registry.LockAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await registry.CleanUpAsync(cancellationToken).ConfigureAwait(false);
            var labs = registry.FindUnowned();
            foreach (var lab in labs)
            {
                await registry.EndAsync(lab, cancellationToken).ConfigureAwait(false);
                registry.Remove(lab);
            }

            return labs.Count > 0;
        }
        finally
        {
            registry.Leave(held);
        }
    }

    /// <summary>Ends a lab that belongs to this process: its guests, daemons and files. A lab made by <see cref="UpAsync"/> lives on.</summary>
    /// <exception cref="LabException">A process could not be ended.</exception>
    public async ValueTask DisposeAsync()
    {
        if (!_isOwned)
        {
            return;
        }

        _isOwned = false;
        await _registry.EndAsync(Folder, CancellationToken.None).ConfigureAwait(false);
        var held = await _registry.LockAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            _registry.Remove(Folder);
        }
        finally
        {
            _registry.Leave(held);
        }
    }

    private static VirtualLab Create(LabRegistry registry, LabOptions options, ILoggerFactory? loggerFactory)
    {
        var folder = registry.Create();
        registry.AddMachines(folder);
        return new VirtualLab(folder, RecordFile.Read(folder).Record!, options, loggerFactory);
    }

    private async Task StartHostsAsync(CancellationToken cancellationToken)
    {
        var ports = RecordFile.Read(Folder).Record!.Ports;
        for (var i = 0; i < ports.Count; i++)
        {
            HostFiles.Write(Hosts[i].Root, Guid.NewGuid(), ports[i], _account);
        }

        await RepairAsync(cancellationToken).ConfigureAwait(false);
        Log.Up(_log, Folder, string.Join(", ", Hosts.Select(h => h.Name)));
    }
}
