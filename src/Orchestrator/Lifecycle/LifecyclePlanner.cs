using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>What is known of a domain when a request is planned.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Definition">Its definition.</param>
/// <param name="Leftovers">What the host keeps for it besides.</param>
/// <param name="Others">The other domains of the host.</param>
internal sealed record LifecycleFacts(DomainSnapshot Domain, string? Definition, DomainLeftovers Leftovers, IReadOnlyList<DomainSnapshot> Others)
{
    /// <summary>What its devices will not do, as far as that can be told before its start.</summary>
    internal IReadOnlyList<string> Foreseen { get; init; } = [];
}

/// <summary>Decides what a request would ask of the host, and what stands in its way. Pure.</summary>
internal static class LifecyclePlanner
{
    internal static (IReadOnlyList<string> Steps, IReadOnlyList<LifecycleProblem> Problems, IReadOnlyList<string> Notes) Plan(LifecycleRequest request, LifecycleFacts facts) =>
        request switch
        {
            UndefineRequest undefine => ([$"virDomainUndefineFlags {Flags(undefine, facts)}"], UndefineProblems(undefine, facts), facts.Domain.IsActive ? [$"{facts.Domain.Name} runs on without a definition, and is gone when it ends"] : []),
            StartRequest start => ([$"virDomainCreateWithFlags {Flags(start)}"], StartProblems(facts), [.. StartNotes(start, facts), .. facts.Foreseen]),
            ShutdownRequest shutdown => (
                [
                    $"virDomainShutdown, again every {shutdown.AskAgain.TotalSeconds:0.#} s, until the guest is off or {shutdown.Deadline.TotalSeconds:0.#} s are over",
                    .. shutdown.Then == ShutdownFallback.Destroy ? ["then virDomainDestroy"] : Array.Empty<string>(),
                ],
                [], []),
            RebootRequest reboot => ([$"virDomainReboot, again every {reboot.AskAgain.TotalSeconds:0.#} s, until the guest has rebooted or {reboot.Deadline.TotalSeconds:0.#} s are over"], [], []),
            ResetRequest => (["virDomainReset"], [], []),
            DestroyRequest destroy => ([$"virDomainDestroyFlags {Flags(destroy)}"], [], facts.Domain.IsPersistent ? [] : [$"{facts.Domain.Name} has no definition: it is gone then"]),
            SuspendRequest => (["virDomainSuspend"], [], SuspendNotes(facts)),
            _ => (["virDomainResume"], [], []),
        };

    internal static DomainUndefineFlags Flags(UndefineRequest request, LifecycleFacts facts)
    {
        DomainUndefineFlags flags = request.Nvram == LeftoverChoice.Remove ? DomainUndefineFlags.Nvram : DomainUndefineFlags.KeepNvram;
        flags |= request.RemoveManagedSave ? DomainUndefineFlags.ManagedSave : 0;
        flags |= request.RemoveSnapshots ? DomainUndefineFlags.SnapshotsMetadata : 0;

        // What an old libvirt does not know is not said where it is not needed.
        flags |= request.RemoveCheckpoints && facts.Leftovers.Checkpoints > 0 ? DomainUndefineFlags.CheckpointsMetadata : 0;
        return flags | (request.Tpm, HasTpm(facts)) switch
        {
            (LeftoverChoice.Keep, true) => DomainUndefineFlags.KeepTpm,
            (LeftoverChoice.Remove, true) => DomainUndefineFlags.Tpm,
            _ => 0,
        };
    }

    internal static DomainCreateFlags Flags(StartRequest request) =>
        (request.Paused ? DomainCreateFlags.Paused : 0) | (request.ForceBoot ? DomainCreateFlags.ForceBoot : 0);

    internal static DomainDestroyFlags Flags(DestroyRequest request) => request.Graceful ? DomainDestroyFlags.Graceful : DomainDestroyFlags.None;

    /// <summary>The devices of the host that the domain's next start would take.</summary>
    internal static IReadOnlySet<string> Resources(LifecycleFacts facts) => DomainResources.Of(facts.Definition ?? facts.Domain.Xml);

