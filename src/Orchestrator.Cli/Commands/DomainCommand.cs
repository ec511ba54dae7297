using System.CommandLine;
using System.Text.Json;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain</c>, and <c>domain define</c>.</summary>
internal sealed class DomainCommand
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private DomainCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new DomainCommand(globals, console);
        var command = new Command("domain", "Domains of a host.")
        {
            DomainListCommand.Create(globals, console),
            DomainShowCommand.Create(globals, console),
            DomainXmlCommand.Create(globals, console),
            DomainHealthCommand.Create(globals, console),
            self.Define(),
        };
        DomainLifecycleCommands.AddTo(command, globals, console);
        command.Subcommands.Add(DomainWatchCommand.Create(globals, console));
        return command;
    }

    private Command Define()
    {
        var file = new Argument<string>("FILE") { Description = "The domain's document; - reads standard input." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and what stands in the way; change nothing." };
        var allow = new Option<string[]>("--allow")
        {
            Description = "dropped: keep the definition even if the host stored less than it was given. What its libvirt is known to drop is refused all the same. "
                + "foreign-owner: change a domain that another manager owns. foreign-operation: change one that another machine's unfinished operation has marked.",
        };
        allow.AcceptOnlyFromAmong("dropped", "foreign-owner", "foreign-operation");
        var wait = new Option<TimeSpan?>("--wait") { Description = "How long to wait for others who work on the domain. Default: 30s.", CustomParser = Durations.Parse };
        var command = new Command("define", "Defines a domain, reads back what the host stored, and puts back what was there if something was dropped.") { file, dryRun, allow, wait };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DomainDocument document = await DocumentFile.ReadAsync(parsed.GetValue(file)!, "define", DomainDocument.Load, cancellationToken).ConfigureAwait(false);
            ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(_globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            var definer = new DomainDefiner(host, logger);
            bool isDryRun = parsed.GetValue(dryRun);
            using RecoverySetup recovery = RecoverySetup.ForChange(_globals, parsed, _console);
            var options = new OperationOptions
            {
                Wait = parsed.GetValue(wait) ?? TimeSpan.FromSeconds(30),
                AllowForeignOwner = parsed.GetValue(allow)?.Contains("foreign-owner") == true,
                AllowForeignOperation = parsed.GetValue(allow)?.Contains("foreign-operation") == true,
                Recoverer = recovery.Recoverer,
            };
            DefinitionPlan plan = isDryRun
                ? await definer.PlanAsync(document, options, cancellationToken).ConfigureAwait(false)
                : await definer.DefineAsync(document, parsed.GetValue(allow)?.Contains("dropped") == true, options, cancellationToken).ConfigureAwait(false);
            Show(plan, isDryRun);
            return plan.Problems.Count == 0 ? ExitCode.Done : ExitCode.Refused;
        });
        return command;
    }

    private void Show(DefinitionPlan plan, bool isDryRun)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(DefinitionDocument.From(plan, isDryRun), DomainJson.Readable.DefinitionDocument));
            return;
        }

        string did = (plan.Action, isDryRun) switch
        {
            (DefinitionAction.Created, false) => "defined",
            (DefinitionAction.Created, true) => "would be defined",
            (_, false) => "its definition was changed",
            (_, true) => "its definition would be changed",
        };
        _console.Out.WriteLine(CliConsole.Printable(
            plan.Problems.Count > 0 ? $"{plan.Name}: {plan.Host.Name} cannot take it" : $"{plan.Name} ({plan.Uuid}): {did} on {plan.Host.Name}"));
        foreach (PlannedDevice device in plan.Devices)
        {
            _console.Out.WriteLine(CliConsole.Printable(
                $"  {device.Device.Kind} {device.Device.HostResource}: {Words(device.Device.Scheme)}; migrates: {Words(device.Migration.Way)}{(device.Migration.IsCertain ? "" : " (as far as the document tells)")}"));
        }

        ProblemText.Write(_console.Out, DefinitionDocument.Of(plan.Problems));
        foreach (string note in plan.Notes)
        {
            _console.Note($"note: {note}");
        }
    }

    private static string Words(Enum member) => ErrorDocument.CodeOf(member).Replace('_', ' ');
}
