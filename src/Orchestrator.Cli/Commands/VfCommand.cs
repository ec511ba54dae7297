using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator vf list|enable|bind|pick</c>.</summary>
internal sealed class VfCommand
{
    private const string LostByReboot = "A reboot loses this: --print-unit writes the systemd unit that keeps it.";

    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;
    private readonly Option<bool> _ifNeeded = new("--if-needed") { Description = "What is so already is done." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Check everything, change nothing, print the writes that would be made." };
    private readonly Option<bool> _printUnit = new("--print-unit") { Description = "Change nothing, print a systemd unit that does this at each boot." };
    private readonly Option<int?> _numa = new("--numa") { Description = "Only on this NUMA node.", CustomParser = Numbers.OptionalWithin(0, int.MaxValue, "--numa wants a node's number, 0 or more.") };

    private VfCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new VfCommand(globals, console);
        return new("vf", "The virtual functions of a host's Kunpeng accelerators (KAE), and of other SR-IOV cards.") { self.List(), self.Enable(), self.Bind(), self.Pick() };
    }

    private Command List()
    {
        Option<AcceleratorEngine[]> engines = Engines("Only these engines: zip,sec,hpre.");
        var free = new Option<bool>("--free") { Description = "Only functions that nobody uses." };
        var all = new Option<bool>("--all") { Description = "Other SR-IOV cards too." };
        var command = new Command("list", "Shows physical and virtual functions, and who uses them.") { engines, _numa, free, all };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            HostMachine? machine = await target.SeeAsync(_console, cancellationToken).ConfigureAwait(false);
            SriovInventory inventory = await InventoryAsync(machine, target, cancellationToken).ConfigureAwait(false);
            inventory = parsed.GetValue(all) ? inventory : inventory.AcceleratorsOnly();
            inventory = inventory.Filter(parsed.GetValue(engines) ?? [], parsed.GetValue(_numa), parsed.GetValue(free));
            if (_console.Json)
            {
                Print(new(target.Name, inventory.PhysicalFunctions, inventory.VirtualFunctions), DeviceJson.Readable.VfListDocument);
            }
            else
            {
                _console.Tables().Write(DeviceTables.Of(inventory.PhysicalFunctions));
                _console.Tables().Write(DeviceTables.Of(inventory.VirtualFunctions));
            }

            if (Unseen(inventory.VirtualFunctions) is { } unseen)
            {
                _console.Note(unseen);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Enable()
    {
        var function = new Argument<string>("PF") { Description = "The physical function's address, or its engine: zip, sec, hpre." };
        var count = new Option<int>("--count") { Description = "How many virtual functions it shall have; 0 for none.", Required = true, CustomParser = Numbers.Within(int.MinValue, int.MaxValue, "--count wants a whole number.") };
        var command = new Command("enable", "Gives a physical function a number of virtual ones, unless one that is there is in use.")
        {
            function, count, _numa, _ifNeeded, _dryRun, _printUnit,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (string wanted, int number, int? numa, bool ifNeeded) = (parsed.GetValue(function)!, parsed.GetValue(count), parsed.GetValue(_numa), parsed.GetValue(_ifNeeded));
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            VfCountPlan plan = VfSetup.PlanCount(
                await InventoryAsync(target.Machine, target, cancellationToken).ConfigureAwait(false), wanted, number, numa, ifNeeded || parsed.GetValue(_printUnit));
            if (parsed.GetValue(_printUnit))
            {
                return PrintUnit(VfUnit.ForCount(target.Machine?.Files, plan.Function, number));
            }

            HostFiles files = target.RequireMachine("makes virtual functions", () => plan.Writes.Select(write => write.Command)).Files;
            bool dryRun = parsed.GetValue(_dryRun);
            plan = dryRun ? plan : await new VfSetup(files, target.Host).SetCountAsync(wanted, number, numa, ifNeeded, cancellationToken).ConfigureAwait(false);
            string action = dryRun ? "planned" : plan.Writes.Count == 0 ? "unchanged" : "enabled";
            string[] notes = plan.Function.Engine is null ? [LostByReboot] : [LostByReboot, SameOnBothHosts(plan)];
            Show(
                new VfCountDocument(target.Name, action, plan.Function.Address, number, plan.Writes, notes),
                DeviceJson.Readable.VfCountDocument,
                dryRun ? Lines(plan.Writes) : string.Create(CultureInfo.InvariantCulture, $"{plan.Function.Address}: {number} virtual functions{(plan.Writes.Count == 0 ? " already" : "")}"),
                notes);
            return ExitCode.Done;
        });
        return command;
    }

    private Command Bind()
    {
        var addresses = new Argument<string[]>("BDF") { Description = "The virtual functions' addresses.", Arity = ArgumentArity.OneOrMore };
        var driver = new Option<string?>("--driver") { Description = "vfio-pci or hisi_acc_vfio_pci. Default: what this machine migrates accelerators with." };
        driver.AcceptOnlyFromAmong(VfDriver.VfioPci, VfDriver.HisiAccVfioPci);
        var command = new Command("bind", "Binds virtual functions that nobody uses to a driver that gives them to guests: all of them, or none.") { addresses, driver, _dryRun, _printUnit };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (string[] wanted, string? with) = (parsed.GetValue(addresses)!, parsed.GetValue(driver));
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            SriovInventory inventory = await InventoryAsync(target.Machine, target, cancellationToken).ConfigureAwait(false);
            HostFiles files = target.RequireMachine(
                "binds drivers", () => VfSetup.PlanBind(inventory, wanted, with ?? VfDriver.HisiAccVfioPci).Functions.SelectMany(step => step.Writes).Select(write => write.Command)).Files;
            var setup = new VfSetup(files, target.Host);
            if (parsed.GetValue(_printUnit))
            {
                VfBindPlan unit = await setup.PlanBindAsync(wanted, with, cancellationToken).ConfigureAwait(false);
                return PrintUnit(VfUnit.ForBind(files, inventory, [.. unit.Functions.Select(step => step.Function)], unit.Driver));
            }

            bool dryRun = parsed.GetValue(_dryRun);
            VfBindPlan plan = dryRun
                ? await setup.PlanBindAsync(wanted, with, cancellationToken).ConfigureAwait(false)
                : await setup.BindAsync(wanted, with, cancellationToken).ConfigureAwait(false);
            SysfsWrite[] writes = [.. plan.Functions.SelectMany(step => step.Writes)];
            string[] notes = [.. plan.Notes, LostByReboot];
            Show(
                new VfBindDocument(
                    target.Name,
                    dryRun ? "planned" : writes.Length == 0 ? "unchanged" : "bound",
                    plan.Driver,
                    [.. plan.Functions.Select(step => new VfBindDocument.Function(step.Function.Address, step.Function.Driver, step.Writes))],
                    notes),
                DeviceJson.Readable.VfBindDocument,
                dryRun ? Lines(writes) : string.Join('\n', plan.Functions.Select(step => $"{step.Function.Address}: {(step.Writes.Count == 0 ? "already " : "")}bound to {plan.Driver}")),
                notes);
            return ExitCode.Done;
        });
        return command;
    }

    private Command Pick()
    {
        Option<AcceleratorEngine[]> engines = Engines("One function of each of these engines: zip,hpre,sec.");
        engines.Required = true;
        var command = new Command("pick", "Chooses a free virtual function of each engine, all on one NUMA node, and prints their host device elements.") { engines, _numa };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using HostTarget target = await HostTarget.OpenAsync(_globals, parsed, cancellationToken).ConfigureAwait(false);
            HostMachine? machine = await target.SeeAsync(_console, cancellationToken).ConfigureAwait(false);
            (string? Driver, string? Reason) driver = machine is not null ? VfDriver.Choose(machine.Files) : default;
            VfPick pick = VfPick.Choose(
                await InventoryAsync(machine, target, cancellationToken).ConfigureAwait(false), parsed.GetValue(engines)!, parsed.GetValue(_numa), driver.Driver);
            HostDialect? dialect = target.Host is null ? null : await target.Host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
            (VirtualFunction Function, string Xml)[] picked = [.. pick.Functions.Select(function => (function, $"{VfPick.HostDevice(function, dialect)}"))];
            string[] notes =
            [
                .. new[] { Unseen(pick.Functions), VfPick.DialectNote(dialect), driver.Reason is null ? null : $"Bound to {driver.Driver}: {driver.Reason}." }.OfType<string>(),
                .. pick.PassedOver.Select(function => $"{function.Address} was passed over: {function.Reason}."),
            ];
            Show(
                new VfPickDocument(
                    target.Name,
                    pick.NumaNode,
                    [.. picked.Select(pair => new VfPickDocument.Picked(pair.Function.Engine, pair.Function.Address, pair.Function.Driver, pair.Function.UsersKnown, pair.Xml))],
                    pick.PassedOver,
                    notes),
                DeviceJson.Readable.VfPickDocument,
                string.Join('\n', picked.Select(pair => pair.Xml)),
                notes);
            return ExitCode.Done;
        });
        return command;
    }

    private static Task<SriovInventory> InventoryAsync(HostMachine? machine, HostTarget target, CancellationToken cancellationToken) => machine is not null
        ? SriovSysfs.ReadAsync(machine.Files, target.Host, cancellationToken)
        : SriovNodeDevices.ReadAsync(target.Host!, cancellationToken);

    private static string? Unseen(IReadOnlyList<VirtualFunction> functions) =>
        DeviceTables.Unseen([.. functions.Where(function => !function.UsersKnown && function.Users.Count == 0).Select(function => function.Address)]);

    private static Option<AcceleratorEngine[]> Engines(string description) => new("--engine")
    {
        Description = description,
        CustomParser = result =>
        {
            var engines = new List<AcceleratorEngine>();
            foreach (string name in result.Tokens.SelectMany(token => token.Value.Split(',')))
            {
                if (Accelerator.Parse(name) is not { } engine)
                {
                    result.AddError($"'{CliConsole.Printable(name)}' is no engine: zip, sec and hpre are.");
                }
                else if (engines.Contains(engine))
                {
                    result.AddError($"--engine names {name} twice.");
                }
                else
                {
                    engines.Add(engine);
                }
            }

            return [.. engines];
        },
    };

    private static string Lines(IReadOnlyList<SysfsWrite> writes) => writes.Count == 0 ? "nothing to do" : string.Join('\n', writes);

    private static string SameOnBothHosts(VfCountPlan plan) => string.Create(
        CultureInfo.InvariantCulture,
        $"For a migration both hosts need the same number of functions, here {plan.Count}, and the same pf_q_num, {(plan.Function.PfQNum is { } queues ? $"here {queues}" : "which this host does not tell")}.");

    private int PrintUnit(string unit)
    {
        if (_console.Json)
        {
            Print(new(unit), DeviceJson.Readable.UnitDocument);
        }
        else
        {
            _console.Out.Write(unit);
        }

        return ExitCode.Done;
    }

    private void Show<T>(T document, JsonTypeInfo<T> type, string text, IReadOnlyList<string> notes)
    {
        if (_console.Json)
        {
            Print(document, type);
            return;
        }

        _console.Out.WriteLine(text);
        foreach (string note in notes)
        {
            _console.Note(note);
        }
    }

    private void Print<T>(T document, JsonTypeInfo<T> type) => _console.Out.WriteLine(JsonSerializer.Serialize(document, type));
}
