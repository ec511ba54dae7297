using System.CommandLine;
using System.Text.Json;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain health DOMAIN</c>.</summary>
internal static class DomainHealthCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        Option<AskQemu> ask = AskQemuOption.Create("whether its vhost backends are started");
        var wait = new Option<TimeSpan?>("--wait") { Description = "How long to wait for drivers of the guest that are not up yet, such as 60s. Default: not at all.", CustomParser = Durations.Parse };
        var command = new Command("health", "Whether a domain's vDPA devices work: what QEMU says of them, and what its log says. Exit code 6 when one is dead, 5 when one is not up after --wait, 9 when QEMU could not be asked.") { name, ask, wait };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using LibvirtHost host = await HostResolver.ConnectAsync(globals.Connect(parsed), globals.Loggers.CreateLogger("orchestrator"), cancellationToken).ConfigureAwait(false);
            var reader = new DomainHealthReader(host, await HostTarget.SeeVdpaAsync(host, console, cancellationToken).ConfigureAwait(false));
            DomainHealth health = await reader.ReadAsync(parsed.GetValue(name)!, parsed.GetValue(ask), parsed.GetValue(wait) ?? TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            if (console.Json)
            {
                HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false);
                console.Out.WriteLine(JsonSerializer.Serialize(DomainHealthDocument.From(health, DefinitionDocument.HostOf(host.Identity, dialect)), DomainJson.Readable.DomainHealthDocument));
            }
            else
            {
                Write(console, health);
            }

            return health.Problems.Count > 0 ? ExitCode.Degraded
                : parsed.GetValue(wait) is not null && (health.Unanswered is not null || health.Devices.Any(device => device.Health == VdpaHealth.DriverNotUp)) ? ExitCode.TimedOut
                : health.Unanswered is not null ? ExitCode.Inconclusive
                : ExitCode.Done;
        });
        return command;
    }

    private static void Write(CliConsole console, DomainHealth health)
    {
        if (health.Devices.Count > 0)
        {
            TextTable.Write(
                console,
                ["device", "on the host", "alias", "health", "why"],
                health.Devices.Select(device => new[] { device.Kind, device.Resource ?? "-", device.Alias ?? "-", ErrorDocument.CodeOf(device.Health).Replace('_', ' '), device.Why }));
        }
        else
        {
            console.Out.WriteLine(CliConsole.Printable($"{health.Domain.Name}: no vDPA devices"));
        }

        foreach (HealthProblem problem in health.Problems)
        {
            console.Out.WriteLine(CliConsole.Printable($"{problem.Message}. {problem.Remedy}"));
        }

        foreach (string note in health.Notes)
        {
            console.Out.WriteLine(CliConsole.Printable(note));
        }
    }
}
