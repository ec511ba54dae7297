using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Recovery;

public sealed class OperationMarkerTests
{
    private static readonly OperationMarker Marker = new()
    {
        Id = Guid.Parse("01938c5e-7a10-7d33-8d0e-5a1b2c3d4e5f"),
        Owner = new("0123456789abcdef0123456789abcdef", "ops1", 4242, "o'brien & <co>"),
        Source = new("node1", "qemu+ssh://root@node1/system?keyfile=/a&x=1"),
        Destination = new("node2", "qemu+ssh://node2/system"),
        SourceHostUuid = Guid.Parse("aaaaaaaa-0000-0000-0000-000000000001"),
        DestinationHostUuid = Guid.Parse("bbbbbbbb-0000-0000-0000-000000000002"),
        Mode = "direct",
        Started = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        WasRunning = true,
        UndefinesSource = true,
    };

    private readonly FakeHost _host = new("lab-a", new ObserverClock(TimeProvider.System));

    [TestCase("qemu:///system", true)]
    [TestCase("qemu+ssh://root@node2/system?keyfile=/k", true)]
    [TestCase("qemu:///session", false)]
    [TestCase("qemu+unix:///session?socket=/run/s", false)]
    public void A_users_own_daemon_is_not_known_again_by_its_uuid(string uri, bool lasts)
    {
        HostIdentity host = Migration.Samples.Host("lab-a", uri);
        Assert.That(RecordedMigration.LastingUuid(host), Is.EqualTo(lasts ? host.HostUuid : null));
    }

    [Test]
    public async Task What_is_put_on_a_domain_is_read_from_it()
    {
        DomainSnapshot domain = Migration.Samples.Domain();
        _host.Domains[domain.Uuid] = domain;

        await MarkedDomain.MarkAsync(_host, domain.Uuid, Marker);

        Assert.That(OperationMarker.Read(_host.Domains[domain.Uuid].Xml), Is.EqualTo(Marker));
        Assert.That(await MarkedDomain.UnmarkAsync(_host, domain.Uuid), Is.True);
        Assert.That(OperationMarker.Read(_host.Domains[domain.Uuid].Xml), Is.Null);
        Assert.That(_host.Domains[domain.Uuid].Xml, Does.Not.Contain(OperationMarker.Namespace));
        Assert.That(await MarkedDomain.UnmarkAsync(_host, domain.Uuid), Is.False);
    }

    [Test]
    public async Task A_definition_that_libvirt_made_of_the_running_domain_is_cleaned_too()
    {
        DomainSnapshot domain = Migration.Samples.Domain();
        _host.Domains[domain.Uuid] = domain;
        await MarkedDomain.MarkAsync(_host, domain.Uuid, Marker);
        _host.Definitions[domain.Uuid] = _host.Domains[domain.Uuid].Xml;

        Assert.That(await MarkedDomain.UnmarkAsync(_host, domain.Uuid), Is.True);
        Assert.That(_host.Definitions[domain.Uuid], Does.Not.Contain(OperationMarker.Namespace));
    }

    [TestCase("<domain><name>web1</name></domain>")]
    [TestCase("<domain><metadata><a:other xmlns:a='urn:a'/></metadata></domain>")]
    [TestCase("<domain><metadata><o:operation xmlns:o='urn:orchestrator:operation:1' id='seven'/><a:other xmlns:a='urn:a'/></metadata></domain>")]
    public void It_is_put_into_a_document_in_the_place_of_another(string xml)
    {
        string marked = Marker.PutInto(xml);
        Assert.That(OperationMarker.Read(marked), Is.EqualTo(Marker));
        Assert.That(marked.Contains("a:other", StringComparison.Ordinal), Is.EqualTo(xml.Contains("a:other", StringComparison.Ordinal)));
        Assert.That(marked, Does.Not.Contain("seven"));
    }

    [Test]
    public void A_document_that_cannot_be_read_is_left_to_libvirt() => Assert.That(Marker.PutInto("<domain"), Is.EqualTo("<domain"));

    [Test]
    public void A_mark_without_the_hosts_UUIDs_is_read()
    {
        OperationMarker older = Marker with { SourceHostUuid = null, DestinationHostUuid = null };
        string xml = $"<domain><metadata>{older.Write().Replace("<operation", $"<operation xmlns='{OperationMarker.Namespace}'", StringComparison.Ordinal)}</metadata></domain>";
        Assert.That(OperationMarker.Read(xml), Is.EqualTo(older));
    }

    [Test]
    public void A_password_is_never_in_it() => Assert.That(
        (Marker with { Source = new("node1", "qemu+tcp://ops:hunter2@node1/system") }).Write(), Does.Not.Contain("hunter2"));

    [TestCase("<domain/>")]
    [TestCase("<domain><metadata><a:other xmlns:a='urn:a'/></metadata></domain>")]
    [TestCase("<domain><metadata><o:operation xmlns:o='urn:orchestrator:operation:1' id='seven'/></metadata></domain>")]
    [TestCase("<domain><metadata><o:operation xmlns:o='urn:orchestrator:operation:1'")]
    public void What_is_no_marker_tells_nothing(string xml) => Assert.That(OperationMarker.Read(xml), Is.Null);

    [Test]
    public void While_a_domain_migrates_libvirt_does_not_let_it_be_marked()
    {
        DomainSnapshot domain = Migration.Samples.Domain() with { JobOperation = DomainJobOperation.MigrationOut };
        _host.Domains[domain.Uuid] = domain;

        Assert.That(() => MarkedDomain.MarkAsync(_host, domain.Uuid, Marker), Throws.TypeOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.OperationTimeout));
    }
}
