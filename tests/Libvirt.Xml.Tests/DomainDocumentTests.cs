using FsCheck;
using FsCheck.Fluent;

namespace Libvirt.Xml.Tests;

public class DomainDocumentTests
{
    internal const string Domain = """
        <domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
          <!-- kept -->
          <name>web1</name>
          <uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid>
          <metadata><app:info xmlns:app="http://example.org/app" app:owner="me">x &amp; y</app:info></metadata>
          <os>
            <type arch='aarch64' machine='virt-8.2'>hvm</type>
          </os>
          <devices>
            <emulator>/usr/libexec/qemu-kvm</emulator>
            <hostdev mode='subsystem' type='vdpa' managed='no' iommufd='3'>
              <source dev='/dev/vhost-vdpa-0'/>
            </hostdev>
            <hostdev mode='subsystem' type='pci' managed='no' migration='on'><source><address domain='0x0000'/></source></hostdev>
          </devices>
          <unknown attribute='kept'/>
          <qemu:commandline>
            <qemu:arg value='--trace'/>
            <qemu:arg value='all_vcpus*'/>
            <qemu:arg value='-device'/>
            <qemu:arg value='virtio-rng-pci'/>
            <qemu:env name='A' value='B'/>
          </qemu:commandline>
        </domain>
        """;

    [Test]
    public void Parse_domain_reads_its_identity()
    {
        var domain = DomainDocument.Parse(Domain);

        Assert.That(domain.Name, Is.EqualTo("web1"));
        Assert.That(domain.Uuid, Is.EqualTo(new Guid("c7a5fdbd-cdaf-9455-926a-d65c16db1809")));
        Assert.That(domain.HypervisorType, Is.EqualTo("kvm"));
        Assert.That(domain.Architecture, Is.EqualTo("aarch64"));
        Assert.That(domain.Machine, Is.EqualTo("virt-8.2"));
        Assert.That(domain.Emulator, Is.EqualTo("/usr/libexec/qemu-kvm"));
        Assert.That(domain.HostDeviceKinds, Is.EqualTo(new[] { "vdpa", "pci" }));
    }

    [Test]
    public void ToString_unchanged_document_keeps_everything()
    {
        var text = DomainDocument.Parse(Domain).ToString();

        // The writer prefers double quotes and a space before the end of an empty element; nothing else may differ.
        Assert.That(text.Replace('"', '\'').Replace(" />", "/>", StringComparison.Ordinal), Is.EqualTo(Domain.Replace('"', '\'')));
    }

    [Test]
    public void ToString_document_with_declaration_claims_no_encoding()
    {
        var text = DomainDocument.Parse("<?xml version='1.0' encoding='UTF-8'?><domain><name>é</name></domain>").ToString();

        Assert.That(text, Is.EqualTo("<domain><name>é</name></domain>"));
    }

    [Test]
    public void Name_with_markup_survives_the_round_trip()
    {
        var domain = DomainDocument.Parse(Domain);
        domain.Name = "-a'b\"<c>&\r\n";

        Assert.That(DomainDocument.Parse(domain.ToString()).Name, Is.EqualTo("-a'b\"<c>&\r\n"));
    }

    [Test]
    public void Uuid_set_to_nothing_removes_the_element()
    {
        var domain = DomainDocument.Parse(Domain);
        domain.Uuid = null;

        Assert.That(domain.Root.Element("uuid"), Is.Null);
    }

    [Test]
    public void Copy_changed_leaves_the_original()
    {
        var domain = DomainDocument.Parse(Domain);
        domain.Copy().Name = "other";

        Assert.That(domain.Name, Is.EqualTo("web1"));
    }

    [Test]
    public void Parse_document_type_is_refused()
    {
        const string Bomb = "<!DOCTYPE d [<!ENTITY a 'aaaa'>]><domain><name>&a;</name></domain>";

        Assert.That(() => DomainDocument.Parse(Bomb), Throws.TypeOf<DomainDocumentException>().With.Message.Contains("document type definitions are not allowed"));
    }

    [TestCase("", "Root element is missing")]
    [TestCase("<domain>", "line 1")]
    [TestCase("<network><name>n</name></network>", "not <network>")]
    [TestCase("<domain xmlns='urn:x'/>", "not <domain>")]
    public void Parse_anything_else_is_refused_with_a_reason(string xml, string reason)
        => Assert.That(() => DomainDocument.Parse(xml), Throws.TypeOf<DomainDocumentException>().With.Message.Contains(reason).IgnoreCase);

