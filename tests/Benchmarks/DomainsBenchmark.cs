using System.Diagnostics;
using System.Globalization;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Lifecycle;

namespace Benchmarks;

/// <summary>
/// A host with 200 defined domains: all of them with state, memory, vCPUs, devices and job through the host API, against libvirt-python's own idiom; and the
/// list as a whole process, against virsh, which asks for the state alone.
/// </summary>
internal static class DomainsBenchmark
{
    private const int Domains = 200;
    private const int Lists = 5;

    // One connection, one domain after the other, as every example of libvirt-python does it; its elapsed time is of the loop alone. Debian's own interpreter: the binding is its package.
    private const string Python = """
        import sys, time, libvirt
        import xml.etree.ElementTree as ET
        connection = libvirt.open(sys.argv[1])
        def read():
            found = []
            for domain in connection.listAllDomains():
                state, maximum, memory, vcpus, _ = domain.info()
                devices = ET.fromstring(domain.XMLDesc()).find('devices')
                job = domain.jobInfo()[0] if domain.isActive() else 0
                found.append((domain.name(), state, memory, vcpus, len(devices.findall('disk')), len(devices.findall('interface')), len(devices.findall('hostdev')),
                              job, domain.isPersistent(), domain.autostart()))
            return found
        read()
        start = time.perf_counter()
        for _ in range(int(sys.argv[2])):
            count = len(read())
        print(count * int(sys.argv[2]) / (time.perf_counter() - start))
        """;

    public static async Task<IReadOnlyList<Row>> RunAsync(Options options)
    {
        await using VirtualLab lab = await VirtualLab.StartAsync(new LabOptions { Hosts = 1 });
        string uri = lab.Hosts[0].Uri;
        await using LibvirtHost host = await LibvirtHost.ConnectAsync(HostAddress.FromUri(uri));
        for (int i = 0; i < Domains; i++)
        {
            await host.DefineDomainAsync(Document(i), CancellationToken.None);
        }

        _ = await OursAsync();
        var rows = new List<Row>();
        (double ours, double python) = await Rounds.CompareAsync(7, OursAsync, () => PythonAsync(uri));
        rows.Add(new($"all of {Domains} domains, host API", ours, python, "dom/s", "libvirt-python, domain by domain", 2, MoreIsBetter: true));
        if (options.Orchestrator is { } orchestrator)
        {
            await RemoveAsync(host, 10);
            (double list, double virsh) = await Rounds.CompareAsync(
                15, () => Command.TimeAsync(orchestrator, "-c", uri, "domain", "list"), () => Command.TimeAsync("virsh", "-c", uri, "list", "--all"));
            rows.Add(new("orchestrator domain list, whole process", list, virsh, "ms", "virsh list --all", 6));
        }

        return rows;

        // Domains per second.
        async Task<double> OursAsync()
        {
            long start = Stopwatch.GetTimestamp();
            int count = 0;
            for (int i = 0; i < Lists; i++)
            {
                IReadOnlyList<DomainRecord> records = await host.ListDomainRecordsAsync(CancellationToken.None);
                count += records.Count(record => DomainOutline.Of(record.Xml!) is { Disks: 1, Interfaces: 1 });
            }

            return count == Lists * Domains
                ? count / Stopwatch.GetElapsedTime(start).TotalSeconds
                : throw new InvalidOperationException($"{count} of {Lists * Domains} domains were told of");
        }
    }

    private static async Task<double> PythonAsync(string uri) =>
        double.Parse(await Command.RunAsync("/usr/bin/python3", "-c", Python, uri, $"{Lists}"), CultureInfo.InvariantCulture);

    // A host of usual size for the process as a whole: its start is what is measured.
    private static async Task RemoveAsync(LibvirtHost host, int left)
    {
        foreach (DomainRecord record in (await host.ListDomainRecordsAsync(CancellationToken.None)).Skip(left))
        {
            await host.UndefineDomainAsync(record.Uuid, DomainUndefineFlags.None, CancellationToken.None);
        }
    }

    private static string Document(int number) => $"""
        <domain type='qemu'>
          <name>bench{number}</name><memory unit='MiB'>{64 + number}</memory><vcpu>2</vcpu>
          <os><type arch='x86_64' machine='q35'>hvm</type></os>
          <devices>
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nonexistent/{number}.img'/><target dev='vda' bus='virtio'/></disk>
            <interface type='user'><model type='virtio'/></interface>
          </devices>
        </domain>
        """;
}
