using System.CommandLine;
using System.Text.Json;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator device attach</c>.</summary>
internal sealed class DeviceCommand
{
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
        return new("device", "Devices of a domain.") { self.Attach() };
    }

    private Command Attach()
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        var file = new Argument<string>("FILE") { Description = "The device's document; - reads standard input." };
        var live = new Option<bool>("--live") { Description = "To the running domain. Without --live and --config: the running domain if it runs, else its definition." };
        var config = new Option<bool>("--config") { Description = "To the definition: from the next start on." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what stands in the way; change nothing." };
        var command = new Command("attach", "Attaches a device, reads back what became of it, and detaches it again if something was dropped.") { name, file, live, config, dryRun };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DeviceDocument device = await DocumentFile.ReadAsync(parsed.GetValue(file)!, "attach", DeviceDocument.Load, cancellationToken).ConfigureAwait(false);
            ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(_globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            var attacher = new DeviceAttacher(host, logger: logger);
            DomainModificationImpact impact = (parsed.GetValue(live) ? DomainModificationImpact.Live : DomainModificationImpact.Current)
                | (parsed.GetValue(config) ? DomainModificationImpact.Config : DomainModificationImpact.Current);
            bool isDryRun = parsed.GetValue(dryRun);
            DomainSnapshot domain;
            IReadOnlyList<DefinitionProblem> problems = [];
            if (isDryRun)
            {
                (domain, problems) = await attacher.PlanAsync(parsed.GetValue(name)!, device, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                domain = await attacher.AttachAsync(parsed.GetValue(name)!, device, impact, cancellationToken).ConfigureAwait(false);
            }

            HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
            Show(domain, DefinitionDocument.HostOf(host.Identity, dialect), isDryRun, problems);
            return problems.Count == 0 ? ExitCode.Done : ExitCode.Refused;
        });
        return command;
    }

    private void Show(DomainSnapshot domain, DefinitionDocument.HostName host, bool isDryRun, IReadOnlyList<DefinitionProblem> problems)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(
                new AttachmentDocument(new(domain.Name, domain.Uuid), host, isDryRun, DefinitionDocument.Of(problems)), DomainJson.Readable.AttachmentDocument));
            return;
        }

        _console.Out.WriteLine(CliConsole.Printable(
            problems.Count > 0 ? $"{domain.Name}: {host.Name} cannot take the device" : $"{domain.Name}: {(isDryRun ? "the device would be attached" : "attached")} on {host.Name}"));
        ProblemText.Write(_console.Out, DefinitionDocument.Of(problems));
    }
}
