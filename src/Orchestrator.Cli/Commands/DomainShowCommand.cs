using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain show DOMAIN</c>.</summary>
internal static class DomainShowCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        var command = new Command("show", "What a domain is: its state, its devices, what the host keeps for it, and in what it differs from its definition.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ILogger logger = globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            DomainSnapshot domain = await host.FindDomainAsync(parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false)
                ?? throw new DomainNotFoundException(parsed.GetValue(name)!, host.Address.Name);
            var document = DomainShowDocument.From(
                host.Identity,
                await host.GetDomainRecordAsync(domain.Uuid, cancellationToken).ConfigureAwait(false),
                await host.GetLeftoversAsync(domain.Uuid, cancellationToken).ConfigureAwait(false),
                await host.GetDefinitionAsync(domain.Uuid, cancellationToken).ConfigureAwait(false));
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(document, DomainListJson.Readable.DomainShowDocument));
            }
            else
            {
                Write(console, document);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(CliConsole console, DomainShowDocument document)
    {
        DomainItem domain = document.Domain;
        Line("name", domain.Name);
        Line("uuid", $"{domain.Uuid}");
        Line("host", $"{document.Host.Name} ({document.Host.Uri})");
        Line("state", domain.Reason is null ? domain.State : $"{domain.State} ({domain.Reason})");
        Line("memory", $"{domain.MemoryKib / 1024} MiB of at most {domain.MaxMemoryKib / 1024} MiB");
        Line("vCPUs", $"{domain.Vcpus}");
        Line("job", domain.Job?.Replace('_', ' ') ?? "none");
        Line("persistent", domain.Persistent ? "yes" : "no");
        Line("autostart", domain.Autostart ? "yes" : "no");
        Line("managed by", domain.Manager ?? "nobody else that its metadata tells of");
        Line("kept", $"{(domain.ManagedSave ? "a saved state" : "no saved state")}, {document.Snapshots} snapshots, {document.Checkpoints} checkpoints");
        Line("definition", document.DefinitionDiffers switch
        {
            null when domain.Persistent => "what is shown here",
            null => "none",
            [] => "memory, vCPUs and devices are those that run",
            var differences => string.Join("; ", differences),
        });
        if (domain.Problem is { } problem)
        {
            Line("problem", problem);
        }

        if (document.Devices.Count > 0)
        {
            console.Out.WriteLine();
            TextTable.Write(
                console,
                ["device", "scheme", "on the host", "class", "in the guest", "alias"],
                document.Devices.Select(device => new[]
                {
                    device.Kind, device.Scheme.Replace('_', ' '), device.Resource ?? "-", device.VirtioClass ?? "-", device.GuestAddress ?? "-", device.Alias ?? "-",
                }));
        }

        void Line(string name, string value) => console.Out.WriteLine(CliConsole.Printable($"{name,-11} {value}"));
    }
}
