using System.Globalization;
using System.Text.Json;
using Orchestrator.Lab;

namespace Faults;

/// <summary>Runs cells of the matrix on a lab of its own, and prints it.</summary>
internal static class Matrix
{
    internal static async Task<int> RunAsync(IReadOnlyList<FaultCell> cells, string? recordFile, int again, bool recovers, TextWriter output, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("faults-").FullName;
        try
        {
            await using VirtualLab lab = await VirtualLab.StartAsync(cancellationToken: cancellationToken);
            await using CellRunner runner = await CellRunner.StartAsync(lab, folder, recovers, output, cancellationToken);
            await using StreamWriter? record = recordFile is null ? null : new(recordFile);
            var records = new List<CellRecord>();
            foreach (FaultCell cell in cells)
            {
                CellRecord done = await runner.RunAsync(cell, cancellationToken);
                records.Add(done);
                await (record?.WriteLineAsync(JsonSerializer.Serialize(done, CellJson.Default.CellRecord)) ?? Task.CompletedTask);
                await (record?.FlushAsync(cancellationToken) ?? Task.CompletedTask);
                Print(done, output);
            }

            IReadOnlyList<string> worse = again > 0 ? await Again.RunAsync(runner, again, output, cancellationToken) : [];
            PrintTable(records, output);
            worse.ToList().ForEach(problem => output.WriteLine($"problem: {problem}"));
            int bad = records.Count(done => done.Problems.Count > 0);
            int missed = records.Count(done => !done.Hit);
            output.WriteLine($"{records.Count} cells: {records.Count - bad} as they must be, {bad} not; {missed} faults missed their phase; {again} times failed and migrated again, {worse.Count} problems");
            return bad == 0 && worse.Count == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Print(CellRecord done, TextWriter output)
    {
        output.WriteLine($"{Line(done)}");
        if (done.Problems.Count == 0)
        {
            return;
        }

        foreach (string problem in done.Problems)
        {
            output.WriteLine($"    problem: {problem}");
        }

        foreach ((string when, BothFacts facts) in new[] { ("at its end", done.AtItsEnd), ("recovered", done.Settled) })
        {
            output.WriteLine($"    {when}: source {Words(facts.Source)}; destination {Words(facts.Destination)}");
        }

        foreach (string line in done.Events?.Where(line => !line.Contains(" iteration ", StringComparison.Ordinal)) ?? [])
        {
            output.WriteLine($"    | {line}");
        }
    }

    private static void PrintTable(IReadOnlyList<CellRecord> records, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{"mode",-7}{"fault",-26}{"phase",-17}{"verdict",-9}{"exit",-5}{"outcome",-14}{"guest",-13}{"recover",-8}{"seconds",7}");
        foreach (CellRecord done in records.OrderByDescending(done => done.Mode).ThenBy(done => FaultCell.Parse<Fault>(done.Fault)).ThenBy(done => FaultCell.Parse<FaultPhase>(done.Phase)))
        {
            output.WriteLine(Line(done));
        }

        output.WriteLine();
    }

    private static string Line(CellRecord done) => string.Create(
        CultureInfo.InvariantCulture,
        $"{done.Mode,-7}{done.Fault,-26}{done.Phase,-17}{(done.Problems.Count > 0 ? "WRONG" : "ok"),-9}{done.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "-",-5}{done.Outcome,-14}{done.Place,-13}{done.RecoverExitCode?.ToString(CultureInfo.InvariantCulture) ?? "-",-8}{done.Seconds,7:0.0}{(done.Hit ? "" : $"  (struck in {done.Struck})")}");

    private static string Words(HostFacts facts) =>
        $"{facts.State ?? "absent"}{(facts.IsKnown ? "" : " (does not answer)")}{(facts.IsDefined ? ", defined" : "")}{(facts.Job is { } job ? $", job {job}" : "")}, {facts.Qemus} QEMU";
}
