// A guest with three kernel vDPA devices (4 vCPUs, 8 GiB), written for what the host understands and defined so that nothing is lost.
//
//   VdpaGuest URI NAME NODE NODE NODE      such as: VdpaGuest qemu+ssh://root@node1/system net1 /dev/vhost-vdpa-0 /dev/vhost-vdpa-1 /dev/vhost-vdpa-2
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

if (args.Length != 5)
{
    Console.Error.WriteLine("usage: VdpaGuest URI NAME NODE NODE NODE");
    return 2;
}

await using LibvirtHost host = await LibvirtHost.ConnectAsync(HostAddress.FromUri(args[0]));
HostDialect dialect = await host.GetDialectAsync(CancellationToken.None);
try
{
    BuiltDomain guest = DomainBuilder.Vdpa4U8G(args[1], args[2], args[3], args[4]).Build(dialect);
    DefinitionPlan done = await new DomainDefiner(host).DefineAsync(guest.Document);
    Console.WriteLine($"{done.Name} ({done.Uuid}) on {done.Host.Name}, dialect {dialect.Name}");
    foreach (string note in guest.Notes.Concat(done.Notes))
    {
        Console.WriteLine($"  {note}");
    }

    foreach (PlannedDevice device in done.Devices)
    {
        Console.WriteLine($"  {device.Device.HostResource} migrates: {device.Migration.Way}");
    }

    return 0;
}
catch (DeviceRefusedException refused)
{
    // A stock libvirt has no <hostdev type='vdpa'>: it says what there is instead.
    Console.Error.WriteLine($"{refused.Device.HostResource}: {refused.Reason}");
    foreach (string alternative in refused.Alternatives)
    {
        Console.Error.WriteLine($"  instead: {alternative}");
    }

    return 4;
}
