using Orchestrator.Checks;
using static Libvirt.Xml.Tests.Dialects;
using static Orchestrator.Tests.Checks.Samples;

namespace Orchestrator.Tests.Checks;

/// <summary>Which layer is the first that is missing, and how much it weighs.</summary>
public sealed class HostReportTests
{
    private static IEnumerable<TestCaseData> HalfSetUp()
    {
        yield return new TestCaseData(VdpaHost with { Dialect = OpenEuler2203 with { VdpaHostDevice = false } }, HostLayer.Libvirt, "dnf update libvirt");
        yield return new TestCaseData(VdpaHost with { Dialect = OpenEuler2203Sp3 with { GenericVdpaDevice = false } }, HostLayer.Qemu, "dnf update qemu");
        yield return new TestCaseData(VdpaHost with { Kernel = VdpaHost.Kernel! with { VdpaDrivers = [], Modules = Without("vhost_vdpa") } }, HostLayer.VhostVdpa, "modprobe vhost_vdpa");
        yield return new TestCaseData(VdpaHost with { VdpaDevices = [] }, HostLayer.VdpaBus, "vdpa dev add name vdpa0");
        yield return new TestCaseData(
            (VdpaHost with { VdpaDevices = [], Kernel = VdpaHost.Kernel! with { Modules = Without("vender_vdpa") } }).With(f => f.Driver == "vender_vdpa" ? null : f), HostLayer.Driver, "new_id");
        yield return new TestCaseData(
            (VdpaHost with { VdpaDevices = [], Kernel = VdpaHost.Kernel! with { Modules = Without("vender_vdpa") } }).With(_ => null), HostLayer.Hardware, "vdpa_sim_net");
        yield return new TestCaseData(VdpaHost with { IommuGroups = 0 }, HostLayer.Hardware, "SMMU");

        static Dictionary<string, ModuleFacts> Without(string module) => VdpaHost.Kernel!.Modules.Where(pair => pair.Key != module).ToDictionary();
    }

    [TestCaseSource(nameof(HalfSetUp))]
    public void The_first_missing_layer_is_named_with_what_mends_it(HostFacts facts, HostLayer layer, string remedy)
    {
        HostReport report = HostReport.Of(facts, [HostNeed.Vdpa]);

        Assert.That(report.FirstMissing?.Name, Is.EqualTo(layer));
        Assert.That(report.FirstMissing!.Remedy, Does.Contain(remedy));
        Assert.That(report.IsRefused, "what is needed and missing is an error");
        Assert.That(HostReport.Of(facts).IsRefused, Is.False, "without a need it is a warning");
    }

    [Test]
    public void A_host_that_lacks_nothing_has_no_missing_layer()
    {
        Assert.That(HostReport.Of(VdpaHost, [HostNeed.Vdpa]).FirstMissing, Is.Null);
        Assert.That(HostReport.Of(VdpaHost, [HostNeed.Vdpa]).IsRefused, Is.False);
        Assert.That(HostReport.Of(KaeHost, [HostNeed.Kae]).FirstMissing, Is.Null);
        Assert.That(HostReport.Of(KaeHost, [HostNeed.Kae]).IsRefused, Is.False);
    }

    [Test]
    public void A_host_of_accelerators_is_not_blamed_for_having_no_vdpa_unless_it_is_needed()
    {
        Assert.That(HostReport.Of(KaeHost).FirstMissing, Is.Null);
        Assert.That(HostReport.Of(KaeHost, [HostNeed.Vdpa]).FirstMissing?.Name, Is.EqualTo(HostLayer.VhostVdpa));
    }

    [Test]
    public void A_bare_host_lacks_the_layers_of_kernel_vdpa_at_severity_warning()
    {
        HostReport report = HostReport.Of(BareHost);

        Assert.That(report.FirstMissing?.Name, Is.EqualTo(HostLayer.VhostVdpa));
        Assert.That(report.Checks.Single(item => item.Check.Id == "vhost-vdpa-module").Check.Severity, Is.EqualTo(CheckSeverity.Warning));
        Assert.That(report.Checks.Single(item => item.Check.Id == "kae-hardware").Check.Severity, Is.EqualTo(CheckSeverity.Info));
    }

    [Test]
    public void The_layers_are_those_of_kernel_vdpa_from_the_top()
    {
        Assert.That(HostReport.Of(BareHost).Layers.Select(layer => layer.Name), Is.EqualTo(new[]
        {
            HostLayer.Owner, HostLayer.Libvirt, HostLayer.Qemu, HostLayer.VhostVdpa, HostLayer.VdpaBus, HostLayer.Driver, HostLayer.Hardware,
        }));
    }

    [Test]
    public void Layers_that_cannot_be_seen_are_unknown_and_none_is_called_missing()
    {
        HostReport report = HostReport.Of(Unseen, [HostNeed.Vdpa, HostNeed.Kae]);

        Assert.That(report.FirstMissing, Is.Null);
        Assert.That(report.Layers.Where(layer => layer.Name >= HostLayer.VhostVdpa).Select(layer => layer.Result), Is.All.EqualTo(CheckResult.Unknown));
    }

    [Test]
    public void A_host_that_others_manage_is_warned_of_and_lacks_no_layer()
    {
        HostReport report = HostReport.Of(VdpaHost with { Managers = [new("KubeVirt", "process virt-handler (9)")] }, [HostNeed.Vdpa]);

        Assert.That(report.FirstMissing, Is.Null);
        Assert.That(report.Checks[0].Check.Warns);
        Assert.That(report.Checks[0].Check.Message, Does.Contain("managed by KubeVirt"));
    }
}
