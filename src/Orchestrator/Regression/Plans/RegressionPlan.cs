using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Regression.Plans;

/// <summary>What a night measures, and what it may not exceed. Written as YAML; its schema is <c>schemas/regression-plan.schema.json</c>.</summary>
public sealed record RegressionPlan
{
    /// <summary>Its name: runs of one name are one history.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in words.</summary>
    public string? Description { get; init; }

    /// <summary>The host that guests live on; <see langword="null"/> when the caller names it.</summary>
    public string? Source { get; init; }

    /// <summary>The host that they are sent to.</summary>
    public string? Destination { get; init; }

    /// <summary>Whether the plan brings a lab of its own up and takes it down: its hosts are the lab's first two.</summary>
    public bool UsesLab { get; init; }

    /// <summary>What tells its runs apart, such as the build under test and the round; the caller adds his own.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>The guests, by the names that scenarios use.</summary>
    public required IReadOnlyDictionary<string, PlannedGuest> Guests { get; init; }

    /// <summary>What is measured, in this order.</summary>
    public required IReadOnlyList<Scenario> Scenarios { get; init; }

    /// <summary>How runs are compared with a baseline, unless a scenario says otherwise.</summary>
    public ComparisonRule Comparison { get; init; } = new();

    /// <summary>Settings of both hosts for the time of the run, by sysctl's names, such as <c>kernel.printk</c>; put back afterwards.</summary>
    public IReadOnlyDictionary<string, string> HostSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>What is run before the first scenario; <see langword="null"/> for nothing. Its failure ends the run.</summary>
    public Hook? Before { get; init; }

    /// <summary>What is run after the last one, whatever became of them.</summary>
    public Hook? After { get; init; }
}

/// <summary>Where a guest comes from. Exactly one of the three is set.</summary>
public sealed record PlannedGuest
{
    /// <summary>A domain that the source has: it is started if it is off, and left as it was found.</summary>
    public string? Domain { get; init; }

    /// <summary>A domain document, as a full path: defined and started for the run, and removed afterwards.</summary>
    public string? Xml { get; init; }

    /// <summary>A guest of the lab, made for the run.</summary>
    public LabGuestSpec? Lab { get; init; }

    /// <summary>What its devices become on the destination, where that cannot be found out, as vDPA disks cannot; on the way back the other way around.</summary>
    public IReadOnlyList<DeviceMapEntry> Map { get; init; } = [];

    /// <summary>What tells that it has booted; a lab's guest ticks then, whatever stands here.</summary>
    public GuestReadiness Ready { get; init; }

    /// <summary>How long it may take from the start until it is ready for work; 60 seconds by default.</summary>
    public TimeSpan BootTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>What tells that a guest has booted.</summary>
public enum GuestReadiness
{
    /// <summary>Its guest agent answers, where its domain has a channel for one; else that it runs.</summary>
    Auto,

    /// <summary>Its guest agent answers.</summary>
    Agent,

    /// <summary>That it runs: nothing inside is waited for.</summary>
    Running,
}

/// <summary>A guest of the lab.</summary>
/// <param name="MemoryMiB">Its memory.</param>
/// <param name="Vcpus">Its virtual CPUs.</param>
/// <param name="DirtyMiBPerSecond">How fast it dirties memory.</param>
/// <param name="Shell">Whether it has a second serial port with a shell.</param>
public sealed record LabGuestSpec(int MemoryMiB = 128, int Vcpus = 1, double DirtyMiBPerSecond = 0, bool Shell = false);

/// <summary>What a scenario measures.</summary>
public enum ScenarioKind
{
    /// <summary>The downtime of a migration.</summary>
    Migrate,

    /// <summary>How long a guest takes to start, and to stop.</summary>
    Lifecycle,

    /// <summary>How long devices take to be attached, and to be detached.</summary>
    HotPlug,
}

/// <summary>One thing that is measured, several times.</summary>
public sealed record Scenario
{
    /// <summary>Its name, which no other scenario of the plan has.</summary>
    public required string Name { get; init; }

    /// <summary>What it measures.</summary>
    public ScenarioKind Kind { get; init; }

    /// <summary>The guest, by the plan's name for it.</summary>
    public required string Guest { get; init; }

    /// <summary>Device documents, as full paths: attached before the first repetition (hot-plug: measured), detached after the last.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>What the guest does meanwhile; <see langword="null"/> for nothing.</summary>
    public GuestLoad? Load { get; init; }

    /// <summary>What a migration may do to come to its end.</summary>
    public MigrationPolicy Policy { get; init; } = MigrationPolicy.Adaptive;

