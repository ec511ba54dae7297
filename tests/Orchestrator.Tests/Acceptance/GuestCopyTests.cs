using System.Xml.Linq;
using Libvirt.Xml;
using Orchestrator.Acceptance;

namespace Orchestrator.Tests.Acceptance;

/// <summary>A copy of a plan's guest shares nothing with it that would be removed with the copy.</summary>
public sealed class GuestCopyTests
{
    private const string Path = "/var/lib/libvirt/qemu/nvram/web1_VARS.fd";

    [TestCase($"<nvram template='/usr/share/edk2/aarch64/vars.raw' format='raw'>{Path}</nvram>", "<nvram template='/usr/share/edk2/aarch64/vars.raw' format='raw'/>")]
    [TestCase($"<nvram>\n  {Path}\n</nvram>", "<nvram/>")]
    [TestCase($"<nvram type='file' format='qcow2'><source file='{Path}'/></nvram>", "<nvram format='qcow2'/>")]
    public void The_firmwares_variables_are_the_copys_own(string nvram, string wanted)
    {
        DomainDocument copy = Of($"<os firmware='efi'><type arch='aarch64'>hvm</type>{nvram}<boot dev='hd'/></os>");
        XElement os = copy.Root.Element("os")!;
        Assert.That(XNode.DeepEquals(os.Element("nvram"), XElement.Parse(wanted)), Is.True, $"{os}");
        Assert.That(os.Elements().Select(element => element.Name.LocalName), Is.EqualTo(new[] { "type", "nvram", "boot" }));
        Assert.That(copy.ToString(), Does.Not.Contain("web1"));
    }

    [Test]
    public void The_state_of_an_emulated_tpm_is_the_copys_own_and_a_tpm_of_the_host_is_as_it_was()
    {
        DomainDocument copy = Of(
            "<devices><tpm model='tpm-crb'><backend type='emulator' version='2.0'><source type='dir' path='/var/lib/web1'/></backend></tpm><tpm><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm></devices>");
        Assert.That(copy.ToString(), Does.Not.Contain("/var/lib/web1").And.Contain("version=\"2.0\"").And.Contain("/dev/tpm0"));
    }

    [TestCase(true, 1, 1)]
    [TestCase(false, 0, 0)]
    public void Two_copies_that_run_at_once_share_no_disk_and_no_mac(bool isOnly, int disks, int macs)
    {
        DomainDocument copy = Of("<devices><disk type='file'><source file='/web1.qcow2'/></disk><interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface></devices>", isOnly);
        Assert.That((copy.Root.Descendants("disk").Count(), copy.Root.Descendants("mac").Count()), Is.EqualTo((disks, macs)));
        Assert.That(copy.Root.Descendants("interface").Elements("source").Count(), Is.EqualTo(1));
    }

    [TestCase("<devices><disk type='file'/></devices>", true)]
    [TestCase("<os><kernel>/boot/vmlinuz</kernel></os>", true)]
    [TestCase("<os><boot dev='hd'/></os><devices/>", false)]
    public void A_copy_boots_from_a_disk_or_from_what_the_host_gives_it(string body, bool boots) => Assert.That(GuestCopy.CanBoot(Of(body)), Is.EqualTo(boots));

    [Test]
    public async Task What_a_case_defines_names_no_file_of_the_template()
    {
        using var pair = new AcceptancePair
        {
            GuestXml = $"<domain type='kvm'><name>web1</name><uuid>5b2f35a0-4c0e-4b39-9f0e-8b6d9d0f0001</uuid><memory unit='KiB'>1024</memory><os><type>hvm</type><nvram>{Path}</nvram></os><devices/></domain>",
        };
        var defined = new List<string>();
        pair.Source.OnLifeCall = call =>
        {
            defined.AddRange(pair.Source.Definitions.Values);
            return null;
        };
        CaseResult result = (await pair.RunAsync(new PlannedCase { Id = "c", Case = AcceptanceCatalogue.Find("lifecycle-start-destroy")!, Devices = 1 })).Cases.Single();
        Assert.That(result.Verdict, Is.EqualTo(CaseVerdict.Pass), result.Reason);
        Assert.That(defined, Is.Not.Empty);
        Assert.That(defined, Has.All.Contains("nvram").And.All.Not.Contains("web1"));
    }

    private static DomainDocument Of(string body, bool isOnly = true)
    {
        var uuid = Guid.NewGuid();
        DomainDocument copy = GuestCopy.Of($"<domain type='kvm'><name>web1</name><uuid>5b2f35a0-4c0e-4b39-9f0e-8b6d9d0f0001</uuid><memory>1</memory>{body}</domain>", "acc1", uuid, isOnly);
        Assert.That((copy.Name, copy.Uuid), Is.EqualTo(("acc1", (Guid?)uuid)));
        return copy;
    }
}
