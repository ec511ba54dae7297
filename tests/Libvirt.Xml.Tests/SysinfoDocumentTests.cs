namespace Libvirt.Xml.Tests;

/// <summary>What a host tells about its machine.</summary>
public sealed class SysinfoDocumentTests
{
    [Test]
    public void The_firmware_and_the_model_are_read()
    {
        var sysinfo = SysinfoDocument.Parse("""
            <sysinfo type='smbios'>
              <bios><entry name='vendor'>Huawei Corp.</entry><entry name='version'> 1.79 </entry><entry name='date'>08/21/2021</entry></bios>
              <system><entry name='manufacturer'>Huawei</entry><entry name='product'>TaiShan 2280 V2</entry></system>
            </sysinfo>
            """);

        Assert.That(sysinfo, Is.EqualTo(new SysinfoDocument("Huawei Corp.", "1.79", "08/21/2021", "Huawei", "TaiShan 2280 V2")));
    }

    [Test]
    public void What_is_not_told_is_null() =>
        Assert.That(SysinfoDocument.Parse("<sysinfo type='smbios'><bios><entry name='version'/></bios></sysinfo>"), Is.EqualTo(new SysinfoDocument(null, null, null, null, null)));

    [TestCase("<capabilities/>")]
    [TestCase("<sysinfo>")]
    [TestCase("<!DOCTYPE sysinfo [<!ENTITY x 'y'>]><sysinfo>&x;</sysinfo>")]
    public void What_is_no_such_document_is_refused(string xml) => Assert.That(() => SysinfoDocument.Parse(xml), Throws.TypeOf<FormatException>());

    [Test]
    public void The_numa_nodes_and_the_cpu_of_a_host_are_read()
    {
        var capabilities = HostCapabilities.Parse("""
            <capabilities>
              <host>
                <cpu><arch>aarch64</arch><model>Kunpeng-920</model></cpu>
                <topology>
                  <cells num='2'>
                    <cell id='0'><memory unit='KiB'>2097152</memory><cpus num='2'><cpu id='0'/><cpu id='1'/></cpus></cell>
                    <cell id='1'><memory unit='KiB'>1048576</memory><cpus num='0'/></cell>
                  </cells>
                </topology>
              </host>
            </capabilities>
            """);

        Assert.That(capabilities.NumaNodes, Is.EqualTo(new[] { new NumaNode(0, 2, 2097152), new NumaNode(1, 0, 1048576) }));
        Assert.That(capabilities.CpuModel, Is.EqualTo("Kunpeng-920"));
        Assert.That(HostCapabilities.Parse("<capabilities/>").NumaNodes, Is.Empty);
    }
}
