using Libvirt.Interop.Native;

namespace Libvirt.Interop.Tests;

public sealed class DomainStatsTests
{
    [Test]
    public void All_domains_are_told_of_in_one_call_and_nothing_is_kept()
    {
        using var host = new TestHost();
        host.Connection.DefineXml(TestHost.OtherDomain).Dispose();
        int open = VirHandle.OpenCount;

        IReadOnlyList<DomainStats> stats = host.Connection.GetDomainStats(DomainStatsTypes.State);

        Assert.That(stats.Select(domain => (domain.Name, domain.Id is null, (DomainState?)domain.Statistics.FindInteger("state.state"))), Is.EquivalentTo(new (string, bool, DomainState?)[]
        {
            (TestHost.RunningName, false, DomainState.Running), ("db1", true, DomainState.Shutoff),
        }));
        Assert.That(stats.Single(domain => domain.Name == TestHost.RunningName).Uuid, Is.EqualTo(TestHost.RunningUuid));
        Assert.That(VirHandle.OpenCount, Is.EqualTo(open));
    }

    [Test]
    public void A_domain_that_is_not_started_with_its_host_says_so()
    {
        using var host = new TestHost();
        using LibvirtDomain domain = host.Connection.LookupByName(TestHost.RunningName);
        Assert.That(domain.IsAutostarted(), Is.False);
    }

    [Test]
    public void A_group_that_the_driver_lacks_is_an_error_where_it_is_insisted_upon()
    {
        using var host = new TestHost();
        LibvirtException error = Assert.Throws<LibvirtException>(() => host.Connection.GetDomainStats(DomainStatsTypes.Perf, DomainStatsFlags.EnforceStats))!;
        Assert.That(error.Operation, Is.EqualTo("virConnectGetAllDomainStats"));
    }
}
