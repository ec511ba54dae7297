using Libvirt.Xml;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>The disks and the other files that the guest's QEMU opens.</summary>
internal static class StorageChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        if (plan.Document is { } document && plan.There is not null)
        {
            IReadOnlyList<GuestDisk> disks = GuestFiles.Disks(document);
            yield return Storage(plan, document, disks);
            if (disks.Any(disk => disk.Path is not null))
            {
                yield return Cache(plan, disks);
            }
        }

        yield return new("storage-safety", plan.Request.Unsafe ? CheckSeverity.Warning : CheckSeverity.Info, plan.Request.Unsafe ? CheckResult.Fail : CheckResult.Pass,
            plan.Request.Unsafe ? "--unsafe: libvirt's check of the storage is switched off, by consent" : "libvirt checks the storage itself");
    }

    private static Check Storage(PlanContext plan, DomainDocument document, IReadOnlyList<GuestDisk> disks)
    {
        const string Id = "storage";
        IReadOnlyDictionary<string, bool> there = plan.There!.Files;
        string[] boot = [.. GuestFiles.Boot(document)];
        string[] opened = [.. disks.Select(disk => disk.Path).OfType<string>().Concat(boot).Distinct()];

        // What is copied needs no file there; what is read-only is not copied.
        string[] needed = plan.CopiesStorage ? [.. disks.Where(disk => disk.IsReadOnly || disk.IsShareable).Select(disk => disk.Path).OfType<string>().Concat(boot).Distinct()] : opened;
        string[] missing = [.. needed.Where(path => there.TryGetValue(path, out bool found) && !found)];

        // A pool that does not have it says little: the file may be in no pool at all. Only files that were looked for themselves are missing.
        if (missing.Length > 0 && plan.There.IsThisMachine)
        {
            return new(Id, CheckSeverity.Error, CheckResult.Fail, $"{plan.To} does not see {string.Join(", ", missing)}", "Share the storage, copy the disks with the migration, or put the files there.");
        }

        string[] unknown = [.. needed.Where(path => !there.TryGetValue(path, out bool found) || !found)];
        if (unknown.Length == 0)
        {
            return Pass(Id, opened.Length == 0 ? "the guest opens no files of its host" : plan.CopiesStorage ? "the disks are copied" : $"{plan.To} sees {string.Join(", ", opened)}");
        }

        // With --unsafe libvirt does not look either: then somebody has to say that it is fine.
        bool nobodyLooks = plan.Request.Unsafe && !plan.CopiesStorage;
        bool allowed = plan.Allows(MigrationConsents.UnknownStorage);
        return nobodyLooks && !allowed
            ? new(Id, CheckSeverity.Error, CheckResult.Fail, $"whether {plan.To} sees {string.Join(", ", unknown)} cannot be told from here, and with --unsafe libvirt does not look either",
                "If it is the same storage, say so: --allow unknown-storage.")
            : Unknown(Id, $"whether {plan.To} sees {string.Join(", ", unknown)} cannot be told from here{(nobodyLooks ? ", nor by libvirt: by consent" : "")}", $"On {plan.To}: ls -l {unknown[0]}", CheckSeverity.Warning);
    }

    private static Check Cache(PlanContext plan, IReadOnlyList<GuestDisk> disks)
    {
        const string Id = "cache-mode";
        string[] cached = [.. disks.Where(disk => disk.Path is not null && disk is { IsReadOnly: false, IsShareable: false, Cache: not ("none" or "directsync") }).Select(disk => $"{disk.Target} ({disk.Cache ?? "default"})")];
        bool copied = plan.CopiesStorage;
        return cached.Length == 0 || copied
            ? Pass(Id, copied ? "the disks are copied: no cache of the source is left" : "no host's cache stands between the guest and its disks", CheckSeverity.Info)
            : new(Id, CheckSeverity.Warning, CheckResult.Fail,
                $"{string.Join(", ", cached)} of {plan.Domain.Name} use(s) the cache of the host: on storage that libvirt does not know as coherent, the destination may read old data, and libvirt refuses that"
                + (plan.Request.Unsafe ? " unless told otherwise, as by --unsafe" : ""),
                "Set cache='none' or 'directsync' at its next start; on coherent storage (NFS, Ceph) it is fine; --unsafe takes the risk.");
    }
}
