using System.Diagnostics;
using System.Text.Json;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Lab.Relays;

namespace Faults;

/// <summary>Runs cells, one after the other, on a lab with a guest that goes from one to the next as long as it lives.</summary>
internal sealed class CellRunner(VirtualLab lab, HostLook a, HostLook b, string folder, bool recovers, TextWriter output) : IAsyncDisposable
{
    private const string Guest = "struck";
    private const int MostTries = 4;

    // Fast enough that a cell takes seconds, slow enough that the guest's memory takes more than one iteration.
    private const int BandwidthMiBps = 48;
    private const int DirtyMiBps = 16;

    // What passes between the hosts arrives later: the phases that are over in milliseconds become long enough to be struck.
    private static readonly TimeSpan LinkLate = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan RpcLate = TimeSpan.FromMilliseconds(60);

    private static readonly TimeSpan MigrationPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, string> _environment = new()
    {
        ["ORCHESTRATOR_LAB_FOLDER"] = Path.GetDirectoryName(lab.Folder)!,
        ["XDG_CONFIG_HOME"] = Path.Combine(folder, "config"),
        ["ORCHESTRATOR_STATE_DIR"] = Path.Combine(folder, "state"),
        ["ORCHESTRATOR_CONFIG"] = "",
        ["ORCHESTRATOR_HOSTS"] = "",
    };

    private LabGuest? _guest;
    private HostLook? _at;

    /// <summary>Where the guest is.</summary>
    private HostLook Home
    {
        get => _at ?? a;
        set => _at = value;
    }

    internal static async Task<CellRunner> StartAsync(VirtualLab lab, string folder, bool recovers, TextWriter output, CancellationToken cancellationToken)
    {
        var looks = new List<HostLook>();
        foreach (LabHost host in lab.Hosts)
        {
            looks.Add(new(host, await LibvirtHost.ConnectAsync(new(host.Name, host.Uri), cancellationToken: cancellationToken)));
        }

        return new(lab, looks[0], looks[1], folder, recovers, output);
    }

