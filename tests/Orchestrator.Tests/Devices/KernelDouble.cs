namespace Orchestrator.Tests.Devices;

/// <summary>
/// What the kernel does when the attributes of a made PCI bus are written: unbinds, and binds what is probed to the driver of its override, else to the one
/// that knows its ids.
/// </summary>
internal sealed class KernelDouble : IDisposable
{
    private static readonly Dictionary<string, string> ByDevice = new() { ["0xa251"] = "hisi_zip", ["0xa256"] = "hisi_sec2", ["0xa259"] = "hisi_hpre" };

    private readonly HostTree _tree;
    private readonly FileSystemWatcher _watcher;

    internal KernelDouble(HostTree tree)
    {
        _tree = tree;

        // One watcher for all: its events keep the order of the writes.
        _watcher = new(tree.Real("/sys/bus/pci")) { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.LastWrite };
        _watcher.Changed += (_, e) => Handle(e.Name!);
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Functions that a driver does not take, as <c>ADDRESS DRIVER</c>.</summary>
    internal HashSet<string> Refused { get; } = [];

    public void Dispose() => _watcher.Dispose();

    private void Handle(string file)
    {
        switch (file.Split('/'))
        {
            case ["drivers_probe"] when _tree.Read("/sys/bus/pci/drivers_probe") is { Length: > 0 } address:
                Probe(address);
                break;
            case ["drivers", var driver, "unbind"] when _tree.Read($"/sys/bus/pci/drivers/{driver}/unbind") is { Length: > 0 } address:
                File.Delete(_tree.Real($"/sys/devices/{address}/driver"));
                break;
        }
    }

    private void Probe(string address)
    {
        string text = _tree.Read($"/sys/devices/{address}/driver_override");
        string? driver = text is "" or "(null)" ? ByDevice.GetValueOrDefault(_tree.Read($"/sys/devices/{address}/device")) : text;
        string link = _tree.Real($"/sys/devices/{address}/driver");
        if (driver is not null && !Refused.Contains($"{address} {driver}") && !Path.Exists(link) && new FileInfo(link).LinkTarget is null)
        {
            File.CreateSymbolicLink(link, $"/sys/bus/pci/drivers/{driver}");
        }
    }
}
