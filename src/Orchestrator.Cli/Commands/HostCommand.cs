using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Checks;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator host check A [B]</c> and <c>host show A</c>.</summary>
internal sealed class HostCommand
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private HostCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new HostCommand(globals, console);
        return new("host", "What a host is, and what it lacks.") { self.Check(), self.Show() };
    }

    private Command Check()
    {
        var hosts = new Argument<string[]>("HOST")
        {
            Description = "The host, and a second one to compare it with: where its guests would go. With -c the first may be left out: one HOST is the second then.",
            Arity = new(0, 2),
        };
        var need = new Option<HostNeed[]>("--need") { Description = "What it is wanted for: vdpa, kae. A missing layer is an error then, and the exit code 4." };
        need.AcceptOnlyFromAmong("vdpa", "kae");
        var command = new Command("check", "Walks the layers below a guest's vDPA devices and accelerators, and names the first that is missing and what mends it.") { hosts, need };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string?[] names = Names(parsed, parsed.GetValue(hosts)!, most: 2);
            HostNeed[] needs = parsed.GetValue(need) ?? [];

            // Both at once: asking a host takes a second or two.
            HostReport[] reports = await Task.WhenAll(names.Select(name => ReportAsync(name, needs, cancellationToken))).ConfigureAwait(false);
            (HostReport host, HostReport? peer) = (reports[0], reports.Length > 1 ? reports[1] : null);
            IReadOnlyList<Check> parity = peer is null ? [] : PairChecks.Of(host.Facts, peer.Facts, needs);
            if (_console.Json)
            {
                _console.Out.WriteLine(JsonSerializer.Serialize(HostCheckDocument.From(host, peer, parity), HostJson.Readable.HostCheckDocument));
            }
            else
            {
                HostText.Write(_console, host, peer, parity);
            }

            return host.IsRefused || peer?.IsRefused == true || parity.Any(check => check.Refuses) ? ExitCode.Refused : ExitCode.Done;
        });
        return command;
    }

    private Command Show()
    {
        var name = new Argument<string?>("HOST") { Description = "The host; what -c names by default.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("show", "What a host is: versions, dialect, CPU and memory, vDPA devices and accelerator functions.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            HostFacts facts = await ReadAsync(Names(parsed, parsed.GetValue(name) is { } named ? [named] : [], most: 1)[0], cancellationToken).ConfigureAwait(false);
            HostShowDocument document = HostShowDocument.From(facts);
            if (_console.Json)
            {
                _console.Out.WriteLine(JsonSerializer.Serialize(document, HostJson.Readable.HostShowDocument));
            }
            else
            {
                HostText.Write(_console, document);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What -c names comes first, unless as many hosts were named as there is room for.</summary>
    private string?[] Names(ParseResult parsed, string[] named, int most)
    {
        string? connect = _globals.Connect(parsed);
        return connect is null ? (named.Length > 0 ? named : new string?[] { null })
            : named.Length < most ? [connect, .. named]
            : throw new CliException(ExitCode.Usage, new("usage", $"{string.Join(" and ", named)} and -c {HostAddress.Redact(connect)} are one host too many.", Remedy: "Leave out -c."));
    }

    private async Task<HostReport> ReportAsync(string? name, HostNeed[] needs, CancellationToken cancellationToken) =>
        HostReport.Of(await ReadAsync(name, cancellationToken).ConfigureAwait(false), needs);

    private async Task<HostFacts> ReadAsync(string? name, CancellationToken cancellationToken)
    {
        string root = HostTarget.Root() ?? "/";
        ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
        await using LibvirtHost host = await HostResolver.ConnectAsync(name, logger, cancellationToken).ConfigureAwait(false);
        return await new HostFactsReader(new(root)).ReadAsync(host, cancellationToken).ConfigureAwait(false);
    }
}