    /// <summary>Runs a cell, and again when the fault missed its phase.</summary>
    internal async Task<CellRecord> RunAsync(FaultCell cell, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            CellRecord? record = await TryAsync(cell, attempt, cancellationToken);
            if (record is { Hit: true } || (record is not null && (record.Problems.Count > 0 || attempt >= MostTries)))
            {
                return record;
            }

            if (record is null && attempt >= MostTries)
            {
                throw new InvalidOperationException($"{cell}: the phase was never seen");
            }
        }
    }

    /// <summary>A plain migration, without a fault: to compare with.</summary>
    internal async Task<ToolRun> MigrateAsync(CancellationToken cancellationToken)
    {
        await EnsureGuestAsync(cancellationToken);
        HostLook destination = Other(Home);
        ToolRun run = await ToolProcess.RunAsync(_environment, MigrationPatience, ["migrate", Guest, "--from", Home.Lab.Uri, "--to", destination.Lab.Uri, "--json"]);
        Home = run.ExitCode == CellJudge.Done ? destination : Home;
        return run;
    }

    public async ValueTask DisposeAsync()
    {
        await a.Host.DisposeAsync();
        await b.Host.DisposeAsync();
    }

    private async Task<CellRecord?> TryAsync(FaultCell cell, int attempt, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        LabGuest guest = await EnsureGuestAsync(cancellationToken);
        (HostLook source, HostLook destination) = (Home, Other(Home));
        await using TcpRelay link = TcpRelay.Start();
        await using SocketRelay rpc = lab.RelayDaemon(destination.Lab.Name);
        link.Delay(RelayDirection.Forth, LinkLate);
        rpc.Delay(RelayDirection.Forth, RpcLate);
        rpc.Delay(RelayDirection.Back, RpcLate);
        source.Begin(Guest);
        destination.Begin(Guest);
        long ticked = LastTick(guest)?.Sequence ?? 0;

        EventRecorder sourceEvents = await source.Host.RecordEventsAsync(Guest, guest.Uuid, cancellationToken);
        EventRecorder destinationEvents = await destination.Host.RecordEventsAsync(Guest, guest.Uuid, cancellationToken);
        await using ToolProcess tool = ToolProcess.Start(
            _environment,
            ["migrate", Guest, "--from", source.Lab.Uri, "--to", rpc.Uri, "--mode", FaultCell.Word(cell.Mode), "--bandwidth", $"{BandwidthMiBps}", "--max-downtime", "100ms",
                "--migrate-uri", link.MigrateUri, "--listen-address", link.ListenAddress, "--json"]);
        using var phases = new PhaseWait(sourceEvents, destinationEvents, tool);
        var injection = new FaultInjection(lab, cell.Fault, tool, source, destination, Guest, link, rpc);
        if (!await phases.UntilAsync(cell.Phase) || injection.Strike() is not { } struckAt)
        {
            ToolRun missed = await tool.EndAsync(MigrationPatience);
            output.WriteLine($"{cell}: the fault found nothing to strike (try {attempt}); the migration ended with code {missed.ExitCode}: {missed.Message}");
            Home = missed.Outcome == "completed" ? destination : source;
            if (missed.ExitCode != CellJudge.Done)
            {
                await ForgetGuestAsync(cancellationToken);
            }

            return null;
        }

        Task mending = injection.MendSoonAsync(cancellationToken);
        ToolRun run = await tool.EndAsync(MigrationPatience);
        BothFacts atItsEnd = await LookAsync(source, destination, guest, cancellationToken);
        await mending;
        injection.MendAll();
        await tool.KillAsync();
        await lab.RepairAsync(cancellationToken);

        // The events that were under way come with the answers to these.
        await source.Host.ListDomainsAsync(cancellationToken);
        await destination.Host.ListDomainsAsync(cancellationToken);
        FaultPhase struck = phases.At(struckAt);
        string[] events = [.. phases.Events, $"{struckAt:HH:mm:ss.fff} struck", .. tool.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(4)];

        ToolRun? recovery = !recovers ? null : await RecoverAsync(source, rpc, run, cell, cancellationToken);
        BothFacts settled = await SettleAsync(source, destination, guest, cancellationToken);
        Undecided? undecided = null;
        if (recovery is not null && settled.Place == GuestPlace.Both && CellJudge.MayRunTwice(cell.Fault, struck))
        {
            undecided = new(settled, phases.SourceRanAgain, recovery, guest.Uuid);
            await source.RemoveAsync(guest.Uuid, cancellationToken);
            recovery = await RecoverAsync(source, rpc, run, cell, cancellationToken);
            settled = await SettleAsync(source, destination, guest, cancellationToken);
        }

        bool isAlive = settled.Place is GuestPlace.Source or GuestPlace.Destination && await TicksAsync(guest, ticked, cancellationToken);
        int? open = recovers ? await OpenOperationsAsync() : null;
        Home = settled.Place == GuestPlace.Destination ? destination : source;
        ToolRun? next = isAlive ? await MigrateAsync(cancellationToken) : null;

        var evidence = new CellEvidence
        {
            Cell = cell,
            Struck = struck,
            Migration = cell.Fault == Fault.OrchestratorKilled ? null : run,
            AtItsEnd = atItsEnd,
            Undecided = undecided,
            Recovery = recovery,
            OpenOperations = open,
            Settled = settled,
            IsAlive = isAlive,
            Next = next,
        };
        IReadOnlyList<string> problems = CellJudge.Judge(evidence);
        if (problems.Count > 0 || next is null)
        {
            await ForgetGuestAsync(cancellationToken);
        }

        return CellRecord.Of(evidence, problems, attempt, Stopwatch.GetElapsedTime(began), events);
    }

    /// <summary>Recovers as its users do: what the journal knows; and, where that was nothing, the guest by its name.</summary>
    private async Task<ToolRun> RecoverAsync(HostLook source, SocketRelay rpc, ToolRun run, FaultCell cell, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ToolRun recovery = await ToolProcess.RunAsync(_environment, MigrationPatience, ["recover", "--json"]);
        bool isUnfinished = cell.Fault == Fault.OrchestratorKilled || run.ExitCode is null or CellJudge.NeedsPerson;
        if (recovery.ExitCode != CellJudge.Done || !isUnfinished || CountOperations(recovery.Output) != 0)
        {
            return recovery;
        }

        return await ToolProcess.RunAsync(_environment, MigrationPatience, ["recover", Guest, "--from", source.Lab.Uri, "--to", rpc.Uri, "--json"]);
    }

    private async Task<int?> OpenOperationsAsync() =>
        CountOperations((await ToolProcess.RunAsync(_environment, MigrationPatience, ["recover", "--dry-run", "--json"])).Output);

    /// <summary>How many operations a recovery was about; <see langword="null"/> when it did not say.</summary>
    private static int? CountOperations(string json)
    {
        try
        {
            return JsonDocument.Parse(json).RootElement is { ValueKind: JsonValueKind.Array } operations ? operations.GetArrayLength() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<BothFacts> LookAsync(HostLook source, HostLook destination, LabGuest guest, CancellationToken cancellationToken) =>
        new(await source.LookAsync(guest.Name, guest.Uuid, cancellationToken), await destination.LookAsync(guest.Name, guest.Uuid, cancellationToken));

    /// <summary>Looks until one copy runs and nothing more is done about it; a libvirt that takes back a guest is not waited for by all who ask for that.</summary>
    private static async Task<BothFacts> SettleAsync(HostLook source, HostLook destination, LabGuest guest, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            BothFacts facts = await LookAsync(source, destination, guest, cancellationToken);
            bool isSettled = facts is { Place: GuestPlace.Source, Source: { IsRunning: true, Job: null }, Destination: { IsThere: false, Qemus: 0, StrangeFiles.Count: 0 } }
                or { Place: GuestPlace.Destination, Destination: { IsRunning: true, Job: null }, Source: { IsThere: false, Qemus: 0, StrangeFiles.Count: 0 } };
            if (isSettled || Stopwatch.GetElapsedTime(began) > Settling)
            {
                return facts;
            }

            await Task.Delay(200, cancellationToken);
        }
    }

    private static async Task<bool> TicksAsync(LabGuest guest, long after, CancellationToken cancellationToken)
    {
        DateTimeOffset from = TimeProvider.System.GetUtcNow();
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < SignOfLife)
        {
            if (LastTick(guest) is { } last && last.Arrived > from)
            {
                return last.Sequence > after;
            }

            await Task.Delay(50, cancellationToken);
        }

        return false;
    }

    private static Tick? LastTick(LabGuest guest) =>
        TickLogReader.Read(guest.TickLog, TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(2), DateTimeOffset.MaxValue) is [.., var last] ? last : null;

    private HostLook Other(HostLook host) => host == a ? b : a;

    private async Task<LabGuest> EnsureGuestAsync(CancellationToken cancellationToken)
    {
        if (_guest is null)
        {
            Home = a;
            _guest = await lab.StartGuestAsync(new() { Name = Guest, Host = a.Lab.Name, MemoryMiB = GuestOptions.LeastMemoryMiB, DirtyMiBPerSecond = DirtyMiBps, WorkingSetMiB = 24 }, cancellationToken);
        }

        return _guest;
    }

    /// <summary>After a cell in which something went wrong the next begins with a new guest, and without the old one's operations.</summary>
    private async Task ForgetGuestAsync(CancellationToken cancellationToken)
    {
        await lab.RepairAsync(cancellationToken);
        await lab.RemoveGuestAsync(Guest, cancellationToken);
        _guest = null;
        if (Directory.Exists(_environment["ORCHESTRATOR_STATE_DIR"]))
        {
            Directory.Delete(_environment["ORCHESTRATOR_STATE_DIR"], recursive: true);
        }
    }
}
