using System.Text.Json.Serialization;
using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Migration;

/// <summary>How a migration ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MigrationOutcome>))]
public enum MigrationOutcome
{
    /// <summary>The guest is on the destination.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>Cancelled; the guest is on the source as before.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>Refused by a check, ours or libvirt's, before anything was touched.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>A host could not be reached or refused us. The guest is on the source as far as can be told.</summary>
    [JsonStringEnumMemberName("unreachable")]
    Unreachable,

    /// <summary>It took longer than allowed; the guest is on the source as before.</summary>
    [JsonStringEnumMemberName("timed_out")]
    TimedOut,

    /// <summary>It failed; the guest is on the source as before.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>The guest is on one host, but something about it is not as it should be.</summary>
    [JsonStringEnumMemberName("degraded")]
    Degraded,

    /// <summary>Two copies, none, or nobody knows: a person must look.</summary>
    [JsonStringEnumMemberName("needs_person")]
    NeedsPerson,
}

/// <summary>What is known of the domain on one host after a migration.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="IsKnown">Whether the host could be asked.</param>
/// <param name="Domain">The domain there; <see langword="null"/> if there is none, or nobody knows.</param>
public sealed record DomainWhereabouts(string Host, bool IsKnown, DomainSnapshot? Domain)
{
    /// <summary>Whether it is known to be active there.</summary>
    public bool IsActive => Domain is { IsActive: true };

    /// <summary>Whether it is known not to be active there.</summary>
    public bool IsGone => IsKnown && !IsActive;

    /// <summary>In words: <c>running/migrated</c>, <c>absent</c>, <c>unknown</c>.</summary>
    public string Describe() => !IsKnown ? "unknown" : Domain?.Describe() ?? "absent";
}

/// <summary>The judgement of an ended migration.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">The same in a sentence that names the domain and the hosts.</param>
/// <param name="Remedy">What to do about it; <see langword="null"/> where there is nothing to do.</param>
public sealed record MigrationVerdict(MigrationOutcome Outcome, string Message, string? Remedy = null)
{
    /// <summary>Judges by what is where; the call's own error only tells why. Pure.</summary>
    /// <param name="plan">What was planned.</param>
    /// <param name="source">The domain on the source, asked after the call.</param>
    /// <param name="destination">The domain on the destination, asked after the call.</param>
    /// <param name="error">The call's error, or <see langword="null"/>.</param>
    /// <param name="stop">Why we asked for an end, if we did.</param>
    /// <param name="began">Whether anything was seen of a migration (a job, an event): a refusal before that touched nothing.</param>
    public static MigrationVerdict Judge(
        MigrationPlan plan, DomainWhereabouts source, DomainWhereabouts destination, LibvirtException? error, StopReason stop, bool began)
    {
        string name = plan.Domain.Name;
        string why = error is null ? "" : $": {error.Message}";
        string states = $"{source.Host}: {source.Describe()}, {destination.Host}: {destination.Describe()}";
        if (destination.IsActive && source.IsActive)
        {
            return new(MigrationOutcome.NeedsPerson, $"{name} is active on both hosts ({states}){why}",
                "Find out which copy is the right one (virsh domstate --reason, the guest's console); destroy nothing before that is known.");
        }

        if (destination.IsActive)
        {
            return source.IsGone
                ? Arrived(plan, source, destination.Domain!, error)
                : new(MigrationOutcome.NeedsPerson, $"{name} is {destination.Describe()} on {destination.Host}, but {source.Host} cannot be asked{why}",
                    $"Ask {source.Host} again: virsh domstate --reason {plan.Domain.Uuid}.");
        }

        if (source.IsActive)
        {
            return Stayed(plan, source.Domain!, destination, error, stop, began, why);
        }

        return source.IsKnown && destination.IsKnown
            ? new(MigrationOutcome.NeedsPerson, $"{name} runs on neither host ({states}){why}",
                $"The guest shut down, or its QEMU died: see its log on both hosts, then start it on one ({(source.Domain is null ? destination.Host : source.Host)}).")
            : new(MigrationOutcome.NeedsPerson, $"where {name} runs is not known ({states}){why}",
                "Nothing was changed on this ignorance. Ask both hosts again: virsh domstate --reason.");
    }

    private static MigrationVerdict Arrived(MigrationPlan plan, DomainWhereabouts source, DomainSnapshot there, LibvirtException? error)
    {
        string name = plan.Domain.Name;
        var lacks = new List<string>();
        if (plan.Domain.State == DomainState.Running && there.State != DomainState.Running)
        {
            lacks.Add($"it is {there.Describe()} instead of running");
        }

        if (plan.PersistentOnDestination && !there.IsPersistent)
        {
            lacks.Add($"it is not persistent on {plan.Destination.Name}");
        }

        if (plan.UndefinesSource && source.Domain is not null)
        {
            lacks.Add($"its definition is still on {plan.Source.Name}");
        }

        if (lacks.Count > 0)
        {
            return new(MigrationOutcome.Degraded, $"{name} is on {plan.Destination.Name}, but {string.Join(" and ", lacks)}{(error is null ? "" : $": {error.Message}")}",
                "Set it right by hand (virsh resume, define, undefine).");
        }

        return new(MigrationOutcome.Completed, error is null
            ? $"{name} is on {plan.Destination.Name}"
            : $"{name} is on {plan.Destination.Name}, although the call reported: {error.Message}");
    }

    private static MigrationVerdict Stayed(
        MigrationPlan plan, DomainSnapshot here, DomainWhereabouts destination, LibvirtException? error, StopReason stop, bool began, string why)
    {
        string name = plan.Domain.Name;
        string source = plan.Source.Name;
        if (here.Job != DomainJobType.None)
        {
            return new(MigrationOutcome.NeedsPerson, $"{name} is {here.Describe()} on {source}, and a job still runs on it{why}",
                $"Watch it (virsh domjobinfo {plan.Domain.Uuid}), or abort it (virsh domjobabort {plan.Domain.Uuid}).");
        }

        if (plan.Domain.State == DomainState.Running && here.State != DomainState.Running)
        {
            return new(MigrationOutcome.NeedsPerson, $"{name} is {here.Describe()} on {source} and does not run{why}",
                $"If {destination.Host} does not run it, resume it: virsh -c {plan.Source.Uri} resume {plan.Domain.Uuid}.");
        }

        if (!destination.IsKnown)
        {
            return new(MigrationOutcome.Unreachable, $"{name} runs on {source}; {destination.Host} cannot be asked{why}",
                $"Bring {destination.Host} back; its daemon then removes what an unfinished migration left.");
        }

        return stop switch
        {
            StopReason.Cancelled => new(MigrationOutcome.Cancelled, $"cancelled; {name} runs on {source} as before"),
            StopReason.TimedOut => new(MigrationOutcome.TimedOut, $"not done in time; {name} runs on {source} as before",
                "Allow a larger --max-downtime, --bandwidth or --timeout, or quieten the guest."),
            _ when error is not null && !began && IsRefusal(error.Code) =>
                new(MigrationOutcome.Refused, $"libvirt refuses to migrate {name}: {error.Message}", RemedyFor(error.Code)),
            _ => new(MigrationOutcome.Failed, $"failed; {name} runs on {source} as before{why}"),
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

/// <summary>Why a running migration was asked to end.</summary>
public enum StopReason
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The user cancelled it.</summary>
    Cancelled,

    /// <summary>It took longer than allowed.</summary>
    TimedOut,

    /// <summary>We drive it ourselves, and lost the destination: it could never be finished.</summary>
    DestinationLost,
}
