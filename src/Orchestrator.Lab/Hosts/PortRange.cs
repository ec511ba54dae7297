namespace Orchestrator.Lab.Hosts;

/// <summary>A range of TCP ports, both ends included.</summary>
internal sealed record PortRange(int First, int Last);

/// <summary>Chooses the ports of the hosts' migrations.</summary>
internal static class PortRanges
{
    /// <summary>The ports of one host.</summary>
    public const int Size = 64;

    /// <summary>Below 32768, where the kernel chooses the ports of outgoing connections by default.</summary>
    public const int Lowest = 20480;

    /// <summary>How many ranges there are.</summary>
    public const int Count = (32768 - Lowest) / Size;

    /// <summary>
    /// Chooses ranges that nobody has taken and in which no port is in use, from a starting place that is best random: the labs of other users
    /// cannot be asked.
    /// </summary>
    /// <exception cref="LabException">There are not enough.</exception>
    public static IReadOnlyList<PortRange> Choose(int count, IEnumerable<PortRange> taken, IReadOnlySet<int> usedPorts, int start)
    {
        var firsts = taken.Select(r => r.First).ToHashSet();
        var chosen = Enumerable.Range(0, Count)
            .Select(i => Lowest + ((start + i) % Count * Size))
            .Where(first => !firsts.Contains(first) && !Enumerable.Range(first, Size).Any(usedPorts.Contains))
            .Take(count)
            .Select(first => new PortRange(first, first + Size - 1))
            .ToList();
        return chosen.Count == count
            ? chosen
            : throw new LabException($"There are no {count} free ranges of {Size} ports between {Lowest} and 32767.", "Take down other labs.");
    }
}
