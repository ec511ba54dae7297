using System.CommandLine;
using System.Text.Json;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator device</c>, and <c>device attach</c>.</summary>
internal sealed class DeviceCommand
{
    private const string SmallMemlock = "small-memlock";

    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private DeviceCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new DeviceCommand(globals, console);
        return new("device", "Devices of a domain.") { DeviceListCommand.Create(globals, console), self.Attach(), DeviceDetachCommand.Create(globals, console) };
    }

    private Command Attach()
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        var file = new Argument<string>("FILE") { Description = "The device's document; - reads standard input." };
        var options = new DeviceChangeOptions("A device that is attached already will do.");
        var command = new Command("attach", "Attaches a device, reads back what became of it, and detaches it again if something was dropped.") { name, file };
        options.AddTo(command);
        options.AllowAlso(SmallMemlock, "give a running domain's QEMU a device whose memory it may not be allowed to lock.");
        var waitDevices = new Option<TimeSpan?>("--wait-devices")
        {
            Description = "How long to wait until a vDPA device works in the running guest, such as 60s; QEMU is asked, and libvirt marks the domain as tainted. Without it only its log is looked at, "
                + "unless QEMU is asked anyway.",
            CustomParser = Durations.Parse,
        };
        command.Options.Add(waitDevices);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DeviceDocument device = await DocumentFile.ReadAsync(parsed.GetValue(file)!, "attach", DeviceDocument.Load, cancellationToken).ConfigureAwait(false);
            ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(_globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false); // before the change, so that nothing can fail after it
            HostMachine? machine = await HostTarget.SeeAsync(host, _console, cancellationToken).ConfigureAwait(false);
            VdpaDevices? vdpa = machine is null ? null : new(machine.Files, machine.Vdpa, host);
            var attacher = new DeviceAttacher(host, files: machine?.Files, logger: logger, devices: vdpa) { WaitDevices = parsed.GetValue(waitDevices) };
            bool isDryRun = options.IsDryRun(parsed);
            using RecoverySetup recovery = RecoverySetup.ForChange(_globals, parsed, _console);
            OperationOptions how = options.Of(parsed) with { Recoverer = recovery.Recoverer, AllowSmallMemlock = options.Allows(parsed, SmallMemlock) };
            DeviceChange change;
            IReadOnlyList<DefinitionProblem> problems = [];
            if (isDryRun)
            {
                AttachPlan plan = await attacher.PlanAsync(parsed.GetValue(name)!, device, options.ImpactOf(parsed), how, cancellationToken).ConfigureAwait(false);
                change = new(plan.Domain, plan.Places.Count > 0, plan.Notes);
                problems = plan.Problems;
            }
            else
            {
                change = await attacher.AttachAsync(parsed.GetValue(name)!, device, options.ImpactOf(parsed), how, cancellationToken).ConfigureAwait(false);
            }

            Show(change, DefinitionDocument.HostOf(host.Identity, dialect), isDryRun, problems);
            return problems.Count == 0 ? ExitCode.Done : ExitCode.Refused;
        });
        return command;
    }

    private void Show(DeviceChange change, DefinitionDocument.HostName host, bool isDryRun, IReadOnlyList<DefinitionProblem> problems)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(
                new AttachmentDocument(new(change.Domain.Name, change.Domain.Uuid), host, isDryRun, change.IsChanged && !isDryRun, DefinitionDocument.Of(problems), change.Notes), DomainJson.Readable.AttachmentDocument));
            return;
        }

        string did = !change.IsChanged ? "attached already" : isDryRun ? "the device would be attached" : "attached";
        _console.Out.WriteLine(CliConsole.Printable(problems.Count > 0 ? $"{change.Domain.Name}: {host.Name} cannot take the device" : $"{change.Domain.Name}: {did} on {host.Name}"));
        ProblemText.Write(_console.Out, DefinitionDocument.Of(problems));
        foreach (string note in change.Notes)
        {
            _console.Out.WriteLine(CliConsole.Printable($"  {note}"));
        }
    }
}
