using System.CommandLine;
using System.Text.Json;
using Libvirt.Interop;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain dumpxml DOMAIN</c>.</summary>
internal static class DomainXmlCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        var inactive = new Option<bool>("--inactive") { Description = "The definition that the next start will use, instead of the running domain." };
        var secure = new Option<bool>("--security-info") { Description = "With the passwords that it holds." };
        var migratable = new Option<bool>("--migratable") { Description = "The form that libvirt sends to another host." };
        var command = new Command("dumpxml", "A domain's document, just as its libvirt writes it.") { name, inactive, secure, migratable };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ILogger logger = globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            DomainSnapshot domain = await host.FindDomainAsync(parsed.GetValue(name)!, cancellationToken).ConfigureAwait(false)
                ?? throw new DomainNotFoundException(parsed.GetValue(name)!, host.Address.Name);
            DomainXmlFlags flags = (parsed.GetValue(inactive) ? DomainXmlFlags.Inactive : DomainXmlFlags.None)
                | (parsed.GetValue(secure) ? DomainXmlFlags.Secure : DomainXmlFlags.None)
                | (parsed.GetValue(migratable) ? DomainXmlFlags.Migratable : DomainXmlFlags.None);
            string xml = await host.GetDomainXmlAsync(domain.Uuid, flags, cancellationToken).ConfigureAwait(false);
            if (console.Json)
            {
                var document = new DomainXmlDocument(new(host.Identity.Name, host.Identity.Uri), domain.Name, domain.Uuid, xml);
                console.Out.WriteLine(JsonSerializer.Serialize(document, DomainListJson.Readable.DomainXmlDocument));
            }
            else
            {
                console.Out.Write(xml);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
