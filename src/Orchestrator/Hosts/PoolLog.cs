using System.Xml.Linq;
using Libvirt.Interop;
using Orchestrator.Downtime;

namespace Orchestrator.Hosts;

/// <summary>
/// Reads the log of a guest's QEMU through libvirt: a folder can be made a storage pool, whose files are volumes that libvirt reads to us. A pool that is there already is
/// used; one of ours is transient and ends with the reading.
/// </summary>
internal static class PoolLog
{
    /// <summary>The lines that matter since a time. Blocks.</summary>
    /// <exception cref="LibvirtException">libvirt has no storage driver, or does not let us.</exception>
    public static LogEvidence Read(LibvirtConnection connection, string path, DateTimeOffset earliest)
    {
        string folder = Path.GetDirectoryName(path)!;
        using LibvirtStoragePool? existing = connection.TryLookupStoragePoolByTarget(folder);
        if (existing is not null)
        {
            existing.Refresh();
            return Read(existing, path, earliest);
        }

        var document = new XElement(
            "pool",
            new XAttribute("type", "dir"),
            new XElement("name", $"orchestrator-log-{Guid.NewGuid():N}"),
            new XElement("target", new XElement("path", folder)));
        using LibvirtStoragePool pool = connection.CreateStoragePool(document.ToString());
        try
        {
            return Read(pool, path, earliest);
        }
        finally
        {
            pool.Destroy();
        }
    }

    // Nothing here waits: the volumes are fetched where we stand.
    private static LogEvidence Read(LibvirtStoragePool pool, string path, DateTimeOffset earliest) =>
        LogTail.ReadAsync(path, earliest, part => Task.FromResult(pool.TryReadEnd(Path.GetFileName(part), LogTail.MostBytes))).GetAwaiter().GetResult();
}
