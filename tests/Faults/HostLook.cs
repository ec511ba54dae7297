using System.Globalization;
using System.Text.RegularExpressions;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lab;

namespace Faults;

/// <summary>Looks at one host of the lab from outside: its daemon, its processes and its files.</summary>
internal sealed partial class HostLook(LabHost lab, LibvirtHost host)
{
    // Not the caches: what QEMU could do, and the logs, which stay.
    private static readonly string[] Folders = ["run", "config", "data", "state"];

    private HashSet<string> _usual = [];

    internal LabHost Lab => lab;

    internal LibvirtHost Host => host;

    /// <summary>Takes the host's files, but for those of a guest, as those that belong there.</summary>
    internal void Begin(string guest) => _usual = Files().Where(file => !IsOf(guest, file)).ToHashSet();

    internal async Task<HostFacts> LookAsync(string name, Guid uuid, CancellationToken cancellationToken)
    {
        int qemus = Qemus(uuid);
        try
        {
            HostSnapshot snapshot = await host.SnapshotAsync(name, uuid, cancellationToken);
            DomainSnapshot? domain = snapshot.ByUuid ?? snapshot.ByName;
            string? definition = domain is { IsPersistent: true } ? await host.GetDomainXmlAsync(domain.Uuid, DomainXmlFlags.Inactive, cancellationToken) : null;
            return new()
            {
                State = domain?.Describe(),
                IsDefined = domain is { IsPersistent: true },
                Job = domain is null || (domain.Job == DomainJobType.None && domain.JobOperation == DomainJobOperation.Unknown) ? null : $"{domain.Job} {domain.JobOperation}",
                Metadata = [.. Metadata(domain?.Xml).Union(Metadata(definition))],
                Qemus = qemus,
                StrangeFiles = [.. Files().Where(file => IsOf(name, file) ? domain is null : !_usual.Contains(file))],
            };
        }
        catch (Exception e) when (e is HostUnreachableException or LibvirtException)
        {
            return new() { IsKnown = false, State = e.Message, Qemus = qemus };
        }
    }

    /// <summary>Takes the guest away, as a person does who has chosen the other host's copy: <c>virsh destroy</c>, <c>virsh undefine --keep-nvram</c>.</summary>
    internal async Task RemoveAsync(Guid uuid, CancellationToken cancellationToken)
    {
        await host.DestroyDomainAsync(uuid, DomainDestroyFlags.None, cancellationToken);
        await host.UndefineDomainAsync(uuid, DomainUndefineFlags.KeepNvram, cancellationToken);
    }

    /// <summary>The guest's QEMU on this host; <see langword="null"/> when there is none.</summary>
    internal int? FindQemu(string guest)
    {
        string file = Path.Combine(lab.Root, "run", "libvirt", "qemu", "run", $"{guest}.pid");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : null;
    }

    private int Qemus(Guid uuid) => Directory.EnumerateDirectories("/proc").Count(process =>
        int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out _) && Text(process, "cmdline") is { } command
        && command.Contains($"{uuid}", StringComparison.Ordinal) && command.StartsWith("/usr/bin/qemu-system", StringComparison.Ordinal)
        && Text(process, "environ")?.Contains($"HOME={lab.Root}\0", StringComparison.Ordinal) == true);

    private static string? Text(string process, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, file));
        }
        catch (IOException)
        {
            return null; // it has ended meanwhile
        }
    }

    private static IEnumerable<string> Metadata(string? xml) =>
        xml is null || DomainDocument.Parse(xml).Root.Element("metadata") is not { } metadata ? [] : metadata.Elements().Select(element => $"{element.Name}");

    private IEnumerable<string> Files() => Folders.Select(folder => Path.Combine(lab.Root, folder)).Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true }))
        .Select(path => DomainNumber().Replace(Path.GetRelativePath(lab.Root, path), "domain-N-"));

    private static bool IsOf(string guest, string file) => file.Contains(guest, StringComparison.Ordinal);

    [GeneratedRegex("domain-[0-9]+-")]
    private static partial Regex DomainNumber();
}
