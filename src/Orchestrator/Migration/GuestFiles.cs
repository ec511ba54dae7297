using System.Xml.Linq;
using Libvirt.Xml;

namespace Orchestrator.Migration;

/// <summary>A disk of a domain, as its document tells.</summary>
/// <param name="Target">Its target, such as <c>vda</c>.</param>
/// <param name="Type">The type of its source: <c>file</c>, <c>block</c>, <c>network</c>, <c>volume</c>, …</param>
/// <param name="Path">The file or block device; <see langword="null"/> for other types, and for an empty drive.</param>
/// <param name="Cache">Its cache mode.</param>
/// <param name="IsReadOnly">Whether the guest cannot write to it.</param>
/// <param name="IsShareable">Whether several guests may use it at once.</param>
/// <param name="IsTransient">Whether its writes are thrown away at the end.</param>
internal sealed record GuestDisk(string Target, string Type, string? Path, string? Cache, bool IsReadOnly, bool IsShareable, bool IsTransient);

/// <summary>The files that a domain's QEMU opens on its host.</summary>
internal static class GuestFiles
{
    internal static IReadOnlyList<GuestDisk> Disks(DomainDocument document) =>
    [
        .. from disk in document.Root.Elements("devices").Elements("disk")
           let source = disk.Element("source")
           select new GuestDisk(
               (string?)disk.Element("target")?.Attribute("dev") ?? "?",
               (string?)disk.Attribute("type") ?? "file",
               (string?)source?.Attribute("file") ?? ((string?)disk.Attribute("type") == "block" ? (string?)source?.Attribute("dev") : null),
               (string?)disk.Element("driver")?.Attribute("cache"),
               disk.Element("readonly") is not null,
               disk.Element("shareable") is not null,
               disk.Element("transient") is not null),
    ];

    /// <summary>What is started from: kernel, initial RAM disk, device tree, firmware. QEMU reads them anew on the destination.</summary>
    internal static IReadOnlyList<string> Boot(DomainDocument document) =>
    [
        .. document.Root.Elements("os").Elements().Where(element => element.Name.LocalName is "kernel" or "initrd" or "dtb" or "loader")
            .Select(element => element.Value.Trim()).Where(path => path.StartsWith('/')),
    ];

    /// <summary>The sizes of the huge pages behind the guest's memory, in KiB; <see langword="null"/> when it has none, empty when the host's default size is meant.</summary>
    internal static IReadOnlyList<int>? HugePages(DomainDocument document) =>
        document.Root.Element("memoryBacking")?.Element("hugepages") is not { } pages ? null
        : [.. pages.Elements("page").Select(PageSize).Where(size => size > 0).Distinct()];

    private static int PageSize(XElement page) => (int?)page.Attribute("size") is { } size
        ? (string?)page.Attribute("unit") switch
        {
            "G" or "GiB" => size << 20,
            "M" or "MiB" => size << 10,
            "b" or "bytes" => size >> 10,
            _ => size,
        }
        : 0;
}
