using Orchestrator.Devices;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Tests.Devices;

namespace Orchestrator.Tests.Migration.Mapping;

/// <summary>Devices that are made for a migration, and go again, with a tool that plays back and a made sysfs.</summary>
public sealed class DestinationDevicesTests
{
    private const string Add = "dev add name vdpa1 mgmtdev vdpasim_net mac 52:54:00:00:00:01";

    private static readonly DeviceCreation Creation = new("vdpasim_net", "vdpa1", "52:54:00:00:00:01");

    [Test]
    public async Task A_device_is_written_down_then_made_and_its_node_gets_into_the_plan()
    {
        using RecordedVdpa tool = Tool(present: false);
        using var host = new HostTree();
        Appears(tool, host);
        MigrationPlan plan = Samples.Plan() with
        {
            Devices = [new() { Kind = "<hostdev type='vdpa'>", Scheme = Libvirt.Xml.Devices.DeviceScheme.KernelVdpa, Source = "/dev/vhost-vdpa-0", Destination = Creation.Placeholder, Why = "made", Creation = Creation }],
            DestinationXml = $"<source dev='{Creation.Placeholder}'/>",
        };
        var written = new List<string>();
        MigrationPlan made = await Devices(host, tool).CreateAsync(plan, creation =>
        {
            written.Add($"{creation.Name} {tool.Calls.Contains(Add)}");
            return Task.CompletedTask;
        });
        Assert.That(written, Is.EqualTo(new[] { "vdpa1 False" }), "before it is made");
        Assert.That((made.Devices[0].Destination, made.DestinationXml), Is.EqualTo(("/dev/vhost-vdpa-7", "<source dev='/dev/vhost-vdpa-7'/>")));
    }

    [Test]
    public async Task A_device_that_was_made_goes_again_and_one_that_is_not_there_is_fine()
    {
        using RecordedVdpa tool = Tool(present: true);
        using HostTree host = new HostTree().Vdpa("vdpa1", 7);
        tool.Does("dev del vdpa1", $"rm -r {RecordedVdpa.Quote(host.Real("/sys/devices/vdpa1"))} {RecordedVdpa.Quote(host.Real("/sys/bus/vdpa/devices/vdpa1"))}");
        Assert.That(await Devices(host, tool).RemoveAsync([Creation, new("vdpasim_net", "vdpa2")]), Is.Empty);
        Assert.That(tool.Calls.Where(call => call.StartsWith("dev del", StringComparison.Ordinal)), Is.EqualTo(new[] { "dev del vdpa1" }));
    }

    [Test]
    public async Task A_device_that_somebody_uses_or_another_one_made_stays_and_is_told()
    {
        using RecordedVdpa tool = Tool(present: true);
        using HostTree host = new HostTree().Vdpa("vdpa1", 7).Process(4242, "qemu-kvm", "qemu\0-name\0guest=web1\0", "/dev/vhost-vdpa-7");
        IReadOnlyList<LeftoverDevice> left = await Devices(host, tool).RemoveAsync([Creation, Creation with { ManagementDevice = "pci/0000:08:01.1" }]);
        Assert.That(left.Select(device => device.Reason.Problem), Is.EqualTo(new[] { HostDeviceProblem.InUse, HostDeviceProblem.Differs }));
        Assert.That(tool.Calls.Where(call => call.StartsWith("dev del", StringComparison.Ordinal)), Is.Empty);
    }

    private static DestinationDevices Devices(HostTree host, RecordedVdpa tool) => new(new(host.Files, new(tool.SearchPath)));

    private static RecordedVdpa Tool(bool present) => new RecordedVdpa()
        .Answers("mgmtdev show -j", VdpaRecordings.ManagementDevices)
        .Answers("dev show -j", present ? Present : RecordedVdpa.NoDevices)
        .Answers("dev config show -j", present ? Configuration : """{"config":{}}""");

    private const string Present = """{"dev":{"vdpa1":{"type":"network","mgmtdev":"vdpasim_net","vendor_id":0,"max_vqs":3,"max_vq_size":256}}}""";

    private const string Configuration = """{"config":{"vdpa1":{"mac":"52:54:00:00:00:01","link ":"up","link_announce ":false,"mtu":1500}}}""";

    private static void Appears(RecordedVdpa tool, HostTree host)
    {
        using var made = new HostTree();
        made.Vdpa("vdpa1", 7);
        string copy = $"{tool.Folder}/made";
        Copy(made.Root, copy);
        string marker = RecordedVdpa.Quote(host.Real("/sys/devices/vdpa1"));
        tool.Does(Add, $"cp -a {RecordedVdpa.Quote(copy)}/. {RecordedVdpa.Quote(host.Root)}/");
        tool.Does("dev show -j", $"if [ -e {marker} ]; then printf '%s\\n' {RecordedVdpa.Quote(Present)}; else printf '%s\\n' {RecordedVdpa.Quote(RecordedVdpa.NoDevices)}; fi");
        tool.Does("dev config show -j", $"if [ -e {marker} ]; then printf '%s\\n' {RecordedVdpa.Quote(Configuration)}; else echo '{{\"config\":{{}}}}'; fi");
    }

    private static void Copy(string from, string to)
    {
        using System.Diagnostics.Process cp = System.Diagnostics.Process.Start("cp", ["-a", from, to]);
        cp.WaitForExit();
    }
}
