using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Migration;

/// <summary>What is known of the migrating call when both hosts are asked.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Error">Its error.</param>
/// <param name="Began">Whether anything was seen of a migration (a job, an event): a refusal before that touched nothing.</param>
/// <param name="Reason">Why it was asked to end.</param>
/// <param name="DestinationMayRun">Whether the guest was seen to run on the destination, or all of it had been sent there: then a destination that cannot be asked may run it, whatever the source says.</param>
/// <param name="DestinationRan">Whether the guest was seen to run on the destination: then what the source has is old.</param>
internal sealed record JobEnd(JobResult Result, LibvirtException? Error = null, bool Began = true, string? Reason = null, bool DestinationMayRun = false, bool DestinationRan = false)
{
    /// <summary>Nobody saw the end.</summary>
    internal static JobEnd Unseen { get; } = new(JobResult.Unseen);
}

/// <summary>The judgement of an ended migration.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">The same in a sentence that names the domain and the hosts.</param>
/// <param name="Remedy">What to do about it; <see langword="null"/> where there is nothing to do.</param>
public sealed record MigrationVerdict(MigrationOutcome Outcome, string Message, string? Remedy = null)
{
    /// <summary>Judges by what is where; the call's own error only tells why. Pure.</summary>
    /// <param name="expected">What the migration was to come to.</param>
    /// <param name="source">The source.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="here">The domain on the source, asked after the call.</param>
    /// <param name="there">The domain on the destination, asked after the call.</param>
    /// <param name="job">What is known of the call.</param>
    internal static MigrationVerdict Judge(
        MigrationExpectation expected, HostIdentity source, HostIdentity destination, DomainWhereabouts here, DomainWhereabouts there, JobEnd job)
    {
        MigrationFinding finding = expected.Decide(here, there, job).Finding;
        string name = expected.Name;
        string why = job.Error is null ? "" : $": {HostAddress.Redact(job.Error.Message)}";
        string states = $"{here.Host}: {here.Describe()}, {there.Host}: {there.Describe()}";
        string ask = $"virsh -c '{source.Uri}' domstate --reason {expected.Uuid}; virsh -c '{destination.Uri}' domstate --reason {expected.Uuid}";
        if (job.Result == JobResult.Unanswered && finding != MigrationFinding.Moved)
        {
            return new(MigrationOutcome.NeedsPerson, $"libvirt's call did not return after it was asked to end ({states})",
                $"Look at the job: virsh -c '{source.Uri}' domjobinfo {expected.Uuid}. The daemon of {source.Name} may hang; when it answers again: orchestrator recover {name}.");
        }

        return finding switch
        {
            MigrationFinding.Moved => Arrived(expected, source, destination, here, there.Domain!, job.Error),
            MigrationFinding.Stayed when expected.IsLeftover(there) && Stayed(expected, source, here.Domain!, there.Host, job, why) is { Outcome: not MigrationOutcome.NeedsPerson } stayed => new(
                MigrationOutcome.Degraded, $"{stayed.Message}; the definition that the migration made is left on {there.Host}",
                $"{(job.DestinationRan ? $"{stayed.Remedy} When its log and definition there are" : "The definition is")} of no use any more: virsh -c '{destination.Uri}' undefine {expected.Uuid} --keep-nvram"),
            MigrationFinding.Stayed => Stayed(expected, source, here.Domain!, there.Host, job, why),
            MigrationFinding.StayedUnseen when job.DestinationMayRun => new(
                MigrationOutcome.NeedsPerson, $"{name} is {here.Describe()} on {source.Name}, but it may have gone over whole to {there.Host}, which cannot be asked{why}: it may run on both",
                $"Bring {there.Host} back, then: orchestrator recover {name} --from '{source.Uri}' --to '{destination.Uri}'. Pausing the copy on {source.Name} keeps the two from writing to one disk: "
                + $"virsh -c '{source.Uri}' suspend {expected.Uuid}"),
            MigrationFinding.StayedUnseen => here.Domain!.State == DomainState.Running || !expected.WasRunning
                ? new(MigrationOutcome.Unreachable, $"{name} {(expected.WasRunning ? "runs" : $"is {here.Describe()}")} on {source.Name}; {there.Host} cannot be asked{why}",
                    $"Bring {there.Host} back; its daemon then removes what an unfinished migration left.")
                : Halted(expected, source, here.Domain, why),
            MigrationFinding.HalfCopy => new(MigrationOutcome.Degraded, $"{name} stays on {source.Name}, but a copy that never ran is left on {there.Host} ({states}){why}",
                $"It is of no use: virsh -c '{destination.Uri}' destroy {expected.Uuid}"),
            MigrationFinding.Underway => new(MigrationOutcome.NeedsPerson, $"{name} is {here.Describe()} on {source.Name}, and its migration still runs{why}",
                $"Watch it (orchestrator migration watch {name} -c '{source.Uri}'), or end it (orchestrator migration cancel {name} -c '{source.Uri}')."),
            MigrationFinding.SourceNotRemoved => new(MigrationOutcome.NeedsPerson,
                $"{name} is {there.Describe()} on {there.Host}, and its old copy is left on {source.Name}, {here.Describe()}{why}",
                $"When the guest works on {there.Host}: virsh -c '{source.Uri}' destroy {expected.Uuid}. Never resume that copy."),
            MigrationFinding.SourceNotResumed => new(MigrationOutcome.NeedsPerson, $"{name} is {here.Describe()} on {source.Name} and does not run; {there.Host} has none{why}",
                $"virsh -c '{source.Uri}' resume {expected.Uuid}"),
            MigrationFinding.WasThere => new(MigrationOutcome.NeedsPerson, $"{name} is {here.Describe()} on {source.Name}, and may have run on {there.Host} ({there.Describe()}): what is paused may be old{why}",
                $"Find out where the guest went on. If it runs nowhere else and never ran on {there.Host}: virsh -c '{source.Uri}' resume {expected.Uuid}. Else: virsh -c '{source.Uri}' destroy {expected.Uuid}."),
            MigrationFinding.PostCopyBroken => new(MigrationOutcome.NeedsPerson, $"the post-copy migration of {name} broke, and its memory is on two hosts ({states}){why}",
                $"Destroy neither. When the link is back: orchestrator recover {name} --from '{source.Uri}' --to '{destination.Uri}'"),
            MigrationFinding.TwoCopies => new(MigrationOutcome.NeedsPerson, $"{name} is active on both hosts ({states}){why}",
                $"Find out which copy is the right one (the guest's console); destroy nothing before that is known. To keep it on {there.Host}: {Instead(expected, destination, there, source, here, expected.UndefinesSource)}. "
                + $"To keep it on {here.Host}: {Instead(expected, source, here, destination, there, expected.PersistentOnDestination)}. Then: orchestrator recover {name}."),
            MigrationFinding.NoCopy when MovedOn(expected, here, there, job) is { } left => new(
                MigrationOutcome.NeedsPerson, $"{name} runs on neither host ({states}){why}: it was migrated on from {left} to a host that is not known here",
                "Find it on that host, and start it nowhere before that: a second copy would write to its disks."),
            MigrationFinding.NoCopy when here.Domain is null && there.Domain is null => new(
                MigrationOutcome.NeedsPerson, $"{name} is on neither host{why}", "Find out whether it was migrated on to another host. If it runs nowhere, see its log on both hosts, then define and start it on one."),
            MigrationFinding.NoCopy => new(MigrationOutcome.NeedsPerson, $"{name} runs on neither host ({states}){why}",
                "The guest shut down, or its QEMU died: see its log on both hosts, then start it on one: "
                + $"virsh -c '{(there.Domain is not null && (here.Domain is null || IsMoved(here)) ? destination.Uri : source.Uri)}' start {expected.Uuid}"),
            MigrationFinding.NobodyKnows when there.IsActive => new(
                MigrationOutcome.NeedsPerson, $"{name} is {there.Describe()} on {there.Host}, but {source.Name} cannot be asked{why}", $"Nothing was changed on this ignorance. Ask again: {ask}"),
            MigrationFinding.Settling => new(MigrationOutcome.NeedsPerson, $"{name} came to no rest ({states}){why}",
                $"Look again, then: orchestrator recover {name} --from '{source.Uri}' --to '{destination.Uri}'. ({ask})"),
            _ => new(MigrationOutcome.NeedsPerson, $"where {name} runs is not known ({states}){why}", $"Nothing was changed on this ignorance. Ask both hosts again: {ask}"),
        };
    }

