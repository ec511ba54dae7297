using System.Globalization;
using System.Xml.Linq;
using Libvirt.Interop;
using Orchestrator.Lab.Guests;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Images;
using Orchestrator.Lab.Processes;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab;

public sealed partial class VirtualLab
{
    // An emulated guest ticks two seconds after its start on an idle machine; twenty at once on two processors need a minute.
    private static readonly TimeSpan BootPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RecordPatience = TimeSpan.FromSeconds(30);

    private string CollectorProgram => Path.Combine(Folder, "image", "collector");

    /// <summary>Starts a guest, and returns when it ticks.</summary>
    /// <param name="options">How it shall be.</param>
    /// <param name="cancellationToken">Gives up; what was started is ended again.</param>
    /// <exception cref="LabException">The name is taken, or the guest did not start.</exception>
    /// <exception cref="LibvirtException">The host refused the domain.</exception>
    public async Task<LabGuest> StartGuestAsync(GuestOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MemoryMiB < GuestOptions.LeastMemoryMiB)
        {
            throw new LabException($"A guest needs at least {GuestOptions.LeastMemoryMiB} MiB of memory, not {options.MemoryMiB}.");
        }

        var host = options.Host is null ? Hosts[0] : GetHost(options.Host);
        if (host.Machine is not null)
        {
            throw new LabException($"{host.Name} is in an emulated machine, where no guest of this kind can be.", $"Use {nameof(StartMachineGuestAsync)}.", host.Name);
        }

