using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Downtime;

namespace Orchestrator.Tests.Downtime;

public class ByteNeedlesTests
{
    private static readonly string[] Needles = ["abc", "abd", "bca", "aab", "abcab", "cab", "ddd", "dab", "bdb", "adda"];

    [Test]
    public void IndexOfAny_finds_what_a_search_one_by_one_finds()
    {
        var search = new ByteNeedles(Needles);
        var texts = Gen.Elements('a', 'b', 'c', 'd', '.', '\n').ArrayOf().Where(text => text.Length < 200).Select(text => new string(text));

        // A few places of a, b, c, d between many dots: matches near and across the borders of sixteen bytes.
        var sparse = from length in Gen.Choose(0, 80)
                     from needle in Gen.Elements(Needles)
                     from at in Gen.Choose(0, 80)
                     select new string('.', length) + needle[..Math.Min(needle.Length, at)] + new string('.', at) + needle;

        Prop.ForAll(Gen.OneOf(texts, sparse).ToArbitrary(), text =>
        {
            var expected = Needles.Select(needle => text.IndexOf(needle, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
            return search.IndexOfAny(Encoding.ASCII.GetBytes(text)) == expected;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Test]
    public void IndexOfAny_any_bytes_are_no_match_and_no_crash()
    {
        var bytes = new byte[100_000];
        new Random(7).NextBytes(bytes);

        Assert.That(QemuLogEvents.Needles.IndexOfAny(bytes), Is.EqualTo(-1));
        Assert.That(QemuLogEvents.Needles.IndexOfAny([]), Is.EqualTo(-1));
    }
}
