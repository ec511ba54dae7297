// Migrates a guest and shows what each method says about its downtime:
//   dotnet run --project samples/MigrateAndMeasure -- web1 qemu+ssh://root@node1/system qemu+ssh://root@node2/system
using Orchestrator;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration;

if (args.Length != 3)
{
    Console.Error.WriteLine("usage: MigrateAndMeasure DOMAIN SOURCE-URI DESTINATION-URI");
    return 2;
}

using var cancelled = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // Cancelling is a request: the migration is aborted, and the result tells where the guest really is.
    pressed.Cancel = true;
    cancelled.Cancel();
};

var clock = new ObserverClock(TimeProvider.System);
await using LibvirtHost source = await LibvirtHost.ConnectAsync(HostAddress.FromUri(args[1]), clock: clock);
await using LibvirtHost destination = await LibvirtHost.ConnectAsync(HostAddress.FromUri(args[2]), clock: clock);
var migrator = new Migrator(source, destination, clock);
var request = new MigrationRequest { Domain = args[0] };

MigrationPlan plan = await migrator.PlanAsync(request, cancelled.Token);
foreach (Check check in plan.Checks.Where(check => check.Warns || check.Refuses))
{
    Console.WriteLine($"{check.Severity}: {check.Message}");
}

// The plan as it was shown: what would be done in another way by now is refused.
MigrationRun run = migrator.Start(plan, cancelled.Token);
await foreach (MigrationProgress progress in run.Progress)
{
    // Who reads slowly misses some reports; the migration waits for nobody.
    Console.WriteLine($"{progress.Stage} {progress.Fraction:P0}");
}

MigrationResult result = await run.Result;
Console.WriteLine($"{result.Verdict.Outcome}: {result.Verdict.Message}");
if (result.Downtime is { } downtime)
{
    DowntimeSources sources = downtime.Sources;
    Console.WriteLine($"downtime {downtime.ValueMs:0.0} ms ± {downtime.UncertaintyMs:0.0} by {downtime.Method}");
    Console.WriteLine($"trace {sources.Trace.ValueMs:0.0}  qmp {sources.Qmp.ValueMs:0.0}  libvirt {sources.Libvirt.DowntimeNetMs}  observer {sources.Observer.ValueMs:0.0}");
}

return result.Verdict.Outcome == MigrationOutcome.Completed ? 0 : 1;
