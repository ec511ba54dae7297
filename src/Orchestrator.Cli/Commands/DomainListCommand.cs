using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain list</c>.</summary>
internal sealed class DomainListCommand
{
    private readonly Option<bool> _all = new("--all") { Description = "Running domains and those that are off; this is the default." };
    private readonly Option<bool> _active = new("--active") { Description = "Only domains that run or are paused." };
    private readonly Option<bool> _inactive = new("--inactive") { Description = "Only domains that are off." };
    private readonly Option<string[]> _hosts = new("--host") { Description = "The hosts, A,B or one each time, instead of the one that -c names.", CustomParser = HostResolver.ParseNames };

    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private DomainListCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new DomainListCommand(globals, console);
        var command = new Command("list", "The domains of one host or many, running and off.") { self._all, self._active, self._inactive, self._hosts };
        command.Validators.Add(result =>
        {
            if (new[] { self._all, self._active, self._inactive }.Count(option => result.GetValue(option)) > 1)
            {
                result.AddError("Only one of --all, --active and --inactive can be given.");
            }
        });
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string?[] names = Names(parsed);
        Listed[] found =
            await Task.WhenAll(names.Select(name => ListAsync(name, mayFail: names.Length > 1, cancellationToken))).ConfigureAwait(false);
        var document = new DomainListDocument(
            [.. found.Select(host => host.Host)],
            [
                .. found.SelectMany(host => host.Records
                    .Where(record => parsed.GetValue(_active) ? record.IsActive : !parsed.GetValue(_inactive) || !record.IsActive)
                    .OrderBy(record => record.Name, StringComparer.Ordinal)
                    .Select(record => DomainItem.From(host.Host.Name, record))),
            ]);
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(document, DomainListJson.Readable.DomainListDocument));
        }
        else
        {
            Write(document);
        }

        return document.Hosts.Any(host => host.Error is not null) ? ExitCode.Unreachable : ExitCode.Done;
    }

    private string?[] Names(ParseResult parsed)
    {
        if (parsed.GetValue(_hosts) is not { Length: > 0 } names)
        {
            return [_globals.Connect(parsed)];
        }

        return _globals.Connect(parsed) is null
            ? names
            : throw new CliException(ExitCode.Usage, new("usage", "--host and -c cannot both be given.", Remedy: "Put the host that -c names into --host."));
    }

    // One of many hosts that cannot be reached does not keep the others' domains from being listed.
    private async Task<Listed> ListAsync(string? name, bool mayFail, CancellationToken cancellationToken)
    {
        try
        {
            ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(name, logger, cancellationToken).ConfigureAwait(false);
            return new(new(host.Address.Name, host.Identity.Uri, null), await host.ListDomainRecordsAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (HostUnreachableException e) when (mayFail)
        {
            return new(new(e.Host, null, new("host_unreachable", HostAddress.Redact(e.Message), e.Host, "connect")), []);
        }
        catch (CliException e) when (mayFail && e.ExitCode == ExitCode.Unreachable)
        {
            return new(new(name!, null, e.Error), []);
        }
    }

    private void Write(DomainListDocument document)
    {
        bool many = document.Hosts.Count > 1;
        string[] columns = ["host", "name", "uuid", "state", "memory", "vCPUs", "vDPA", "VFs", "job", "kept", "managed by"];
        TextTable.Write(_console, many ? columns : columns[1..], document.Domains.Select(domain => Row(domain)[(many ? 0 : 1)..]));
        foreach (DomainListDocument.Host host in document.Hosts.Where(host => host.Error is not null))
        {
            _console.Error.WriteLine(CliConsole.Printable($"orchestrator: {host.Error!.Message}"));
        }

        foreach (DomainItem domain in document.Domains.Where(domain => domain.Problem is not null))
        {
            _console.Note($"note: {domain.Name} on {domain.Host}: {domain.Problem}");
        }
    }

    private static string[] Row(DomainItem domain) =>
    [
        domain.Host, domain.Name, $"{domain.Uuid}", domain.Reason is null ? domain.State : $"{domain.State} ({domain.Reason})", domain.MemoryKib is { } memory ? $"{memory / 1024} MiB" : "-",
        Text(domain.Vcpus), Text(domain.VdpaDevices), Text(domain.VirtualFunctions), domain.Job?.Replace('_', ' ') ?? "-",
        string.Join(", ", Kept(domain)), domain.Manager ?? "-",
    ];

    private static IEnumerable<string> Kept(DomainItem domain)
    {
        yield return domain.Persistent ? "persistent" : "transient";
        if (domain.Autostart)
        {
            yield return "autostart";
        }

        if (domain.ManagedSave)
        {
            yield return "saved";
        }
    }

    private static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private sealed record Listed(DomainListDocument.Host Host, IReadOnlyList<DomainRecord> Records);
}
