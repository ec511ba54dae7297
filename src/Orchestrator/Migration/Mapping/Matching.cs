namespace Orchestrator.Migration.Mapping;

/// <summary>Gives each of several seekers a place of its own, as many as can have one. Always the same for the same input.</summary>
internal static class Matching
{
    /// <summary>Matches seekers to places.</summary>
    /// <param name="wishes">For each seeker the places that it would take, the best first.</param>
    /// <returns>For each seeker its place, or <see langword="null"/>.</returns>
    internal static string?[] Find(IReadOnlyList<IReadOnlyList<string>> wishes)
    {
        var holders = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int seeker = 0; seeker < wishes.Count; seeker++)
        {
            Settle(seeker, []);
        }

        var found = new string?[wishes.Count];
        foreach ((string place, int seeker) in holders)
        {
            found[seeker] = place;
        }

        return found;

        // A free place first; else a holder that can go elsewhere moves.
        bool Settle(int seeker, HashSet<string> tried)
        {
            string? free = wishes[seeker].FirstOrDefault(place => !holders.ContainsKey(place));
            if (free is not null)
            {
                holders[free] = seeker;
                return true;
            }

            foreach (string place in wishes[seeker].Where(tried.Add))
            {
                if (Settle(holders[place], tried))
                {
                    holders[place] = seeker;
                    return true;
                }
            }

            return false;
        }
    }
}
