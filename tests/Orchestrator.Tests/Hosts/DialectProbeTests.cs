using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>The dialect is told from answers, not from versions or words.</summary>
public sealed class DialectProbeTests
{
    private static IEnumerable<TestCaseData> Flavours()
    {
        yield return Row(FakeLibvirt.OpenEuler2203Sp3, new() { VdpaHostDevice = true }, DialectName.OpenEuler).SetName("openEuler 22.03 LTS SP3");
        yield return Row(FakeLibvirt.OpenEuler2203Sp4, new() { VdpaHostDevice = true, MigrationAttribute = true }, DialectName.OpenEuler).SetName("openEuler 22.03 LTS SP4");
        yield return Row(
            FakeLibvirt.OpenEuler2403Sp3,
            new() { VdpaHostDevice = true, MigrationAttribute = true, IommuFdAttribute = true, VdpaInterface = true, VhostVdpaDisk = true },
            DialectName.OpenEuler).SetName("openEuler 24.03 LTS SP3");
        yield return Row(FakeLibvirt.Stock90, new() { VdpaInterface = true }, DialectName.Upstream).SetName("libvirt 9.0");
        yield return Row(FakeLibvirt.Stock113, new() { VdpaInterface = true, VhostVdpaDisk = true }, DialectName.Upstream).SetName("libvirt 11.3");
        yield return Row(
            FakeLibvirt.Stock113 with { LibBlkio = true },
            new() { VdpaInterface = true, VhostVdpaDisk = true, VhostVdpaDiskUsable = true },
            DialectName.Upstream).SetName("libvirt 11.3 with libblkio");

        static TestCaseData Row(FakeLibvirt libvirt, HostDialect expected, DialectName name) => new(libvirt, expected, name);
    }

    [TestCaseSource(nameof(Flavours))]
    public void A_libvirt_is_told_from_its_answers(object libvirt, HostDialect expected, DialectName name)
    {
        HostDialect dialect = Ask((FakeLibvirt)libvirt);
        Assert.That(dialect, Is.EqualTo(expected));
        Assert.That(dialect.Name, Is.EqualTo(name));
    }

    [TestCaseSource(nameof(Flavours))]
    public void Its_language_does_not_matter(object libvirt, HostDialect expected, DialectName name)
    {
        HostDialect dialect = Ask((FakeLibvirt)libvirt with
        {
            Translate = text => text.Replace("Invalid value for attribute", "Ungültiger Wert im Attribut").Replace("unknown", "unbekannt:").Replace("requires a", "braucht ein"),
        });

        Assert.That(dialect, Is.EqualTo(expected));
        Assert.That(dialect.Name, Is.EqualTo(name));
    }

    [Test]
    public void A_host_that_refuses_everything_tells_nothing() => Assert.That(
        () => DialectProbe.Ask(_ => new(null, "kein Emulator"), "x86_64", "kvm"),
        Throws.TypeOf<FormatException>().With.Message.Contains("kein Emulator"));

    private static HostDialect Ask(FakeLibvirt libvirt) => DialectProbe.Ask(
        xml =>
        {
            try
            {
                return new(libvirt.CommandLine(xml), null);
            }
            catch (LibvirtException e)
            {
                return new(null, $"{e.Code}: {e.Message}");
            }
        },
        "aarch64",
        "kvm");
}
