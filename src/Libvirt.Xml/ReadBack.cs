using System.Globalization;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>Something that was asked for and is not in what libvirt stored.</summary>
/// <param name="Path">Where it stood: <c>/domain/devices/hostdev[2]/@migration</c>.</param>
/// <param name="Asked">What was asked for: the attribute's value or the element's text; <see langword="null"/> for an element that only has children.</param>
/// <param name="Stored">What stands there instead; <see langword="null"/> when it is gone.</param>
public sealed record ReadBackLoss(string Path, string? Asked, string? Stored)
{
    /// <summary>In words: <c>migration='on' of /domain/devices/hostdev[2] was dropped</c>.</summary>
    public override string ToString() => Stored is null
        ? $"{Path}{(Asked is null ? "" : $" ('{Asked}')")} was dropped"
        : $"{Path} is '{Stored}' instead of '{Asked}'";
}

/// <summary>
/// Compares a document that libvirt was given with the one it stored. libvirt ignores what it does not know without a word; what it adds, reorders
/// or writes in another unit is no loss. In devices of the mission, QEMU's arguments and memory settings values must be equal, too.
/// </summary>
public static class ReadBack
{
    // Of two elements of a name, the partner is the one with the same identity, then the one that lost least.
    private const long IdentityWeight = 1_000_000;
    private const long LossWeight = 1000;
    private const long MaxCost = long.MaxValue / (4 * IdentityWeight);

    /// <summary>Of more elements of one name than a machine has devices, the order decides.</summary>
    private const long MaxPairs = 40_000;

    /// <summary>Elements and attributes that tell which device a device is.</summary>
    private static readonly HashSet<string> Identities = ["source", "mac", "type", "index"];

    /// <summary>Containers that say nothing when they are empty; other empty elements (<c>&lt;acpi/&gt;</c>) are switches.</summary>
    private static readonly HashSet<string> Containers =
        ["features", "metadata", "devices", "cputune", "memtune", "numatune", "blkiotune", "iothreadids", "cpu", "os", "source", "commandline", "override", "backingStore"];

    /// <summary>What was asked for and is not stored.</summary>
    /// <param name="asked">The element that libvirt was given: a domain or a device.</param>
    /// <param name="stored">The element that it gave back.</param>
    public static IReadOnlyList<ReadBackLoss> Compare(XElement asked, XElement stored)
    {
        ArgumentNullException.ThrowIfNull(asked);
        ArgumentNullException.ThrowIfNull(stored);
        var losses = new List<ReadBackLoss>();
        new Comparison().Collect(asked, stored, PathOf(asked), IsExact(asked), losses);
        return losses;
    }

    /// <summary>One comparison. The cost of a pair is worked out once: siblings of one name, nested, would double it at every level.</summary>
    private sealed class Comparison
    {
        private readonly Dictionary<(XElement, XElement), long> _costs = [];

        /// <summary>Collects the losses of a pair, or only its cost.</summary>
        internal long Collect(XElement asked, XElement stored, string path, bool exact, List<ReadBackLoss>? losses)
        {
            if (asked.Name.LocalName == "metadata" && asked.Name.NamespaceName.Length == 0)
            {
                return CollectMetadata(asked, stored, path, losses);
            }

            long cost = 0;
            foreach (XAttribute attribute in asked.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration))
            {
                if (stored.Attribute(attribute.Name) is not { } other)
                {
                    if (!Forgotten.Is(attribute) && (exact || !Forgotten.IsZero(attribute)))
                    {
                        cost += LossWeight;
                        losses?.Add(new($"{path}/@{attribute.Name.LocalName}", attribute.Value, null));
                    }
                }
                else if (!Same(attribute.Value, other.Value))
                {
                    cost += Identities.Contains(attribute.Name.LocalName) ? IdentityWeight : 1;
                    if (exact && !Forgotten.Is(attribute) && !InAnotherUnit(asked, stored))
                    {
                        losses?.Add(new($"{path}/@{attribute.Name.LocalName}", attribute.Value, other.Value));
                    }
                }
            }

            if (!asked.HasElements && asked.Value.Trim() is { Length: > 0 } text && !Same(text, stored.Value.Trim()))
            {
                cost++;
                if (exact && !InAnotherUnit(asked, stored))
                {
                    losses?.Add(new(path, text, stored.Value.Trim()));
                }
            }

            foreach (IGrouping<XName, XElement> group in asked.Elements().GroupBy(child => child.Name))
            {
                long weight = Identities.Contains(group.Key.LocalName) ? IdentityWeight : 1;
                cost = Math.Min(MaxCost, cost + (weight * CollectGroup([.. group], [.. stored.Elements(group.Key)], path, exact, losses)));
            }

