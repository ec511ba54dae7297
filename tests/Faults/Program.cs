using System.CommandLine;
using Faults;

Option<string[]> Words<T>(string name, string what)
    where T : struct, Enum
{
    var option = new Option<string[]>(name) { Description = what, AllowMultipleArgumentsPerToken = true };
    return option.AcceptOnlyFromAmong([.. Enum.GetValues<T>().Select(FaultCell.Word)]);
}

Option<string[]> mode = Words<FaultMode>("--mode", "Only with this driver.");
Option<string[]> fault = Words<Fault>("--fault", "Only this fault.");
Option<string[]> phase = Words<FaultPhase>("--phase", "Only in this phase.");
var all = new Option<bool>("--all") { Description = "Every cell, and twenty times failed and migrated again." };
var sample = new Option<int>("--sample") { Description = "So many cells of each fault." };
var seed = new Option<int>("--seed") { Description = "Chooses the sample.", DefaultValueFactory = _ => 1 };
var again = new Option<int>("--again") { Description = "How often to fail and migrate again." };
var noRecover = new Option<bool>("--no-recover") { Description = "Without a recovery: what the migration leaves by itself." };
var record = new Option<string?>("--record") { Description = "Write a line of JSON for each cell to this file." };
var root = new RootCommand("Faults at each phase of a migration, in a lab of its own, and whether everything was as it must be afterwards.") { mode, fault, phase, all, sample, seed, again, noRecover, record };
root.SetAction((parsed, cancellationToken) =>
{
    bool Wanted<T>(Option<string[]> option, T value)
        where T : struct, Enum => parsed.GetValue(option) is not { Length: > 0 } words || words.Contains(FaultCell.Word(value));

    bool isNamed = new[] { mode, fault, phase }.Any(option => parsed.GetValue(option) is { Length: > 0 });
    bool isAll = parsed.GetValue(all) || isNamed;
    IReadOnlyList<FaultCell> cells = isAll ? FaultCell.All : FaultCell.Sample(parsed.GetValue(seed), parsed.GetValue(sample));
    return Matrix.RunAsync(
        [.. cells.Where(cell => Wanted(mode, cell.Mode) && Wanted(fault, cell.Fault) && Wanted(phase, cell.Phase))],
        parsed.GetValue(record), parsed.GetValue(all) && !isNamed ? 20 : parsed.GetValue(again), !parsed.GetValue(noRecover), Console.Out, cancellationToken);
});

// Interrupted, it still takes its lab down, which may have to wait for a QEMU.
return await root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
