using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator vdpa mgmt|list|create|delete</c>.</summary>
internal sealed class VdpaCommand
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;
    private readonly Option<bool> _ifNeeded = new("--if-needed") { Description = "What is so already is done." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Check everything, change nothing, print the command that would be run." };

    private VdpaCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new VdpaCommand(globals, console);
        return new("vdpa", "The vDPA devices of a host.") { self.Management(), self.List(), self.Create(), self.Delete() };
    }

    private Command Management()
    {
        var command = new Command("mgmt", "Shows the management devices, on which vDPA devices are made.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            HostMachine machine = target.RequireMachine("tells the management devices", () => ["vdpa mgmtdev show"]);
            IReadOnlyList<VdpaManagementDevice> devices = await Devices(machine, target).ListManagementDevicesAsync(cancellationToken).ConfigureAwait(false);
            if (_console.Json)
            {
                Print(new(target.Name, devices), DeviceJson.Readable.VdpaManagementDocument);
            }
            else
            {
                _console.Tables().Write(DeviceTables.Of(devices));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command List()
    {
        var command = new Command("list", "Shows the vDPA devices: where they are now, and who uses them.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            HostMachine? machine = await target.SeeAsync(_console, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<VdpaDevice> devices = machine is not null
                ? await Devices(machine, target).ListAsync(cancellationToken).ConfigureAwait(false)
                : await VdpaNodeDevices.ListAsync(target.Host!, cancellationToken).ConfigureAwait(false);
            if (_console.Json)
            {
                Print(new(target.Name, devices), DeviceJson.Readable.VdpaListDocument);
            }
            else
            {
                _console.Tables().Write(DeviceTables.Of(devices));
            }

            if (DeviceTables.Unseen([.. devices.Where(device => !device.UsersKnown && device.Users.Count == 0).Select(device => device.Name)]) is { } unseen)
            {
                _console.Note(unseen);
            }

            if (machine is null)
            {
                _console.Note($"{target.Name} is not this machine: its libvirt tells where the devices are, not what they were made on and with"
                    + (devices.Count == 0 ? "; a daemon without a driver for node devices tells of none." : "."));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "The device's name, such as vdpa0." };
        var management = new Option<string>("--mgmtdev") { Description = "The management device, as vdpa mgmt shows it: pci/0000:08:01.1, vdpasim_net.", Required = true };
        var mac = new Option<string?>("--mac") { Description = "The MAC address." };
        var mtu = new Option<int?>("--mtu") { Description = "The MTU in bytes.", CustomParser = Numbers.OptionalWithin(int.MinValue, int.MaxValue, "--mtu wants a whole number of bytes.") };
        var pairs = new Option<int?>("--max-vqp") { Description = "How many pairs of virtqueues at most.", CustomParser = Numbers.OptionalWithin(int.MinValue, int.MaxValue, "--max-vqp wants a whole number.") };
        var command = new Command("create", "Makes a vDPA device and shows its character device.") { name, management, mac, mtu, pairs, _ifNeeded, _dryRun };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new VdpaRequest
            {
                Name = parsed.GetValue(name)!,
                ManagementDevice = parsed.GetValue(management)!,
                Mac = parsed.GetValue(mac),
                Mtu = parsed.GetValue(mtu),
                MaxVirtqueuePairs = parsed.GetValue(pairs),
            };
            request.Validate();
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            VdpaDevices devices = Devices(target.RequireMachine("makes vDPA devices", () => [VdpaDevices.CommandOf(request)]), target);
            if (parsed.GetValue(_dryRun))
            {
                return Planned(target, request.Name, await devices.PlanCreateAsync(request, parsed.GetValue(_ifNeeded), cancellationToken).ConfigureAwait(false));
            }

            (VdpaDevice device, bool created) = await devices.CreateAsync(request, parsed.GetValue(_ifNeeded), cancellationToken).ConfigureAwait(false);
            Show(
                new(target.Name, created ? "created" : "unchanged", device.Name, device, created ? [VdpaDevices.CommandOf(request)] : []),
                $"{device.Name}: {(created ? "created" : "there already")}, {device.CharDevice}");
            if (created && !device.ConfigurationTold && (request.Mac is not null || request.Mtu is not null || request.MaxVirtqueuePairs is not null))
            {
                _console.Note("This kernel does not tell a configuration now: that the device has the MAC, MTU or pairs that were asked for could not be seen. Look again when a guest's driver is up.");
            }

            _console.Note("A reboot loses it, and the number of its character device may be another's later.");
            return ExitCode.Done;
        });
        return command;
    }

    private Command Delete()
    {
        var name = new Argument<string>("NAME") { Description = "The device's name." };
        var command = new Command("delete", "Deletes a vDPA device that nobody uses.") { name, _ifNeeded, _dryRun };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string wanted = parsed.GetValue(name)!;
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            VdpaDevices devices = Devices(target.RequireMachine("deletes vDPA devices", () => [VdpaDevices.DeleteCommandOf(wanted)]), target);
            if (parsed.GetValue(_dryRun))
            {
                return Planned(target, wanted, await devices.PlanDeleteAsync(wanted, parsed.GetValue(_ifNeeded), cancellationToken).ConfigureAwait(false));
            }

            bool deleted = await devices.DeleteAsync(wanted, parsed.GetValue(_ifNeeded), cancellationToken).ConfigureAwait(false);
            Show(
                new(target.Name, deleted ? "deleted" : "unchanged", wanted, null, deleted ? [$"vdpa dev del {wanted}"] : []),
                $"{wanted}: {(deleted ? "deleted" : "not there")}");
            return ExitCode.Done;
        });
        return command;
    }

    private static VdpaDevices Devices(HostMachine machine, HostTarget target) => new(machine.Files, machine.Vdpa, target.Host);

    private int Planned(HostTarget target, string name, IReadOnlyList<string> commands)
    {
        Show(new(target.Name, "planned", name, null, commands), commands.Count == 0 ? $"{name}: nothing to do" : string.Join('\n', commands));
        return ExitCode.Done;
    }

    private void Show(VdpaChangeDocument document, string text)
    {
        if (_console.Json)
        {
            Print(document, DeviceJson.Readable.VdpaChangeDocument);
        }
        else
        {
            _console.Out.WriteLine(text);
        }
    }

    private void Print<T>(T document, JsonTypeInfo<T> type) => _console.Out.WriteLine(JsonSerializer.Serialize(document, type));
}