    [Test]
    public void A_fault_tells_its_line_and_column()
    {
        var e = Assert.Throws<DomainDocumentException>(() => DomainDocument.Parse("<domain>\n  <name>a</nome>\n</domain>"))!;

        Assert.That((e.Line, e.Column), Is.EqualTo((2, 12)));
    }

    [TestCase(255, true)]
    [TestCase(256, false)]
    public void Nesting_beyond_what_libvirt_reads_is_refused(int inner, bool read)
    {
        string xml = "<domain>" + string.Concat(Enumerable.Repeat("<a>", inner)) + string.Concat(Enumerable.Repeat("</a>", inner)) + "</domain>";

        Assert.That(() => DomainDocument.Parse(xml), read ? Throws.Nothing : Throws.TypeOf<DomainDocumentException>().With.Message.Contains("256").And.Property("Column").EqualTo(9 + (3 * 255) + 1));
    }

    [Test]
    public void Nesting_of_half_a_million_is_refused_and_not_a_crash()
        => Assert.That(() => DomainDocument.Parse("<domain>" + string.Concat(Enumerable.Repeat("<a>", 500_000))), Throws.TypeOf<DomainDocumentException>().With.Message.Contains("256"));

    [Test]
    public void A_document_that_libvirt_could_not_send_is_refused()
    {
        string big = "<domain><name>" + new string('x', (4 * 1024 * 1024) - 100) + "</name></domain>";
        Assert.That(DomainDocument.Parse(big).Name, Has.Length.EqualTo((4 * 1024 * 1024) - 100));

        Assert.That(() => DomainDocument.Parse(big.Replace("</name>", new string('x', 100) + "</name>", StringComparison.Ordinal)), Throws.TypeOf<DomainDocumentException>().With.Message.Contains("4 MiB"));
    }

    [Test]
    public void A_stream_without_end_is_not_read_to_its_end()
    {
        using var endless = new EndlessStream();

        Assert.That(() => DomainDocument.Load(endless), Throws.TypeOf<DomainDocumentException>().With.Message.Contains("4 MiB"));
        Assert.That(endless.Given, Is.LessThan(5 * 1024 * 1024));
    }

    [TestCase("utf-8")]
    [TestCase("utf-16")]
    [TestCase("iso-8859-1")]
    public void A_stream_is_read_in_the_encoding_that_it_declares(string encoding)
    {
        byte[] bytes = System.Text.Encoding.GetEncoding(encoding).GetBytes($"<?xml version='1.0' encoding='{encoding}'?><domain><name>é</name></domain>");

        using var stream = new MemoryStream(encoding == "utf-16" ? [0xff, 0xfe, .. bytes] : bytes);
        Assert.That(DomainDocument.Load(stream).Name, Is.EqualTo("é"));
    }

    [Test]
    public void Bytes_that_the_encoding_does_not_have_are_an_error_with_a_place()
    {
        using var stream = new MemoryStream([.. "<domain>\n<name>"u8, 0xc3, 0x28, .. "</name></domain>"u8]);

        var e = Assert.Throws<DomainDocumentException>(() => DomainDocument.Load(stream))!;
        Assert.That(e.Line, Is.EqualTo(2));
    }

    [TestCase("no-such-encoding")]
    [TestCase("gbk")]
    public void An_encoding_that_is_not_known_is_an_error(string encoding)
    {
        using var stream = new MemoryStream(System.Text.Encoding.ASCII.GetBytes($"<?xml version='1.0' encoding='{encoding}'?><domain/>"));

        Assert.That(() => DomainDocument.Load(stream), Throws.TypeOf<DomainDocumentException>().With.Message.Contains(encoding));
    }

    [Test]
    public void Parse_cut_or_damaged_document_throws_nothing_else()
    {
        var damaged = from at in Gen.Choose(0, Domain.Length - 1)
                      from length in Gen.Choose(0, 40)
                      from c in Gen.Elements('<', '>', '&', '"', '\0', ':', '\uD800', 'x')
                      select string.Concat(Domain.AsSpan(0, at), c.ToString(), Domain.AsSpan(Math.Min(Domain.Length, at + length)));

        Prop.ForAll(damaged.ToArbitrary(), xml =>
        {
            try
            {
                DomainDocument document = DomainDocument.Parse(xml);
                return document.Devices.Count >= 0 && document.Check().All(problem => problem.Message.Length > 0) && document.ToString().Length > 0;
            }
            catch (DomainDocumentException e)
            {
                return e.Message.Length > 0;
            }
        }).QuickCheckThrowOnFailure();
    }

    private sealed class EndlessStream : Stream
    {
        internal long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => Given; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            Given += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
