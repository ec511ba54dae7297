using Orchestrator.Lab.Hosts;

namespace Orchestrator.Lab.Tests.Hosts;

public sealed class PortRangesTests
{
    private static readonly HashSet<int> NoPorts = [];

    [Test]
    public void Choose_from_any_start_stays_below_the_ephemeral_ports()
    {
        for (var start = 0; start < PortRanges.Count; start++)
        {
            var ranges = PortRanges.Choose(16, [], NoPorts, start);

            Assert.That(ranges, Has.Count.EqualTo(16).And.Unique);
            Assert.That(ranges, Has.All.Matches<PortRange>(r => r.First >= 20480 && r.Last == r.First + 63 && r.Last < 32768));
        }
    }

    [Test]
    public void Choose_taken_ranges_are_left_out()
    {
        var taken = PortRanges.Choose(2, [], NoPorts, 7);

        Assert.That(PortRanges.Choose(2, taken, NoPorts, 7).Intersect(taken), Is.Empty);
    }

    [Test]
    public void Choose_range_with_a_used_port_is_left_out()
    {
        var first = PortRanges.Choose(1, [], NoPorts, 0).Single();

        Assert.That(PortRanges.Choose(1, [], new HashSet<int> { first.Last }, 0).Single().First, Is.EqualTo(first.Last + 1));
    }

    [Test]
    public void Choose_more_than_there_are_is_refused() => Assert.That(
        () => PortRanges.Choose(1, PortRanges.Choose(PortRanges.Count, [], NoPorts, 0), NoPorts, 0), Throws.TypeOf<LabException>());

    [Test]
    public void Parse_lines_of_proc_net_tcp_returns_local_ports()
    {
        string[] lines =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:5208 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0",
            "   1: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000",
        ];

        Assert.That(UsedPorts.Parse(lines), Is.EqualTo(new[] { 21000, 22 }));
    }
}