    /// <summary>The same migration, whose guest runs with devices that do not work.</summary>
    internal MigrationVerdict WithDeadDevices(IReadOnlyList<string> problems, string host, string domain) => this with
    {
        Outcome = MigrationOutcome.Degraded,
        Message = $"{Message}, but its devices may not work: {string.Join("; ", problems)}",
        Remedy = $"Look at the device in the guest. Detaching and attaching it again (orchestrator device detach {domain} …, device attach, on {host}) makes it anew; where that is not possible, restart the guest.",
    };

    private static MigrationVerdict Arrived(
        MigrationExpectation expected, HostIdentity source, HostIdentity destination, DomainWhereabouts here, DomainSnapshot there, LibvirtException? error)
    {
        string name = expected.Name;
        var lacks = new List<string>();
        var remedies = new List<string>();
        if (expected.WasRunning && there.State != DomainState.Running)
        {
            lacks.Add($"it is {there.Describe()} instead of running");
            remedies.Add($"virsh -c '{destination.Uri}' resume {expected.Uuid}");
        }

        if (expected.PersistentOnDestination && !there.IsPersistent)
        {
            lacks.Add($"it is not persistent on {destination.Name}");
            remedies.Add($"virsh -c '{destination.Uri}' dumpxml --inactive {expected.Uuid}, then define it");
        }

        if (expected.UndefinesSource && here.Domain is not null)
        {
            lacks.Add($"its definition is still on {source.Name}");
            remedies.Add($"virsh -c '{source.Uri}' undefine {expected.Uuid}");
        }

        string although = error is null ? "" : HostAddress.Redact(error.Message);
        return lacks.Count > 0
            ? new(MigrationOutcome.Degraded, $"{name} is on {destination.Name}, but {string.Join(" and ", lacks)}{(although.Length > 0 ? $": {although}" : "")}", string.Join("; ", remedies))
            : new(MigrationOutcome.Completed, although.Length == 0
                ? $"{name} is on {destination.Name}"
                : $"{name} is on {destination.Name}, although the call reported: {although}");
    }

