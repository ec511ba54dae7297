using System.CommandLine;
using Storm;

var seed = new Option<int>("--seed") { Description = "Of the random requests; a new one by default. It is printed in the end.", DefaultValueFactory = _ => Random.Shared.Next(1, 1_000_000) };
var requests = new Option<int>("--requests") { DefaultValueFactory = _ => 5000 };
var workers = new Option<int>("--workers") { DefaultValueFactory = _ => 16 };
var processes = new Option<int>("--processes") { DefaultValueFactory = _ => 2 };
var guests = new Option<int>("--guests") { DefaultValueFactory = _ => 8 };
var listening = new Option<int>("--listening") { Description = "How many of the guests have a system that listens to its power button and gives devices back.", DefaultValueFactory = _ => 2 };
var kills = new Option<int>("--kills") { Description = "How often a daemon is killed and restarted meanwhile.", DefaultValueFactory = parsed => parsed.GetValue<bool>("--migrate") ? 0 : 20 };
var migrates = new Option<bool>("--migrate") { Description = "The guests are also migrated from host to host. Then no daemon is killed unless --kills says so." };
var hostCount = new Option<int>("--hosts") { Description = "How many hosts.", DefaultValueFactory = _ => 2 };
var record = new Option<string?>("--record") { Description = "Write what became of each request to this file, in the order in which they had their guests." };
var root = new RootCommand("Random requests at guests of a lab of its own, and whether everything was as it must be.") { seed, requests, workers, processes, guests, listening, kills, hostCount, migrates, record };
root.SetAction((parsed, cancellationToken) => new Storm.Storm(
    new()
    {
        Seed = parsed.GetValue(seed),
        Requests = parsed.GetValue(requests),
        Workers = parsed.GetValue(workers),
        Processes = parsed.GetValue(processes),
        Guests = parsed.GetValue(guests),
        Listening = parsed.GetValue(listening),
        Kills = parsed.GetValue(kills),
        Hosts = parsed.GetValue(hostCount),
        Migrates = parsed.GetValue(migrates),
        Record = parsed.GetValue(record),
    },
    Console.Out).RunAsync(cancellationToken));

var first = new Option<int>("--first");
var end = new Option<int>("--end");
var folder = new Option<string>("--folder");
var host = new Option<string[]>("--host");
var worker = new Command("workers", "The workers of one process.") { Hidden = true };
foreach (Option option in (Option[])[seed, requests, workers, guests, migrates, first, end, folder, host])
{
    worker.Options.Add(option);
}

worker.SetAction((parsed, cancellationToken) => StormWorkers.RunAsync(
    new() { Seed = parsed.GetValue(seed), Requests = parsed.GetValue(requests), Workers = parsed.GetValue(workers), Guests = parsed.GetValue(guests), Migrates = parsed.GetValue(migrates) },
    parsed.GetValue(first), parsed.GetValue(end), parsed.GetValue(folder)!, parsed.GetValue(host)!, Console.Out, cancellationToken));
root.Subcommands.Add(worker);

// Interrupted, it still takes its lab down, which may have to wait for a QEMU.
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
