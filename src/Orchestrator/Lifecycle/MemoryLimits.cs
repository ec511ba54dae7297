using System.Globalization;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Lifecycle;

/// <summary>
/// The <c>&lt;memtune&gt;&lt;hard_limit&gt;</c> of domains whose devices pin the guest's memory and are not counted by libvirt: without it they come up dead. Decides when it is written; pure.
/// A limit that somebody wrote and that never sufficed stays: it is warned of.
/// </summary>
internal static class MemoryLimits
{
    /// <summary>Writes the limit into a definition that has none, on hosts whose daemon can set it.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="host">The host: a daemon without root refuses to start a domain that has one.</param>
    /// <param name="isAsked">A limit that is too small is raised, too.</param>
    /// <returns>What was written, for people; <see langword="null"/> when nothing was.</returns>
    internal static string? Write(DomainDocument definition, HostIdentity host, bool isAsked = false)
    {
        if (!host.IsPrivileged || !HasUncounted(definition) || Read(definition) is not { IsEnough: false } memory || (memory.AllowedKiB is not null && !isAsked))
        {
            return null;
        }

        definition.EnsureMemoryLock();
        return Note(definition.Name, memory.RequiredKiB, memory);
    }

    /// <summary>What a definition lacks at its start; <see langword="null"/> when nothing.</summary>
    internal static string? Warning(DomainDocument definition) => HasUncounted(definition) && Read(definition) is { IsEnough: false } memory
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"the devices of {definition.Name} may lock {memory.RequiredKiB} KiB of memory ({memory}), and its definition allows {(memory.AllowedKiB is { } allowed ? $"{allowed} KiB" : "nothing")}: a device that pins memory comes up dead. --set-memtune writes <memtune><hard_limit> into the definition first")
        : null;

    /// <summary>The limit, in KiB, that a domain has to get together with a device; <see langword="null"/> when it needs none, or had one that did not suffice before either.</summary>
    internal static long? NeededKiB(DomainDocument before, DomainDocument after) => (Read(before), Read(after)) switch
    {
        (not null, { IsEnough: true }) or (null, _) or (_, null) => null,
        ({ AllowedKiB: null }, { } will) => HasUncounted(after) ? will.RequiredKiB : null, // libvirt counts the others by itself, as long as no limit is set
        ({ IsEnough: true }, { } will) => will.RequiredKiB,
        _ => null,
    };

    /// <summary>The limit that is set, for people.</summary>
    internal static string Note(string of, long kibibytes, MemoryLock memory) => string.Create(
        CultureInfo.InvariantCulture,
        $"{of} gets <memtune><hard_limit unit='KiB'>{kibibytes}</hard_limit></memtune>: its devices may lock that much memory ({memory}), and libvirt does not count them all. It bounds the memory of QEMU as a whole, too");

    private static bool HasUncounted(DomainDocument document) => document.Devices.Any(device => device is VdpaHostDevice or GenericVdpaDevice or VhostVdpaNetwork);

    /// <summary>What the devices lock; <see langword="null"/> when an amount cannot be read, which is told as a problem of the document.</summary>
    internal static MemoryLock? Read(DomainDocument document)
    {
        try
        {
            return document.MemoryLock();
        }
        catch (DomainDocumentException)
        {
            return null;
        }
    }
}
