using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>The guests of the test reports on hosts of their releases: defined, and read back with the devices that were asked for.</summary>
public sealed class SeedDomainTests
{
    private static readonly DomainBuilder Vdpa = DomainBuilder.Vdpa4U8G("vdpa", "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2");

    private static readonly DomainBuilder Kae = DomainBuilder.Kae8U16G(
        "kae", PciAddress.Parse("0000:31:00.1"), PciAddress.Parse("0000:35:00.1"), PciAddress.Parse("0000:37:00.1"));

    private static IEnumerable<TestCaseData> Taken()
    {
        yield return new TestCaseData(Vdpa, FakeLibvirt.OpenEuler2203Sp3).SetArgDisplayNames("4U8G, 3 vDPA", "22.03 LTS SP3");
        yield return new TestCaseData(Vdpa, FakeLibvirt.OpenEuler2403Sp3).SetArgDisplayNames("4U8G, 3 vDPA", "24.03 LTS SP3");
        yield return new TestCaseData(Kae, FakeLibvirt.OpenEuler2203Sp4).SetArgDisplayNames("8U16G, 3 KAE", "22.03 LTS SP4");
        yield return new TestCaseData(Kae, FakeLibvirt.OpenEuler2403Sp3).SetArgDisplayNames("8U16G, 3 KAE", "24.03 LTS SP3");
    }

    [TestCaseSource(nameof(Taken))]
    public async Task Is_defined_and_read_back_equal(DomainBuilder builder, object libvirt)
    {
        FakeHost host = Host(libvirt);
        HostDialect dialect = await host.GetDialectAsync(CancellationToken.None);
        DomainDocument asked = builder.Build(dialect).Document;

        DefinitionPlan done = await new DomainDefiner(host).DefineAsync(asked);

        DomainDocument stored = DomainDocument.Parse(host.Definitions[done.Uuid]);
        IEnumerable<DomainDevice> devices = stored.Devices.OfType<ElementDevice>().Where(device => device is VdpaHostDevice or PciHostDevice);
        Assert.That(devices.Select(WithoutPlace), Is.EqualTo(builder.Devices.Select(device => WithoutPlace(device) switch
        {
            // libvirt says what it takes for granted.
            VdpaHostDevice vdpa => vdpa with { Managed = false },
            PciHostDevice pci => pci with { Managed = false },
            var other => other,
        })));
        Assert.That(stored.MemoryLock().IsEnough, Is.True);
    }

    [TestCaseSource(nameof(Taken))]
    public async Task A_release_before_the_feature_refuses_and_is_untouched(DomainBuilder builder, object libvirt)
    {
        FakeHost host = Host(FakeLibvirt.Stock113);
        HostDialect openEuler = await Host(libvirt).GetDialectAsync(CancellationToken.None);

        DefinitionException refused = Assert.ThrowsAsync<DefinitionException>(() => new DomainDefiner(host).DefineAsync(builder.Build(openEuler).Document))!;

        Assert.That(refused.Stage, Is.EqualTo(DefinitionStage.Refused));
        Assert.That(refused.Problems, Has.Count.EqualTo(3), "one for each device");
        Assert.That(refused.Problems.All(problem => problem.Alternatives.Count > 0), Is.True);
        Assert.That(host.Definitions, Is.Empty);
    }

    [Test]
    public async Task The_host_refuses_kae_before_sp4()
    {
        HostDialect dialect = await Host(FakeLibvirt.OpenEuler2203Sp3).GetDialectAsync(CancellationToken.None);
        Assert.That(() => Kae.Build(dialect), Throws.TypeOf<DeviceRefusedException>().With.Message.Contains("migration='on'"));
    }

    private static DomainDevice WithoutPlace(DomainDevice device) => device with { GuestAddress = null };

    private static FakeHost Host(object libvirt) => new("alpha", new ObserverClock(TimeProvider.System)) { Libvirt = (FakeLibvirt)libvirt };
}