    /// <summary>The host from which a guest that is on neither went to a third; <see langword="null"/> where none says so. Of the source this migration itself makes libvirt say that.</summary>
    private static string? MovedOn(MigrationExpectation expected, DomainWhereabouts here, DomainWhereabouts there, JobEnd job) => IsMoved(there) ? there.Host
        : IsMoved(here) && there.State(wasRunning: false) != CopyState.Left && !expected.MayHaveRun(there, job) ? here.Host
        : null;

    private static bool IsMoved(DomainWhereabouts where) => DomainConditions.Of(where.Domain) == DomainCondition.Moved;

    /// <summary>The commands that take one copy away and leave the other running.</summary>
    private static string Instead(MigrationExpectation expected, HostIdentity kept, DomainWhereabouts right, HostIdentity other, DomainWhereabouts wrong, bool undefines) => string.Join("; ", new[]
    {
        $"virsh -c '{other.Uri}' destroy {expected.Uuid}",
        undefines && wrong.Domain is { IsPersistent: true } ? $"virsh -c '{other.Uri}' undefine {expected.Uuid} --keep-nvram" : null,
        expected.WasRunning && right.Domain is { State: DomainState.Paused } ? $"virsh -c '{kept.Uri}' resume {expected.Uuid}" : null,
    }.OfType<string>());

    private static MigrationVerdict Halted(MigrationExpectation expected, HostIdentity source, DomainSnapshot here, string why) =>
        new(MigrationOutcome.NeedsPerson, $"{expected.Name} is {here.Describe()} on {source.Name} and does not run{why}",
            $"When it is certain that no other host runs it: virsh -c '{source.Uri}' resume {expected.Uuid}");

    private static MigrationVerdict Stayed(MigrationExpectation expected, HostIdentity source, DomainSnapshot here, string other, JobEnd job, string why)
    {
        if (expected.WasRunning && here.State != DomainState.Running)
        {
            return Halted(expected, source, here, why);
        }

        if (job.DestinationRan)
        {
            return new(MigrationOutcome.Degraded, $"{expected.Name} had begun to run on {other}, ended there, and runs on {source.Name} again with an earlier memory: its disks have what it wrote on {other} since{why}",
                "Look at its file systems and its data; restarting the guest makes memory and disks agree.");
        }

        string stays = $"{expected.Name} {(expected.WasRunning ? "runs" : $"is {here.Describe()}")} on {source.Name} as before";
        return job.Result switch
        {
            JobResult.Cancelled => new(MigrationOutcome.Cancelled, $"cancelled; {stays}"),
            JobResult.TimedOut => new(MigrationOutcome.TimedOut, $"not done in time{(job.Reason is null ? "" : $" ({job.Reason})")}; {stays}",
                "Allow a larger --max-downtime, --bandwidth or --timeout, choose another --policy, or quieten the guest."),
            JobResult.Unseen => new(MigrationOutcome.Failed, $"the migration did not come to its end; {stays}"),
            JobResult.Failed when !job.Began && job.Error is { } error && IsRefusal(error.Code) =>
                new(MigrationOutcome.Refused, $"libvirt refuses to migrate {expected.Name}: {HostAddress.Redact(error.Message)}", RemedyFor(error.Code)),
            _ => new(MigrationOutcome.Failed, $"failed; {stays}{why}"),
        };
    }

    private static bool IsRefusal(LibvirtErrorCode code) => code is LibvirtErrorCode.OperationInvalid or LibvirtErrorCode.OperationUnsupported
        or LibvirtErrorCode.ConfigUnsupported or LibvirtErrorCode.ArgumentUnsupported or LibvirtErrorCode.MigrateUnsafe
        or LibvirtErrorCode.CpuIncompatible or LibvirtErrorCode.InvalidArg or LibvirtErrorCode.NoSupport;

    private static string? RemedyFor(LibvirtErrorCode code) => code switch
    {
        LibvirtErrorCode.MigrateUnsafe => "Put the disks on shared storage with cache none or directsync, or consent with --unsafe.",
        LibvirtErrorCode.CpuIncompatible => "Give the domain a CPU model that both hosts have.",
        _ => null,
    };
}
