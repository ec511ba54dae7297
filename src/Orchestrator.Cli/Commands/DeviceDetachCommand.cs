using System.CommandLine;
using System.Text.Json;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator device detach</c>.</summary>
internal static class DeviceDetachCommand
{
    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        var file = new Argument<string?>("FILE") { Description = "The device's document; - reads standard input. Of a vDPA device only the node counts, of a network card the MAC address, of a disk the target.", Arity = ArgumentArity.ZeroOrOne };
        var device = new Option<string?>("--device") { Description = "Instead of FILE: the device's alias, what it uses of the host (/dev/vhost-vdpa-0, 0000:31:00.1), its MAC address or its target (vda)." };
        var options = new DeviceChangeOptions("A device that is not there will do.");
        var timeout = new Option<TimeSpan?>("--timeout") { Description = "How long the guest may take to let go, such as 30s (default 60s). It is asked again meanwhile.", CustomParser = Durations.Parse };
        var command = new Command("detach", "Detaches a device, and waits until the guest has let go of it.") { name, file, device, timeout };
        options.AddTo(command);
        command.Validators.Add(result =>
        {
            // Asked for as they were typed: an option without its value, which is refused elsewhere, has none to ask for.
            bool isBlank = result.GetResult(device) is { Tokens: [{ Value: var word }] } && string.IsNullOrWhiteSpace(word);
            if (result.GetResult(file) is { Tokens.Count: > 0 } == result.GetResult(device) is not null || isBlank)
            {
                result.AddError("Name the device: by a document (FILE) or by --device, not by both.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DeviceSelector selector = parsed.GetValue(file) is { } path
                ? DeviceSelector.Of(await DocumentFile.ReadAsync(path, "detach", DeviceDocument.Load, cancellationToken).ConfigureAwait(false))
                : DeviceSelector.Parse(parsed.GetValue(device)!);
            ILogger logger = globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            HostDialect dialect = await host.GetDialectAsync(cancellationToken).ConfigureAwait(false); // before the change, so that nothing can fail after it
            var patience = new UnplugPatience();
            var detacher = new DeviceDetacher(host, files: (await HostTarget.SeeAsync(host, console, cancellationToken).ConfigureAwait(false))?.Files, logger: logger) { Patience = patience with { Deadline = parsed.GetValue(timeout) ?? patience.Deadline } };
            bool isDryRun = options.IsDryRun(parsed);
            using RecoverySetup recovery = RecoverySetup.ForChange(globals, parsed, console);
            OperationOptions how = options.Of(parsed) with { Recoverer = recovery.Recoverer };
            DetachPlan plan = isDryRun
                ? await detacher.PlanAsync(parsed.GetValue(name)!, selector, options.ImpactOf(parsed), how, cancellationToken).ConfigureAwait(false)
                : await detacher.DetachAsync(parsed.GetValue(name)!, selector, options.ImpactOf(parsed), how, cancellationToken).ConfigureAwait(false);
            Show(console, plan, DefinitionDocument.HostOf(host.Identity, dialect), isDryRun);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Show(CliConsole console, DetachPlan plan, DefinitionDocument.HostName host, bool isDryRun)
    {
        if (console.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(
                new DetachmentDocument(
                    new(plan.Domain.Name, plan.Domain.Uuid), host, isDryRun, plan.Targets.Count > 0 && !isDryRun,
                    [.. plan.Targets.Select(target => new DetachmentDocument.Target(Word(target.Place), target.Kind, target.Resource, target.Alias))], plan.Notes),
                DomainJson.Readable.DetachmentDocument));
            return;
        }

        string did = isDryRun ? "would be detached from" : "detached from";
        foreach (DetachTarget target in plan.Targets)
        {
            console.Out.WriteLine(CliConsole.Printable(
                $"{plan.Domain.Name}: {target} {did} {(target.Place == DomainModificationImpact.Live ? "the running domain" : "the definition")} on {host.Name}"));
        }

        if (plan.Targets.Count == 0)
        {
            console.Out.WriteLine(CliConsole.Printable($"{plan.Domain.Name}: not attached on {host.Name}"));
        }

        foreach (string note in plan.Notes)
        {
            console.Out.WriteLine(CliConsole.Printable($"  {note}"));
        }
    }

    private static string Word(DomainModificationImpact place) => place == DomainModificationImpact.Live ? "live" : "config";
}