        var cached = await GuestImage.EnsureAsync(_options, _loggerFactory, cancellationToken).ConfigureAwait(false);
        var (guest, image) = await AddGuestAsync(options, cached, cancellationToken).ConfigureAwait(false);
        try
        {
            await Collector.EnsureAsync(guest, CollectorProgram, _account, _options.Time, cancellationToken).ConfigureAwait(false);
            await LibvirtCall.RunAsync(host, connection => Create(connection, options, guest, image, options.FollowsFakeClocks ? FakeClock.WriteEmulator(Folder) : null), _options.Time, cancellationToken)
                .ConfigureAwait(false);
            // Meanwhile: a fresh daemon looks at every QEMU there is, a second or two that would be part of the first migration.
            var others = Hosts.Where(h => h != host).Select(h => WarmAsync(h, cancellationToken));
            await Task.WhenAll([WaitForTickAsync(guest, host, cancellationToken), .. others]).ConfigureAwait(false);
            Log.GuestTicks(_log, guest.Name, host.Name);
            if (options.DirtyMiBPerSecond > 0)
            {
                await SetDirtyRateAsync(guest, options.DirtyMiBPerSecond, cancellationToken).ConfigureAwait(false);
            }

            return guest;
        }
        catch
        {
            await RemoveFromHostsAsync(guest, CancellationToken.None).ConfigureAwait(false);
            await ForgetAsync(guest, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The document of a guest for one of the lab's hosts, to be defined by the caller under a name and UUID of its own. The lab does not remember it; it ticks on its console.</summary>
    /// <param name="options">How it shall be, with its host; nothing dirties its memory.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LabException">There is no such host, or the guest's image cannot be made.</exception>
    public async Task<XElement> GuestDocumentAsync(GuestOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var host = options.Host is null ? Hosts[0] : GetHost(options.Host);
        if (host.Machine is not null)
        {
            return MachineGuestDocument(options);
        }

        var image = (await GuestImage.EnsureAsync(_options, _loggerFactory, cancellationToken).ConfigureAwait(false)).CopyTo(Path.Combine(Folder, "image"));
        var hasKvm = await LibvirtCall.RunAsync(host, connection => GuestDomain.HasKvm(XElement.Parse(connection.GetCapabilities())), _options.Time, cancellationToken).ConfigureAwait(false);
        return GuestDomain.Document(options, Guid.NewGuid(), image, serialSocket: null, hasKvm);
    }

    /// <summary>Ends a guest, removes its domain from every host, and forgets it.</summary>
    /// <param name="guest">The guest's name.</param>
    /// <param name="cancellationToken">Gives up, in the middle.</param>
    /// <exception cref="LabException">There is no such guest, or a host does not answer: then it stays.</exception>
    public async Task RemoveGuestAsync(string guest, CancellationToken cancellationToken = default)
    {
        var found = GetGuest(guest);
        var problems = await RemoveFromHostsAsync(found, cancellationToken).ConfigureAwait(false);
        if (problems.Count > 0)
        {
            throw new LabException($"Guest {guest} could not be removed from everywhere: {string.Join("; ", problems)}");
        }

        await ForgetAsync(found, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A guest by its name.</summary>
    /// <exception cref="LabException">There is no such guest.</exception>
    public LabGuest GetGuest(string name) => Guests.FirstOrDefault(g => g.Name == name)
        ?? throw new LabException($"The lab has no guest '{name}'.", "Start one: orchestrator lab guest.");

    private async Task<(LabGuest Guest, GuestImage Image)> AddGuestAsync(GuestOptions options, GuestImage cached, CancellationToken cancellationToken)
    {
        using var alone = await LockRecordAsync(cancellationToken).ConfigureAwait(false);
        var record = RecordFile.Read(Folder).Record ?? throw new LabException($"The lab in {Folder} is gone.");
        if (record.Guests.Any(g => g.Name == options.Name))
        {
            throw new LabException($"The lab already has a guest '{options.Name}'.", "Choose another name.");
        }

        var image = cached.CopyTo(Path.Combine(Folder, "image"));
        var number = Enumerable.Range(1, int.MaxValue).First(n => !Directory.Exists(GuestFolder(n)));
        var folder = Directory.CreateDirectory(GuestFolder(number), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        _account.Give(folder);
        var guest = Collector.Describe(options, folder);
        RecordFile.Write(Folder, record with { Guests = [.. record.Guests, guest] });
        return (guest, image);

        string GuestFolder(int n) => Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"g{n}"));
    }

    private static bool Create(LibvirtConnection connection, GuestOptions options, LabGuest guest, GuestImage image, string? emulator)
    {
        var hasKvm = GuestDomain.HasKvm(XElement.Parse(connection.GetCapabilities()));
        var document = GuestDomain.Document(options, guest.Uuid, image, Collector.SerialSocket(guest), hasKvm, emulator).ToString();
        using var domain = options.Persistent ? connection.DefineXml(document) : connection.CreateXml(document);
        if (options.Persistent)
        {
            domain.Create();
        }

        return true;
    }

    private async Task WarmAsync(LabHost host, CancellationToken cancellationToken)
    {
        try
        {
            await LibvirtCall.RunAsync(host, connection => connection.GetCapabilities(), _options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LibvirtException or LabException)
        {
            Log.NotWarmed(_log, host.Name, e.Message);
        }
    }

    private async Task WaitForTickAsync(LabGuest guest, LabHost host, CancellationToken cancellationToken)
    {
        var began = _options.Time.GetUtcNow();
        var look = began + LookAfter;
        while (!File.Exists(guest.TickLog) || TickLogReader.Read(guest.TickLog, began - BootPatience, DateTimeOffset.MaxValue).Count == 0)
        {
            var now = _options.Time.GetUtcNow();
            if (now > began + BootPatience)
            {
                throw DoesNotTick("is silent");
            }

            if (now > look)
            {
                look = now + LookAfter;
                if (!await LibvirtCall.RunAsync(host, c => IsActive(c, guest.Uuid), _options.Time, cancellationToken).ConfigureAwait(false))
                {
                    throw DoesNotTick("has ended");
                }
            }

            await Task.Delay(Pause, _options.Time, cancellationToken).ConfigureAwait(false);
        }

        LabException DoesNotTick(string how) =>
            new($"Guest {guest.Name} {how}. {LogTail.Quote(guest.TickLog)} {LogTail.Quote(host.GuestLog(guest.Name))}", host: host.Name);
    }

    private static bool IsActive(LibvirtConnection connection, Guid uuid)
    {
        using var domain = connection.TryLookupByUuid(uuid);
        return domain is not null && domain.IsActive();
    }

    private async Task<IReadOnlyList<string>> RemoveFromHostsAsync(LabGuest guest, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (var host in Hosts)
        {
            try
            {
                await LibvirtCall.RunAsync(host, connection => Remove(connection, guest.Uuid), _options.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is LibvirtException or LabException)
            {
                Log.NotRemoved(_log, guest.Name, host.Name, e.Message);
                problems.Add($"{host.Name}: {e.Message}");
            }
        }

        return problems;
    }

    private async Task ForgetAsync(LabGuest guest, CancellationToken cancellationToken)
    {
        using var alone = await LockRecordAsync(cancellationToken).ConfigureAwait(false);
        await ProcessEnder.EndAsync(LabProcess.FindIn(Collector.FolderOf(guest)), _options.Time, cancellationToken).ConfigureAwait(false);
        if (RecordFile.Read(Folder).Record is { } record)
        {
            RecordFile.Write(Folder, record with { Guests = [.. record.Guests.Where(g => g.Uuid != guest.Uuid)] });
        }

        Directory.Delete(Collector.FolderOf(guest), recursive: true);
    }

    private static bool Remove(LibvirtConnection connection, Guid uuid)
    {
        using var domain = connection.TryLookupByUuid(uuid);
        if (domain is null)
        {
            return false;
        }

        var isPersistent = domain.IsPersistent();
        if (domain.IsActive())
        {
            Destroy(domain);
        }

        if (isPersistent)
        {
            domain.Undefine();
        }

        return true;
    }

    private static void Destroy(LibvirtDomain domain)
    {
        try
        {
            domain.Destroy();
        }
        catch (LibvirtException e) when (e.Code == LibvirtErrorCode.OperationInvalid && !domain.IsActive())
        {
            // A daemon that was just restarted is still connecting to the QEMU that we end: it then says that there is none.
        }
    }

    private Task<FileLock> LockRecordAsync(CancellationToken cancellationToken) =>
        FileLock.AcquireAsync(Path.Combine(Folder, "lock"), RecordPatience, _options.Time, cancellationToken);
}
