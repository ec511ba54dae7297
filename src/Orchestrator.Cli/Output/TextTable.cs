namespace Orchestrator.Cli;

/// <summary>A table of plain text: a list that scripts and people ask for a thousand times a day is not worth a library that takes longer to load than the host to answer.</summary>
internal static class TextTable
{
    /// <summary>Writes a table, each column as wide as its widest cell.</summary>
    internal static void Write(CliConsole console, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> lines = [columns, .. rows.Select(row => row.Select(CliConsole.Printable).ToArray())];
        int[] widths = [.. columns.Select((_, column) => lines.Max(line => line[column].Length))];
        foreach (IReadOnlyList<string> line in lines)
        {
            console.Out.WriteLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