            return cost;
        }

        /// <summary>Pairs elements of one name, the most alike first; what finds no partner is lost.</summary>
        private long CollectGroup(XElement[] asked, XElement[] stored, string path, bool exact, List<ReadBackLoss>? losses)
        {
            int?[] partner = Pair(asked, stored, exact);
            long cost = 0;
            for (int i = 0; i < asked.Length; i++)
            {
                string childPath = losses is null ? "" : $"{path}/{NameOf(asked[i])}{(asked.Length > 1 ? string.Create(CultureInfo.InvariantCulture, $"[{i + 1}]") : "")}";
                if (partner[i] is { } index)
                {
                    bool childExact = exact || IsExact(asked[i]);
                    cost += losses is null ? Cost(asked[i], stored[index], childExact) : Collect(asked[i], stored[index], childPath, childExact, losses);
                }
                else if (!SaysNothing(asked[i]) && !Forgotten.Is(asked[i]) && (exact || !Forgotten.IsZero(asked[i])))
                {
                    cost += LossWeight;
                    losses?.Add(new(childPath, asked[i].HasElements || asked[i].Value.Length == 0 ? null : asked[i].Value.Trim(), null));
                }
            }

            return Math.Min(MaxCost, cost);
        }

        private int?[] Pair(XElement[] asked, XElement[] stored, bool exact)
        {
            var partner = new int?[asked.Length];
            if ((asked.Length == 1 && stored.Length == 1) || (long)asked.Length * stored.Length > MaxPairs)
            {
                for (int i = 0; i < Math.Min(asked.Length, stored.Length); i++)
                {
                    partner[i] = i;
                }

                return partner;
            }

            var taken = new bool[stored.Length];
            var pairs = from a in Enumerable.Range(0, asked.Length)
                        from s in Enumerable.Range(0, stored.Length)
                        orderby Cost(asked[a], stored[s], exact || IsExact(asked[a])), Math.Abs(a - s)
                        select (a, s);
            foreach ((int a, int s) in pairs)
            {
                if (partner[a] is null && !taken[s])
                {
                    partner[a] = s;
                    taken[s] = true;
                }
            }

            return partner;
        }

        private long Cost(XElement asked, XElement stored, bool exact) =>
            _costs.TryGetValue((asked, stored), out long known) ? known : _costs[(asked, stored)] = Collect(asked, stored, "", exact, null);

        /// <summary>libvirt keeps the elements of metadata as they are, one of each namespace, and drops those without one.</summary>
        private static long CollectMetadata(XElement asked, XElement stored, string path, List<ReadBackLoss>? losses)
        {
            List<XElement> lost = [.. asked.Elements().Where(child => stored.Element(child.Name) is null)];
            losses?.AddRange(lost.Select(child => new ReadBackLoss($"{path}/{NameOf(child)}", null, null)));
            return lost.Count * LossWeight;
        }
    }

    private static bool IsExact(XElement element) => element.Name.LocalName switch
    {
        "hostdev" => (string?)element.Attribute("type") is "vdpa" or "pci" or "mdev",
        "memtune" or "memoryBacking" or "commandline" or "override" => true,
        "interface" => (string?)element.Attribute("type") is "vdpa" or "hostdev" or "vhostuser",
        "disk" => (string?)element.Attribute("type") is "vhostvdpa" or "vhostuser",
        _ => false,
    };

    private static bool SaysNothing(XElement element) =>
        Containers.Contains(element.Name.LocalName) && !element.HasElements && !element.Attributes().Any(attribute => !attribute.IsNamespaceDeclaration);

    /// <summary>libvirt writes numbers and addresses in its own way: <c>0x31</c> is <c>49</c>.</summary>
    private static bool Same(string asked, string stored) =>
        string.Equals(asked, stored, StringComparison.OrdinalIgnoreCase) || (Number(asked) is { } a && Number(stored) is { } b && a == b);

    private static ulong? Number(string text)
    {
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHex ? text.AsSpan(2) : text, isHex ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;
    }

    /// <summary>Sizes are stored in KiB, whatever unit they were given in.</summary>
    private static bool InAnotherUnit(XElement asked, XElement stored) =>
        (string?)stored.Attribute("unit") is { } unit && (string?)asked.Attribute("unit") != unit;

    private static string PathOf(XElement element) => "/" + string.Join('/', element.AncestorsAndSelf().Reverse().Select(NameOf));

    private static string NameOf(XElement element) =>
        element.GetPrefixOfNamespace(element.Name.Namespace) is { Length: > 0 } prefix ? $"{prefix}:{element.Name.LocalName}" : element.Name.LocalName;
}
