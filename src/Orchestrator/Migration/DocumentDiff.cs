using System.Globalization;
using Orchestrator.Support;

namespace Orchestrator.Migration;

/// <summary>The lines in which two documents differ, as <c>diff -u</c> shows them. Pure.</summary>
internal static class DocumentDiff
{
    private const int Context = 3;

    /// <summary>Beyond this many differing lines in one piece they are shown as replaced: nobody reads them one by one.</summary>
    private const int MostCompared = 2000;

    /// <summary>Compares two texts; empty when they are the same. Passwords are left out.</summary>
    /// <param name="before">The one.</param>
    /// <param name="after">The other.</param>
    /// <param name="beforeName">What the one is called.</param>
    /// <param name="afterName">What the other is called.</param>
    internal static IReadOnlyList<string> Of(string before, string after, string beforeName, string afterName)
    {
        string[] a = before.ReplaceLineEndings("\n").Split('\n');
        string[] b = after.ReplaceLineEndings("\n").Split('\n');
        List<(char Sign, string Text)> edits = Edits(a, b);
        if (edits.TrueForAll(edit => edit.Sign == ' '))
        {
            return [];
        }

        var lines = new List<string> { $"--- {beforeName}", $"+++ {afterName}" };
        int[] changed = [.. Enumerable.Range(0, edits.Count).Where(i => edits[i].Sign != ' ')];
        for (int next = 0; next < changed.Length;)
        {
            int last = next;
            while (last + 1 < changed.Length && changed[last + 1] - changed[last] <= 2 * Context)
            {
                last++;
            }

            int from = Math.Max(0, changed[next] - Context);
            int to = Math.Min(edits.Count - 1, changed[last] + Context);
            (int lineA, int lineB) = (1 + edits.Take(from).Count(edit => edit.Sign != '+'), 1 + edits.Take(from).Count(edit => edit.Sign != '-'));
            List<(char Sign, string Text)> piece = edits[from..(to + 1)];
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"@@ -{lineA},{piece.Count(edit => edit.Sign != '+')} +{lineB},{piece.Count(edit => edit.Sign != '-')} @@"));
            lines.AddRange(piece.Select(edit => edit.Sign + Redaction.OfText(edit.Text)));
            next = last + 1;
        }

        return lines;
    }

    private static List<(char Sign, string Text)> Edits(string[] a, string[] b)
    {
        int start = 0;
        while (start < a.Length && start < b.Length && a[start] == b[start])
        {
            start++;
        }

        int end = 0;
        while (end < a.Length - start && end < b.Length - start && a[^(end + 1)] == b[^(end + 1)])
        {
            end++;
        }

        return [.. a[..start].Select(line => (' ', line)), .. Middle(a[start..^end], b[start..^end]), .. a[(a.Length - end)..].Select(line => (' ', line))];
    }

    private static List<(char Sign, string Text)> Middle(string[] a, string[] b)
    {
        if (a.Length > MostCompared || b.Length > MostCompared)
        {
            return [.. a.Select(line => ('-', line)), .. b.Select(line => ('+', line))];
        }

        // The length of the longest common part from each pair of lines on.
        int[,] common = new int[a.Length + 1, b.Length + 1];
        for (int i = a.Length - 1; i >= 0; i--)
        {
            for (int j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        var edits = new List<(char, string)>();
        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (i < a.Length && j < b.Length && a[i] == b[j])
            {
                edits.Add((' ', a[i++]));
                j++;
            }
            else if (i < a.Length && (j == b.Length || common[i + 1, j] >= common[i, j + 1]))
            {
                edits.Add(('-', a[i++]));
            }
            else
            {
                edits.Add(('+', b[j++]));
            }
        }

        return edits;
    }
}
