using System.CommandLine;
using System.Text.Json;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator device list</c>.</summary>
internal static class DeviceListCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        Option<AskQemu> ask = AskQemuOption.Create("what it has that libvirt does not know, and what blocks a migration");
        var command = new Command("list", "Shows a domain's devices: how they are virtualised, who moves their data, and whether they migrate.") { name, ask };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using LibvirtHost host = await HostResolver.ConnectAsync(globals.Connect(parsed), globals.Loggers.CreateLogger("orchestrator"), cancellationToken).ConfigureAwait(false);
            DomainDeviceList list = await DomainDeviceList.ReadAsync(host, parsed.GetValue(name)!, parsed.GetValue(ask), (await HostTarget.SeeAsync(host, console, cancellationToken).ConfigureAwait(false))?.Files, cancellationToken).ConfigureAwait(false);
            HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(DeviceListDocument.From(list, DefinitionDocument.HostOf(host.Identity, dialect)), DomainJson.Readable.DeviceListDocument));
                return ExitCode.Done;
            }

            if (list.Devices.Count > 0)
            {
                console.Tables().Write(DeviceTables.Of(list.Devices));
            }
            else
            {
                console.Out.WriteLine(CliConsole.Printable($"{list.Domain.Name}: no devices"));
            }

            foreach (string reason in list.BlockedReasons ?? [])
            {
                console.Out.WriteLine(CliConsole.Printable($"QEMU would not migrate it: {reason}"));
            }

            foreach (string note in list.Notes)
            {
                console.Out.WriteLine(CliConsole.Printable(note));
            }

            return ExitCode.Done;
        });
        return command;
    }
}
