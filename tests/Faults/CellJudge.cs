using System.Text.RegularExpressions;

namespace Faults;

/// <summary>
/// Says what of a cell was not as it must be: another number of copies than one, an outcome that does not tell what is there, something left behind. Its
/// expectations are those of the exit codes' contract. Pure.
/// </summary>
internal static class CellJudge
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int Unreachable = 3;
    internal const int Refused = 4;
    internal const int Degraded = 6;
    internal const int NeedsPerson = 7;

    private static readonly Dictionary<string, int> CodeOf = new()
    {
        ["completed"] = Done,
        ["failed"] = Failed,
        ["unreachable"] = Unreachable,
        ["refused"] = Refused,
        ["timed_out"] = 5,
        ["degraded"] = Degraded,
        ["needs_person"] = NeedsPerson,
        ["cancelled"] = 130,
    };

    internal static IReadOnlyList<string> Judge(CellEvidence evidence) =>
        [.. Choice(evidence), .. Copies(evidence), .. Telling(evidence), .. Recovery(evidence), .. Leftovers(evidence), .. Next(evidence)];

    /// <summary>
    /// Whether both copies may have run, so that only a person can choose: the source's daemon never got the answer that the destination runs the guest, takes that for a
    /// failure, and lets its own copy run again.
    /// </summary>
    internal static bool MayRunTwice(Fault fault, FaultPhase struck) => struck == FaultPhase.Resumed && fault is (Fault.RpcCut or Fault.DestinationDaemonKilled);

    /// <summary>Whether the guest may be gone: its QEMU was the victim, and no other had all of it and was let run.</summary>
    internal static bool MayBeLost(Fault fault, FaultPhase struck) => fault switch
    {
        Fault.SourceQemuKilled => struck < FaultPhase.Resumed,
        Fault.DestinationQemuKilled => struck >= FaultPhase.Resumed,
        _ => false,
    };

    /// <summary>Whether the source may have the guest back that had begun to run on the destination: its time went back, and what it left there is kept.</summary>
    internal static bool FallsBack(Fault fault, FaultPhase struck) => fault == Fault.DestinationQemuKilled && struck == FaultPhase.Resumed;

    /// <summary>Where the guest may be in the end.</summary>
    internal static IReadOnlyList<GuestPlace> Places(Fault fault, FaultPhase struck) => (fault, struck) switch
    {
        (Fault.DestinationQemuKilled, FaultPhase.After) => [GuestPlace.None],
        (Fault.DestinationQemuKilled, FaultPhase.Resumed) => [GuestPlace.None, GuestPlace.Source], // libvirt lets the source take it back: no other copy runs any more
        (_, >= FaultPhase.Resumed) => [GuestPlace.Destination],
        (Fault.SourceQemuKilled, FaultPhase.Finish) => [GuestPlace.Destination, GuestPlace.None],
        (Fault.SourceQemuKilled, _) => [GuestPlace.None],
        (Fault.DestinationQemuKilled, _) => [GuestPlace.Source],

        // What only waits for a few seconds goes on afterwards.
        (Fault.OrchestratorFrozen or Fault.LinkStalled or Fault.RpcStalled, _) => [GuestPlace.Destination],
        (Fault.LinkCut, < FaultPhase.SwitchOver) => [GuestPlace.Source],
        (Fault.LinkCut, FaultPhase.Finish) => [GuestPlace.Destination],
        (Fault.RpcCut or Fault.SourceDaemonKilled or Fault.DestinationDaemonKilled, FaultPhase.Plan) => [GuestPlace.Source],
        _ => [GuestPlace.Source, GuestPlace.Destination],
    };

    /// <summary>With which codes the migration may end when the guest is there in the end, and that was found at its own end.</summary>
    internal static IReadOnlyList<int> Codes(Fault fault, FaultPhase struck, GuestPlace place, BothFacts atItsEnd)
    {
        bool isBlind = atItsEnd.Place == GuestPlace.Unknown || fault == Fault.RpcCut;
        bool losesHost = fault is Fault.SourceDaemonKilled or Fault.DestinationDaemonKilled or Fault.RpcCut;
        IEnumerable<int> codes = place switch
        {
            // Killed after it was seen to run there, the guest had been migrated all the same.
            GuestPlace.None when struck >= FaultPhase.Resumed => [Done, NeedsPerson],
            GuestPlace.None when struck == FaultPhase.Plan => [Refused, NeedsPerson],
            GuestPlace.None => [NeedsPerson],
            GuestPlace.Destination => [Done],
            GuestPlace.Source when FallsBack(fault, struck) => [Degraded],
            GuestPlace.Source when losesHost => [Failed, Unreachable],
            GuestPlace.Source => [Failed],
            _ => [NeedsPerson],
        };
        if (isBlind)
        {
            codes = codes.Append(NeedsPerson); // nobody could know
        }

        if (place == GuestPlace.Destination && (atItsEnd.Source.IsThere || !atItsEnd.Destination.IsDefined))
        {
            codes = codes.Append(Degraded); // it was true when it was said; the recovery has set it right
        }

        return [.. codes];
    }

    /// <summary>What was left to a person has to be just that, and told with all that the person needs.</summary>
    private static IEnumerable<string> Choice(CellEvidence evidence)
    {
        if (evidence.Undecided is not { } left)
        {
            yield break;
        }

        if (!MayRunTwice(evidence.Cell.Fault, evidence.Struck) || !left.SourceRanAgain)
        {
            yield return "a person had to choose between two copies, of which only one had run";
        }

        if (left.Facts is not { Source: { IsPaused: true, Qemus: 1 }, Destination: { IsRunning: true, Qemus: 1 } })
        {
            yield return $"before a person chose, the destination's copy alone was to run: source {left.Facts.Source.State}, destination {left.Facts.Destination.State}";
        }

        if (left.Recovery.ExitCode != NeedsPerson)
        {
            yield return $"with two copies recover ended with code {left.Recovery.ExitCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none in time"}: {left.Recovery.Message}";
        }

        // Whether the migration itself could ask both hosts depends on the fault; the recovery could.
        IEnumerable<string> hosts = Regex.Matches(left.Recovery.Remedy ?? "", $"virsh -c '([^']+)' destroy {left.Uuid}").Select(match => match.Groups[1].Value);
        if (hosts.Distinct().Count() != 2)
        {
            yield return $"recover does not say how to keep either of the two copies: {left.Recovery.Remedy}";
        }
    }

    private static IEnumerable<string> Copies(CellEvidence evidence)
    {
        BothFacts facts = evidence.Settled;
        GuestPlace place = facts.Place;
        Fault fault = evidence.Cell.Fault;
        if (place is GuestPlace.Both or GuestPlace.Unknown || (place == GuestPlace.None && !MayBeLost(fault, evidence.Struck)))
        {
            yield return $"the guest is on {Word(place)}";
            yield break;
        }

        if (!Places(fault, evidence.Struck).Contains(place))
        {
            yield return $"the guest is on {Word(place)}, and should be on {string.Join(" or ", Places(fault, evidence.Struck).Select(Word))}";
        }

        HostFacts? here = place switch { GuestPlace.Source => facts.Source, GuestPlace.Destination => facts.Destination, _ => null };
        if (here is not null && !here.IsRunning)
        {
            yield return $"the only copy is {here.State}";
        }
        else if (here is not null && !evidence.IsAlive)
        {
            yield return "the guest is called running and gives no sign of life, or began anew";
        }
    }

    private static IEnumerable<string> Telling(CellEvidence evidence)
    {
        if (evidence.Migration is not { } run)
        {
            yield break;
        }

        if (run.ExitCode is not { } code)
        {
            yield return $"migrate did not end within {run.Took.TotalSeconds:0} s";
            yield break;
        }

        if (!run.HasDocument)
        {
            yield return "migrate did not write one document";
        }

        if (run.Outcome is null ? code == Done || run.ErrorCode is null : !CodeOf.TryGetValue(run.Outcome, out int meant) || meant != code)
        {
            yield return $"migrate ended with code {code} and outcome {run.Outcome ?? "none"}, error {run.ErrorCode ?? "none"}";
        }

        IReadOnlyList<int> allowed = evidence.Undecided is not null ? [NeedsPerson] : Codes(evidence.Cell.Fault, evidence.Struck, evidence.Settled.Place, evidence.AtItsEnd);
        if (!allowed.Contains(code))
        {
            yield return $"migrate ended with code {code} ({run.Outcome}: {run.Message}) and the guest is on {Word(evidence.Settled.Place)}: {string.Join(" or ", allowed)} would tell that";
        }
    }

    private static IEnumerable<string> Recovery(CellEvidence evidence)
    {
        bool isLost = evidence.Settled.Place == GuestPlace.None;
        if (evidence.Recovery is { } recovery && recovery.ExitCode != Done && !(isLost && recovery.ExitCode == NeedsPerson))
        {
            yield return $"recover ended with code {recovery.ExitCode?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none in time"}: {recovery.Message}";
        }

        // A guest that is gone was told of by somebody.
        if (isLost && evidence.Migration?.ExitCode is not (NeedsPerson or Refused) && evidence.Recovery?.ExitCode != NeedsPerson && evidence.Struck < FaultPhase.Resumed)
        {
            yield return "the guest is gone, and nobody said so";
        }

        if (evidence.OpenOperations is > 0)
        {
            yield return $"{evidence.OpenOperations} operations are still open in the journal";
        }
    }

    private static IEnumerable<string> Leftovers(CellEvidence evidence)
    {
        GuestPlace place = evidence.Settled.Place;
        foreach ((string host, HostFacts facts, bool isHome) in new[]
        {
            ("source", evidence.Settled.Source, place == GuestPlace.Source), ("destination", evidence.Settled.Destination, place == GuestPlace.Destination),
        })
        {
            // With the guest gone its definition is all there is of it, and stays on one of the two.
            bool mayBeDefined = isHome || (place == GuestPlace.Source && FallsBack(evidence.Cell.Fault, evidence.Struck)) || (place == GuestPlace.None && !(host == "destination" && evidence.Settled.Source.IsDefined));
            if (isHome && !facts.IsDefined)
            {
                yield return $"the {host} has lost the guest's definition";
            }

            if (!isHome && facts.IsThere && !(mayBeDefined && !facts.IsActive))
            {
                yield return $"the {host} still has the guest: {facts.State ?? "defined"}";
            }

            if (facts.Job is { } job)
            {
                yield return $"a job is left on the {host}: {job}";
            }

            if (facts.Metadata.Count > 0)
            {
                yield return $"a mark is left in the guest's metadata on the {host}: {string.Join(", ", facts.Metadata)}";
            }

            if (facts.Qemus != (facts.IsActive ? 1 : 0))
            {
                yield return $"the {host} has {facts.Qemus} QEMU processes of the guest, which is {facts.State ?? "absent"} there";
            }

            if (facts.StrangeFiles.Count > 0)
            {
                yield return $"files are left on the {host}: {string.Join(", ", facts.StrangeFiles)}";
            }
        }
    }

    private static IEnumerable<string> Next(CellEvidence evidence)
    {
        if (evidence.Next is { } next && (next.ExitCode != Done || next.Outcome != "completed" || next.DowntimeMs is null))
        {
            yield return $"the next migration ended with code {next.ExitCode}, outcome {next.Outcome}: {next.Message}";
        }
    }

    private static string Word(GuestPlace place) => place switch
    {
        GuestPlace.Both => "both hosts",
        GuestPlace.None => "no host",
        GuestPlace.Unknown => "a host that does not answer",
        _ => FaultCell.Word(place),
    };
}
