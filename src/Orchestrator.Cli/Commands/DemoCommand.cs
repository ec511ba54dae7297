using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Lab;
using Orchestrator.Migration;
using Spectre.Console;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator lab demo</c>: a lab of its own, a guest that dirties memory, there and back, everything measured and taken down.</summary>
internal sealed class DemoCommand(GlobalOptions globals, CliConsole console)
{
    private const double DirtyMiBPerSecond = 16;
    private static readonly TimeSpan MaxDowntime = TimeSpan.FromMilliseconds(100); // the limit of the KAE acceptance test

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new DemoCommand(globals, console);
        var command = new Command("demo", "Migrates a guest there and back in a lab of its own, shows the measured downtimes, and takes everything down.");
        command.SetAction((_, cancellationToken) => self.RunAsync(cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using ILoggerFactory? notes = console.Json || console.Quiet ? null : LoggerFactory.Create(builder => builder.AddProvider(new NoteLoggerProvider(console)));
        await using VirtualLab lab = await VirtualLab.StartAsync(LabFolderOption.Options(), notes ?? globals.Loggers, cancellationToken).ConfigureAwait(false);
        LabGuest guest = await lab.StartGuestAsync(new() { DirtyMiBPerSecond = DirtyMiBPerSecond }, cancellationToken).ConfigureAwait(false);
        console.Note($"{guest.Name} runs on {lab.Hosts[0].Name} and dirties {DirtyMiBPerSecond} MiB/s.");

        var clock = new ObserverClock(TimeProvider.System);
        await using LibvirtHost a = await ConnectAsync(lab.Hosts[0], clock, cancellationToken).ConfigureAwait(false);
        await using LibvirtHost b = await ConnectAsync(lab.Hosts[1], clock, cancellationToken).ConfigureAwait(false);
        MigrationResult there = await MigrateAsync(guest, a, b, clock, cancellationToken).ConfigureAwait(false);
        if (there.Verdict.Outcome != MigrationOutcome.Completed)
        {
            return Finish([there]);
        }

        return Finish([there, await MigrateAsync(guest, b, a, clock, cancellationToken).ConfigureAwait(false)]);
    }

    private Task<LibvirtHost> ConnectAsync(LabHost host, ObserverClock clock, CancellationToken cancellationToken) =>
        LibvirtHost.ConnectAsync(new(host.Name, host.Uri), null, clock, globals.Loggers.CreateLogger("orchestrator"), cancellationToken);

    private Task<MigrationResult> MigrateAsync(LabGuest guest, LibvirtHost source, LibvirtHost destination, ObserverClock clock, CancellationToken cancellationToken)
    {
        var migrator = new Migrator(source, destination, clock, logger: globals.Loggers.CreateLogger("orchestrator"));
        var request = new MigrationRequest { Domain = guest.Name, MaxDowntime = MaxDowntime, ReadGuestTicks = HostResolver.TicksOf(guest) };
        return MigrationProgressView.ShowAsync(
            console, $"{guest.Name} {source.Address.Name} -> {destination.Address.Name}", progress => migrator.MigrateAsync(request, progress, cancellationToken));
    }

    private int Finish(IReadOnlyList<MigrationResult> results)
    {
        MigrationResult last = results[^1];
        if (console.Json)
        {
            console.Out.WriteLine(MigrationDocument.From(last).ToJson());
            return OutcomeCode.Of(last.Verdict.Outcome);
        }

        if (last.Downtime is { } downtime)
        {
            console.Out.WriteLine($"The last migration, {last.Plan.Source.Name} to {last.Plan.Destination.Name}, in milliseconds since the call:");
            console.Tables().Write(DowntimeText.Timeline(downtime));
            console.Out.WriteLine("The downtimes, in milliseconds:");
            console.Tables().Write(SideBySide(results));
        }

        foreach (MigrationResult result in results)
        {
            console.Out.WriteLine(MigrationText.Answer(result));
        }

        return OutcomeCode.Of(last.Verdict.Outcome);
    }

    private static Table SideBySide(IReadOnlyList<MigrationResult> results)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("method");
        foreach (MigrationResult result in results)
        {
            table.AddColumn(new TableColumn($"{result.Plan.Source.Name} -> {result.Plan.Destination.Name}").RightAligned());
        }

        Row("trace", report => report.Sources.Trace.ValueMs);
        Row("qmp", report => report.Sources.Qmp.ValueMs);
        Row("libvirt downtime_net", report => report.Sources.Libvirt.DowntimeNetMs);
        Row("libvirt downtime", report => report.Sources.Libvirt.DowntimeMs);
        Row("observer", report => report.Sources.Observer.ValueMs);
        Row("guest", report => report.Sources.Guest.ValueMs);
        return table;

        void Row(string method, Func<Downtime.DowntimeReport, double?> value) =>
            table.AddRow([method, .. results.Select(result => result.Downtime is { } report && value(report) is { } ms ? ms.ToString("0.00", CultureInfo.InvariantCulture) : "-")]);
    }
}
