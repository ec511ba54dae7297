using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Recovery;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Running;

/// <summary>How a night is run.</summary>
public sealed record NightOptions
{
    /// <summary>What the run is called: see <see cref="Store.RegressionStore.NewId"/>.</summary>
    public required string Id { get; init; }

    /// <summary>The run's own folder, for its evidence and what its hooks print.</summary>
    public required string Folder { get; init; }

    /// <summary>What opens the store that the run is kept in, for the journal: <see cref="Regression.Store.RegressionStore.Connection"/>. <see langword="null"/> for none.</summary>
    public string? Store { get; init; }

    /// <summary>The caller's labels; they override the plan's.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>This program's version.</summary>
    public string Tool { get; init; } = "";

    /// <summary>Where what is changed is written down before; <see langword="null"/> for nowhere.</summary>
    public Journal? Journal { get; init; }

    /// <summary>Settles what dead processes left on a guest before it is worked on; <see langword="null"/> to refuse such a guest.</summary>
    public Recoverer? Recoverer { get; init; }

    /// <summary>Whether the hosts are the caller's and end with its process, as those of its own lab do: nobody else has to put back what is changed there.</summary>
    public bool OwnsHosts { get; init; }

    /// <summary>Makes the guests of the lab; <see langword="null"/> where there is none.</summary>
    public LabGuestMaker? MakeGuest { get; init; }

    /// <summary>This machine's files.</summary>
    public HostFiles Files { get; init; } = new();

    /// <summary>The program <c>ssh</c>: its path, or its name.</summary>
    public string Ssh { get; init; } = "ssh";

    /// <summary>Told of the run whenever there is more of it: when it is opened, after each scenario, and at its end.</summary>
    public Func<RegressionRun, Task>? Changed { get; init; }

    /// <summary>Told what is being done.</summary>
    public IProgress<NightProgress>? Progress { get; init; }
}

/// <summary>How far a night is.</summary>
/// <param name="Message">What is being done or was measured, in words.</param>
/// <param name="Scenario">The scenario; <see langword="null"/> before and after them.</param>
/// <param name="Repetition">The repetition, from 1; 0 when it is none.</param>
/// <param name="Of">How many repetitions there are, warm-ups included.</param>
/// <param name="Migration">How far its migration is; <see langword="null"/> when none runs.</param>
public sealed record NightProgress(string Message, string? Scenario = null, int Repetition = 0, int Of = 0, MigrationProgress? Migration = null);

/// <summary>Makes a guest of the lab on the source, and waits until it ticks; one of this name that the lab has already will do.</summary>
/// <param name="name">The guest's name, which its domain gets.</param>
/// <param name="spec">How it shall be.</param>
/// <param name="cancellationToken">Gives up.</param>
public delegate Task<MadeLabGuest> LabGuestMaker(string name, LabGuestSpec spec, CancellationToken cancellationToken);

/// <summary>A guest of the lab.</summary>
/// <param name="Uuid">Its domain.</param>
/// <param name="ReadTicks">Reads its ticks between two instants.</param>
/// <param name="RemoveAsync">Removes it again; <see langword="null"/> for one that was there before.</param>
public sealed record MadeLabGuest(Guid Uuid, Func<DateTimeOffset, DateTimeOffset, IReadOnlyList<GuestTick>> ReadTicks, Func<Task>? RemoveAsync);
