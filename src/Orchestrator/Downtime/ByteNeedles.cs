using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Orchestrator.Downtime;

/// <summary>
/// Searches bytes for any of some texts, sixteen places at a time: the halves of three bytes in a row are looked up in tables that tell which groups of texts may begin there
/// (the algorithm that is called Teddy), and only such places are compared. The runtime has this for characters; a log would have to be widened to them first.
/// </summary>
internal sealed class ByteNeedles
{
    private const int Groups = 8;
    private const int Prefix = 3;

    private readonly byte[][][] _groups;
    private readonly Vector128<byte> _low0, _low1, _low2, _high0, _high1, _high2;

    /// <summary>Prepares the search.</summary>
    /// <param name="needles">The texts, each at least three bytes long.</param>
    public ByteNeedles(IEnumerable<string> needles)
    {
        // Texts that begin alike share a group, so that fewer places look as if one began there.
        var sorted = needles.Order(StringComparer.Ordinal).Select(System.Text.Encoding.ASCII.GetBytes).GroupBy(needle => (needle[0], needle[1], needle[2])).ToList();
        _groups = [.. Enumerable.Range(0, Groups).Select(group => sorted.Where((_, i) => i % Groups == group).SelectMany(alike => alike).ToArray())];
        (_low0, _high0) = Tables(0);
        (_low1, _high1) = Tables(1);
        (_low2, _high2) = Tables(2);
    }

    /// <summary>The first place where one of the texts begins, or -1.</summary>
    public int IndexOfAny(ReadOnlySpan<byte> bytes)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        var i = 0;
        for (; i + Vector128<byte>.Count + Prefix - 1 <= bytes.Length; i += Vector128<byte>.Count)
        {
            var found = Match(ref Unsafe.Add(ref start, i), _low0, _high0)
                & Match(ref Unsafe.Add(ref start, i + 1), _low1, _high1)
                & Match(ref Unsafe.Add(ref start, i + 2), _low2, _high2);
            if (found == Vector128<byte>.Zero)
            {
                continue;
            }

            for (var places = ~Vector128.Equals(found, Vector128<byte>.Zero).ExtractMostSignificantBits() & 0xFFFF; places != 0; places &= places - 1)
            {
                var place = BitOperations.TrailingZeroCount(places);
                if (Begins(bytes[(i + place)..], found.GetElement(place)))
                {
                    return i + place;
                }
            }
        }

        for (; i <= bytes.Length - Prefix; i++)
        {
            if (Begins(bytes[i..], byte.MaxValue))
            {
                return i;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Match(ref byte bytes, Vector128<byte> low, Vector128<byte> high)
    {
        var found = Vector128.LoadUnsafe(ref bytes);
        return Vector128.ShuffleNative(low, found & Vector128.Create((byte)0xF)) & Vector128.ShuffleNative(high, Vector128.ShiftRightLogical(found, 4));
    }

    private bool Begins(ReadOnlySpan<byte> bytes, byte groups)
    {
        for (var group = 0; group < Groups; group++)
        {
            if ((groups & (1 << group)) == 0)
            {
                continue;
            }

            foreach (var needle in _groups[group])
            {
                if (bytes.StartsWith(needle))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private (Vector128<byte> Low, Vector128<byte> High) Tables(int place)
    {
        var (low, high) = (new byte[16], new byte[16]);
        for (var group = 0; group < Groups; group++)
        {
            foreach (var needle in _groups[group])
            {
                low[needle[place] & 0xF] |= (byte)(1 << group);
                high[needle[place] >> 4] |= (byte)(1 << group);
            }
        }

        return (Vector128.Create(low), Vector128.Create(high));
    }
}
