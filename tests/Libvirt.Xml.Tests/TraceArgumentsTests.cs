namespace Libvirt.Xml.Tests;

public class TraceArgumentsTests
{
    private static readonly string[] OtherArguments = ["-device", "virtio-rng-pci"];

    [Test]
    public void Patterns_command_line_with_other_arguments_names_only_traces()
        => Assert.That(DomainDocument.Parse(DomainDocumentTests.Domain).TraceArguments.Patterns, Is.EqualTo(new[] { "all_vcpus*" }));

    [TestCase("all_vcpus_paused", true)]
    [TestCase("vm_state_notify", false)]
    public void Covers_glob_matches_whole_names(string name, bool covered)
        => Assert.That(DomainDocument.Parse(DomainDocumentTests.Domain).TraceArguments.Covers(name), Is.EqualTo(covered));

    [Test]
    public void Covers_later_minus_switches_off()
    {
        var domain = DomainDocument.Parse(DomainDocumentTests.Domain);
        domain.TraceArguments.Add("-all_vcpus_p?used");

        Assert.That(domain.TraceArguments.Covers("all_vcpus_paused"), Is.False);
        Assert.That(domain.TraceArguments.Covers("all_vcpus_prepared"), Is.True);
    }

    [Test]
    public void Add_document_without_command_line_declares_the_namespace()
    {
        var domain = DomainDocument.Parse("<domain><name>a</name></domain>");

        Assert.That(domain.TraceArguments.Add("vm_state_notify"), Is.True);
        Assert.That(domain.ToString(), Is.EqualTo(
            "<domain><name>a</name><qemu:commandline xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\">"
            + "<qemu:arg value=\"--trace\" /><qemu:arg value=\"vm_state_notify\" /></qemu:commandline></domain>"));
    }

    [Test]
    public void Add_pattern_that_is_there_changes_nothing()
    {
        var domain = DomainDocument.Parse(DomainDocumentTests.Domain);
        var before = domain.ToString();

        Assert.That(domain.TraceArguments.Add("all_vcpus*"), Is.False);
        Assert.That(domain.ToString(), Is.EqualTo(before));
    }

    [Test]
    public void Remove_pattern_leaves_the_other_arguments()
    {
        var domain = DomainDocument.Parse(DomainDocumentTests.Domain);

        Assert.That(domain.TraceArguments.Remove("all_vcpus*"), Is.True);
        var line = domain.Root.Element(TraceArguments.QemuNamespace + "commandline")!;
        Assert.That(line.Elements(TraceArguments.QemuNamespace + "arg").Select(a => a.Attribute("value")!.Value), Is.EqualTo(OtherArguments));
        Assert.That(line.Elements(TraceArguments.QemuNamespace + "env").Count(), Is.EqualTo(1));
    }

    [TestCase("<domain/>")]
    [TestCase("<domain>\n  <name>a</name>\n</domain>")]
    [TestCase("<domain>\n\t<name>a</name>\n\t<!-- end -->\n</domain>")]
    [TestCase("<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><name>a</name></domain>")]
    [TestCase("<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>\n  <q:commandline/>\n</domain>")]
    [TestCase("<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>\n  <q:commandline>\n  </q:commandline>\n</domain>")]
    public void Remove_what_was_added_leaves_no_trace(string xml)
    {
        var domain = DomainDocument.Parse(xml);
        string before = Canonical.Of(domain.ToString());
        domain.TraceArguments.Add("a*");
        domain.TraceArguments.Add("b*");
        Assert.That(domain.TraceArguments.Patterns, Is.EqualTo(new[] { "a*", "b*" }));

        Assert.That(domain.TraceArguments.Remove("a*"), Is.True);
        Assert.That(domain.TraceArguments.Remove("b*"), Is.True);
        Assert.That(Canonical.Of(domain.ToString()), Is.EqualTo(before));
    }

    [TestCase("enable=a*,b")]
    [TestCase("a b")]
    [TestCase("")]
    public void Add_option_list_is_refused(string pattern)
        => Assert.That(() => DomainDocument.Parse("<domain/>").TraceArguments.Add(pattern), Throws.ArgumentException);
}
