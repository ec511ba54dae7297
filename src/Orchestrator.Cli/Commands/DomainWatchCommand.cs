using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain watch [DOMAIN]</c>.</summary>
internal sealed class DomainWatchCommand
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;
    private readonly Argument<string?> _domain = new("DOMAIN") { Description = "Only this domain, by name or UUID; it need not be there yet.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string[]> _hosts = new("--host") { Description = "The hosts, A,B or one each time; what -c names by default.", CustomParser = HostResolver.ParseNames };
    private readonly Option<TimeSpan?> _for = new("--for") { Description = "End after this time: 100ms, 30s, 10m, 1h.", CustomParser = Durations.Parse };
    private readonly Option<int?> _count = new("--count") { Description = "End after so many events of domains.", CustomParser = Numbers.OptionalWithin(1, int.MaxValue, "--count wants a number of events, 1 or more.") };
    private readonly Option<HostEventPattern?> _until = new("--until")
    {
        Description = $"End at this event: {string.Join(", ", HostEventPattern.Words)}; or one of them with its detail: stopped/shutdown, device_removed/net1.",
        CustomParser = arguments =>
        {
            string text = arguments.Tokens[0].Value;
            if (HostEventPattern.TryParse(text) is { } pattern)
            {
                return pattern;
            }

            arguments.AddError($"'{CliConsole.Printable(text)}' is no event: {string.Join(", ", HostEventPattern.Words)}.");
            return null;
        },
    };

    private readonly Option<bool> _qemu = new("--qemu") { Description = "QEMU's own events, too." };

    private DomainWatchCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new DomainWatchCommand(globals, console);
        var command = new Command("watch", "Tells what happens to domains, as it happens; with --json one document a line. A lost connection is told of, and opened again.")
        {
            self._domain, self._hosts, self._for, self._count, self._until, self._qemu,
        };
        command.SetAction(self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
        IReadOnlyList<string?> names = parsed.GetValue(_hosts) is { Length: > 0 } named ? named : new string?[] { _globals.Connect(parsed) };
        List<WatchedHost> hosts = await ConnectAsync(names, logger, cancellationToken).ConfigureAwait(false);
        bool waits = parsed.GetValue(_until) is not null || parsed.GetValue(_count) is not null;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (parsed.GetValue(_for) is { } duration)
        {
            ended.CancelAfter(duration);
        }

        try
        {
            await WatchAsync(parsed, new HostWatcher(hosts, logger: logger), ended.Token).ConfigureAwait(false);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return waits ? ExitCode.Cancelled : ExitCode.Done; // who only looks on, ends it so
        }
        catch (OperationCanceledException)
        {
            return waits ? TimedOut(parsed) : ExitCode.Done;
        }
    }

    private async Task WatchAsync(ParseResult parsed, HostWatcher watcher, CancellationToken cancellationToken)
    {
        string? domain = parsed.GetValue(_domain);
        bool isUuid = Guid.TryParse(domain, out Guid uuid);
        HostEventPattern? until = parsed.GetValue(_until);
        int? left = parsed.GetValue(_count);
        await foreach (HostEvent told in watcher.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            bool isOfDomain = told.DomainUuid is not null;
            if ((isOfDomain && domain is not null && told.DomainName != domain && !(isUuid && told.DomainUuid == uuid))
                || (told.Kind == HostEventKind.Monitor && !parsed.GetValue(_qemu)))
            {
                continue;
            }

            _console.Out.WriteLine(_console.Json ? JsonSerializer.Serialize(WatchDocument.From(told), WatchJson.Lines.WatchDocument) : CliConsole.Printable(Line(told)));
            if (StandardOutput.IsReaderGone() || _console.Unwritten is not null || until?.Matches(told) == true || (isOfDomain && --left == 0))
            {
                return;
            }
        }
    }

    // Of several hosts one may be down: it is watched for. That none can be reached is an error.
    private static async Task<List<WatchedHost>> ConnectAsync(IReadOnlyList<string?> names, ILogger logger, CancellationToken cancellationToken)
    {
        Task<LibvirtHost>[] connecting = [.. names.Distinct().Select(name => HostResolver.ConnectAsync(name, logger, cancellationToken))];
        await ((Task)Task.WhenAll(connecting)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Array.Find(connecting, task => task.Exception is { InnerException: not HostUnreachableException } || task.IsCanceled) is { } failed)
        {
            await failed.ConfigureAwait(false);
        }

        if (Array.TrueForAll(connecting, task => task.IsFaulted))
        {
            await connecting[0].ConfigureAwait(false);
        }

        return [.. names.Distinct().Zip(connecting, (name, task) => task.IsFaulted
            ? WatchedHost.Of(HostAddress.FromUri(name ?? ""), async ended => await HostResolver.ConnectAsync(name, logger, ended).ConfigureAwait(false))
            : WatchedHost.Of(task.Result.Address, _ => Task.FromResult<IHost>(task.Result)))];
    }

    private int TimedOut(ParseResult parsed)
    {
        string what = parsed.GetValue(_until) is not null ? $"'{parsed.GetResult(_until)!.Tokens[0].Value}' was not seen" : $"fewer than {parsed.GetValue(_count)} events came";
        string message = CliConsole.Printable($"{what} within {parsed.GetResult(_for)!.Tokens[0].Value}.");
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(new FailureDocument(new("timed_out", message)), WatchJson.Lines.FailureDocument));
        }
        else
        {
            _console.Error.WriteLine($"orchestrator: {message}");
        }

        return ExitCode.TimedOut;
    }

    private static string Line(HostEvent told)
    {
        string what = told.Kind switch
        {
            HostEventKind.Connected => $"connected: {Count(told.Domains!)}",
            HostEventKind.ConnectionLost => $"connection lost: {told.Detail}",
            HostEventKind.Reconnected => "connected again",
            HostEventKind.EventsMissed => string.Create(
                CultureInfo.InvariantCulture, $"{told.Missed?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of"} events missed{(told.Domains is { } now ? $"; now {Count(now)}" : "")}"),
            HostEventKind.Lifecycle => told.Detail!,
            HostEventKind.Monitor => $"qemu {told.Detail} {told.Data}",
            _ => $"{HostEventPattern.CodeOf(told.Kind).Replace('_', ' ')} {told.Detail}",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{told.Arrived.ToLocalTime():HH:mm:ss.fff}  {told.Host}  {told.DomainName ?? "-"}  {what}").TrimEnd();
    }

    private static string Count(IReadOnlyList<DomainSnapshot> domains) =>
        string.Create(CultureInfo.InvariantCulture, $"{domains.Count(domain => domain.IsActive)} active of {domains.Count} domains");
}