    /// <summary>Who drives a migration.</summary>
    public MigrationMode Mode { get; init; }

    /// <summary>The limit of the blackout; <see langword="null"/> for the policy's own.</summary>
    public TimeSpan? MaxDowntime { get; init; }

    /// <summary>The most bandwidth, in MiB/s; <see langword="null"/> for the policy's own.</summary>
    public long? BandwidthMiBps { get; init; }

    /// <summary>Consent to libvirt's warnings about storage.</summary>
    public bool Unsafe { get; init; }

    /// <summary>Consents by name.</summary>
    public IReadOnlySet<string> Allow { get; init; } = new HashSet<string>();

    /// <summary>How often it is measured. The way back is measured as well unless <see cref="MeasureWayBack"/> is off: a repetition is one value.</summary>
    public int Repetitions { get; init; } = 5;

    /// <summary>How often it is done before, without counting.</summary>
    public int WarmUps { get; init; } = 1;

    /// <summary>Whether migrations in both directions count. If not, the guest goes home between repetitions without being counted.</summary>
    public bool MeasureWayBack { get; init; } = true;

    /// <summary>How long one repetition may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What its values may not exceed.</summary>
    public ScenarioLimits Limits { get; init; } = new();

    /// <summary>How it is compared with a baseline; <see langword="null"/> for the plan's own way.</summary>
    public ComparisonRule? Comparison { get; init; }

    /// <summary>The largest difference of the hosts' clocks with which it is measured at all; <see langword="null"/> for any. What is told of the clocks is corrected for in any case.</summary>
    public TimeSpan? ClockAgreement { get; init; }

    /// <summary>What is run before each repetition.</summary>
    public Hook? Before { get; init; }

    /// <summary>What is run after each repetition.</summary>
    public Hook? After { get; init; }
}

/// <summary>Limits of a scenario's values, in milliseconds; each that is set has to be kept, by more than the values' doubt.</summary>
public sealed record ScenarioLimits
{
    /// <summary>The most that each single value may be.</summary>
    public double? EachMs { get; init; }

    /// <summary>The most that the median may be.</summary>
    public double? MedianMs { get; init; }

    /// <summary>The most that the 95th percentile may be.</summary>
    public double? P95Ms { get; init; }

    /// <summary>The most that the largest value may be.</summary>
    public double? MaxMs { get; init; }
}

/// <summary>When a change against the baseline is a regression: see <c>docs/regression-statistics.md</c>.</summary>
public sealed record ComparisonRule
{
    /// <summary>The largest probability with which an unchanged system may look as different as this: between 0 and 1.</summary>
    public double Significance { get; init; } = 0.01;

    /// <summary>The smallest change of the median that matters, in milliseconds.</summary>
    public double MinimumMs { get; init; } = 20;

    /// <summary>The same in percent of the baseline's median; the larger of the two holds.</summary>
    public double MinimumPercent { get; init; } = 15;
}

/// <summary>What is run in a guest.</summary>
public sealed record GuestLoad
{
    /// <summary>The way into the guest.</summary>
    public required LoadChannel Channel { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Where the guest is reached over SSH (<c>user@host</c>); only for that channel.</summary>
    public string? Ssh { get; init; }

    /// <summary>The serial port by libvirt's alias, such as <c>serial1</c>; <see langword="null"/> for the first console. Only for that channel.</summary>
    public string? Console { get; init; }

    /// <summary>What proves that it can be run, as a program and its arguments that must succeed first; <see langword="null"/> to ask whether the program is there.</summary>
    public IReadOnlyList<string>? Check { get; init; }

    /// <summary>Whether it has to have ended by itself, successfully, after the migration; else it is ended.</summary>
    public bool MustFinish { get; init; }

    /// <summary>How long it may go on after the repetition when it has to finish.</summary>
    public TimeSpan FinishTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long it runs before the repetition begins.</summary>
    public TimeSpan Lead { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>A way into a guest.</summary>
public enum LoadChannel
{
    /// <summary>QEMU's guest agent (<c>guest-exec</c>).</summary>
    Agent,

    /// <summary>The system's <c>ssh</c>.</summary>
    Ssh,

    /// <summary>A shell that the guest has open on a serial port.</summary>
    Serial,
}

/// <summary>A program of the user's, run on this machine without a shell.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Timeout">How long it may take; then it is ended, and has failed.</param>
public sealed record Hook(IReadOnlyList<string> Command, TimeSpan Timeout);