    private static List<LifecycleProblem> UndefineProblems(UndefineRequest request, LifecycleFacts facts)
    {
        string name = facts.Domain.Name;
        var problems = new List<LifecycleProblem>();
        if (!facts.Domain.IsPersistent)
        {
            problems.Add(new($"{name} has no definition: it is transient, and gone when it ends", null));
            return problems;
        }

        XElement? document = facts.Definition is null ? null : DomainDocument.Parse(facts.Definition).Root;
        if (request.Nvram == LeftoverChoice.Unchosen && document?.Element("os")?.Element("nvram") is { } nvram)
        {
            problems.Add(new($"{name} has firmware variables{(nvram.Value.Trim() is { Length: > 0 } file ? $" in {file}" : "")}", "Choose: --nvram keep or --nvram remove."));
        }

        if (request.Tpm == LeftoverChoice.Unchosen && HasTpm(facts))
        {
            problems.Add(new($"{name} has an emulated TPM with a state of its own", "Choose: --tpm keep or --tpm remove."));
        }

        // Of a domain that runs libvirt leaves these alone, and so do we.
        if (!facts.Domain.IsActive)
        {
            if (facts.Leftovers.HasManagedSave && !request.RemoveManagedSave)
            {
                problems.Add(new($"{name} has a saved state, with which its guest would go on", "Start it, or throw the state away: --managed-save."));
            }

            if (facts.Leftovers.Snapshots > 0 && !request.RemoveSnapshots)
            {
                problems.Add(new($"{name} has {facts.Leftovers.Snapshots} snapshots", "Delete them (virsh snapshot-delete), or forget them: --snapshots-metadata. Their data stays."));
            }

            if (facts.Leftovers.Checkpoints > 0 && !request.RemoveCheckpoints)
            {
                problems.Add(new($"{name} has {facts.Leftovers.Checkpoints} checkpoints", "Delete them (virsh checkpoint-delete), or forget them: --checkpoints-metadata."));
            }
        }

        return problems;
    }

    private static bool HasTpm(LifecycleFacts facts) => facts.Definition is not null
        && DomainDocument.Parse(facts.Definition).Root.Elements("devices").Elements("tpm").Elements("backend").Any(backend => (string?)backend.Attribute("type") == "emulator");

    private static IReadOnlyList<LifecycleProblem> StartProblems(LifecycleFacts facts)
    {
        IReadOnlySet<string> wanted = Resources(facts);
        return
        [
            .. from other in facts.Others
               where other.IsActive && other.Uuid != facts.Domain.Uuid && wanted.Count > 0
               from resource in DomainResources.Of(other.Xml)
               where wanted.Contains(resource)
               select new LifecycleProblem($"{resource} of {facts.Domain.Name} is in use by {other.Name} ({other.Describe()})", $"Detach it from {other.Name}, or give {facts.Domain.Name} another one."),
        ];
    }

    private static IReadOnlyList<string> StartNotes(StartRequest request, LifecycleFacts facts) => (facts.Leftovers.HasManagedSave, request.ForceBoot) switch
    {
        (true, false) => [$"{facts.Domain.Name} has a saved state: its guest goes on with it instead of booting"],
        (true, true) => [$"the saved state of {facts.Domain.Name} is thrown away"],
        _ => [],
    };

    private static IReadOnlyList<string> SuspendNotes(LifecycleFacts facts)
    {
        // Devices that only QEMU's command line names are found there.
        string[] devices = [.. DomainResources.Of(facts.Domain.Xml).Where(resource => resource.StartsWith("/dev/vhost-vdpa-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        return devices.Length == 0 ? []
            : [$"QEMU suspends {(devices.Length == 1 ? "its vDPA device" : $"its {devices.Length} vDPA devices")} too ({string.Join(", ", devices)}): nothing moves through {(devices.Length == 1 ? "it" : "them")} until the guest is resumed"];
    }
}
