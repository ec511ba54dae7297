using System.Text.Json;

namespace Faults;

/// <summary>Who drives the migration.</summary>
internal enum FaultMode
{
    P2p,
    Direct,
}

/// <summary>What goes wrong.</summary>
internal enum Fault
{
    OrchestratorKilled,
    OrchestratorFrozen,
    SourceDaemonKilled,
    DestinationDaemonKilled,
    SourceQemuKilled,
    DestinationQemuKilled,
    LinkCut,
    LinkStalled,
    RpcCut,
    RpcStalled,
}

/// <summary>When it goes wrong; in their order.</summary>
internal enum FaultPhase
{
    /// <summary>The tool has said that it works, and the destination knows nothing yet.</summary>
    Plan,

    /// <summary>The destination's QEMU waits for the guest.</summary>
    Prepare,

    FirstIteration,

    LaterIteration,

    /// <summary>The source's vCPUs are stopped, and the destination has not everything yet.</summary>
    SwitchOver,

    /// <summary>The destination has everything, and does not run yet.</summary>
    Finish,

    /// <summary>The guest runs on the destination, and the source, which still has it stopped, does not know yet.</summary>
    Resumed,

    /// <summary>The source has let go of the guest; the tool looks what has become of it.</summary>
    After,
}

/// <summary>One cell of the matrix.</summary>
internal sealed record FaultCell(FaultMode Mode, Fault Fault, FaultPhase Phase)
{
    /// <summary>Every cell there is: a process that is not there in a phase cannot be killed in it.</summary>
    internal static IReadOnlyList<FaultCell> All { get; } =
    [
        .. from mode in Enum.GetValues<FaultMode>()
           from fault in Enum.GetValues<Fault>()
           from phase in Enum.GetValues<FaultPhase>()
           where !(fault == Fault.DestinationQemuKilled && phase == FaultPhase.Plan) && !(fault == Fault.SourceQemuKilled && phase == FaultPhase.After)
           select new FaultCell(mode, fault, phase),
    ];

    /// <summary>The cells that a sample runs: with each seed others, of each fault so many.</summary>
    internal static IReadOnlyList<FaultCell> Sample(int seed, int perFault)
    {
        var random = new Random(seed);
        return [.. All.GroupBy(cell => cell.Fault).SelectMany(group => random.GetItems([.. group], perFault).Distinct())];
    }

    /// <summary>A word as the command line and the record write it: <c>first-iteration</c>.</summary>
    internal static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName($"{value}");

    internal static T Parse<T>(string word)
        where T : struct, Enum => Enum.GetValues<T>().First(value => Word(value) == word);

    public override string ToString() => $"{Word(Mode)} {Word(Fault)} {Word(Phase)}";
}
