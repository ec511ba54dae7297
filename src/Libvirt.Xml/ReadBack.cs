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
    private const int IdentityWeight = 1_000_000;
    private const int LossWeight = 1000;

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
        Collect(asked, stored, PathOf(asked), IsExact(asked), losses);
        return losses;
    }

    private static int Collect(XElement asked, XElement stored, string path, bool exact, List<ReadBackLoss>? losses)
    {
        int cost = 0;
        foreach (XAttribute attribute in asked.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration))
        {
            if (stored.Attribute(attribute.Name) is not { } other)
            {
                if (!Forgotten.Is(attribute))
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
            int weight = Identities.Contains(group.Key.LocalName) ? IdentityWeight : 1;
            cost = checked((int)Math.Min(int.MaxValue / 2, cost + ((long)weight * CollectGroup([.. group], [.. stored.Elements(group.Key)], path, exact, losses))));
        }

        return cost;
    }

    /// <summary>Pairs elements of one name, the most alike first; what finds no partner is lost.</summary>
    private static int CollectGroup(XElement[] asked, XElement[] stored, string path, bool exact, List<ReadBackLoss>? losses)
    {
        var partner = new int?[asked.Length];
        if (asked.Length == 1 && stored.Length == 1)
        {
            partner[0] = 0;
        }
        else
        {
            var taken = new bool[stored.Length];
            var pairs = from a in Enumerable.Range(0, asked.Length)
                        from s in Enumerable.Range(0, stored.Length)
                        orderby Collect(asked[a], stored[s], "", exact, null), Math.Abs(a - s)
                        select (a, s);
            foreach ((int a, int s) in pairs)
            {
                if (partner[a] is null && !taken[s])
                {
                    partner[a] = s;
                    taken[s] = true;
                }
            }
        }

        int cost = 0;
        for (int i = 0; i < asked.Length; i++)
        {
            string childPath = losses is null ? "" : $"{path}/{NameOf(asked[i])}{(asked.Length > 1 ? string.Create(CultureInfo.InvariantCulture, $"[{i + 1}]") : "")}";
            if (partner[i] is { } index)
            {
                cost += Collect(asked[i], stored[index], childPath, exact || IsExact(asked[i]), losses);
            }
            else if (!SaysNothing(asked[i]) && !Forgotten.Is(asked[i]))
            {
                cost += LossWeight;
                losses?.Add(new(childPath, asked[i].HasElements || asked[i].Value.Length == 0 ? null : asked[i].Value.Trim(), null));
            }
        }

        return cost;
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
