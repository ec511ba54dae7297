using FsCheck;
using FsCheck.Fluent;
using Orchestrator.Checks;
using Orchestrator.Hosts;
using Orchestrator.Tests.Devices;

namespace Orchestrator.Tests.Checks;

/// <summary>Files and answers that facts are read from.</summary>
public sealed class ReadingTests
{
    [Test]
    public void A_qemu_conf_is_read_with_its_comments_and_lists()
    {
        var configuration = QemuConfiguration.Parse("""
            # user = "nobody"
            user = "qemu"   # not root
            migration_port_min = 49000
              migration_port_max=49063
            log_timestamp = 0
            cgroup_device_acl = [
                "/dev/null", # a node
                # "/dev/kvm",
                "/dev/vhost-vdpa-0"
            ]
            """);

        Assert.That((configuration.User, configuration.MigrationPortMin, configuration.MigrationPortMax, configuration.LogTimestamp), Is.EqualTo(("qemu", 49000, 49063, false)));
        Assert.That(configuration.DeviceAcl, Is.EqualTo(new[] { "/dev/null", "/dev/vhost-vdpa-0" }));
    }

    [Test]
    public void A_qemu_conf_of_comments_alone_has_libvirts_defaults()
    {
        var configuration = QemuConfiguration.Parse("#user = \"root\"\n#migration_port_min = 1\n");

        Assert.That(configuration, Is.EqualTo(new QemuConfiguration()));
        Assert.That((configuration.MigrationPortMin, configuration.MigrationPortMax, configuration.LogTimestamp), Is.EqualTo((49152, 49215, true)));
    }

    [Test]
    public void No_text_breaks_the_reading_of_a_qemu_conf() =>
        Prop.ForAll<NonNull<string>>(text => QemuConfiguration.Parse("user = [\n" + text.Get) is not null).QuickCheckThrowOnFailure();

    [Test]
    public void Chronys_tracking_bounds_the_error()
    {
        ClockFacts? clock = ClockReader.ParseTracking("C0A80001,192.168.0.1,3,1700000000.1,-0.000500,0.0001,0.0002,-1.2,0.001,0.05,0.004000,0.001000,64.2,Normal\n");

        Assert.That(clock!.Synchronised);
        Assert.That(clock.ErrorMs, Is.EqualTo(0.5 + 1 + 2).Within(1e-9), "offset, dispersion, half the delay");
    }

    [TestCase("00000000,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised", false)]
    public void Chrony_without_a_reference_is_not_synchronised(string line, bool synchronised) =>
        Assert.That(ClockReader.ParseTracking(line), Is.EqualTo(new ClockFacts("chrony", synchronised, null)));

    [TestCase("")]
    [TestCase("506 Cannot talk to daemon")]
    [TestCase("a,b,c,d,e,f,g,h,i,j,k,l,m,n")]
    public void What_is_no_tracking_is_no_answer(string line) => Assert.That(ClockReader.ParseTracking(line), Is.Null);

    [TestCase("qemu:///system", "/etc/libvirt/qemu.conf")]
    [TestCase("qemu+unix:///session?socket=/tmp/a/run/libvirt/libvirt-sock", "/tmp/a/config/libvirt/qemu.conf")]
    [TestCase("qemu:///session", "/home/u/.config/libvirt/qemu.conf")]
    [TestCase("qemu+ssh://node2/system", null)]
    [TestCase("qemu+unix:///session?socket=/somewhere/else", null)]
    public void A_daemons_configuration_is_told_by_its_uri(string uri, string? configuration) =>
        Assert.That(DaemonPlaces.Find(uri, name => name == "HOME" ? "/home/u" : null)?.Configuration, Is.EqualTo(configuration));

    [TestCase(0b110_000_000, 107u, true)]
    [TestCase(0b000_110_000, 0u, true)]
    [TestCase(0b100_110_000, 107u, false)]
    [TestCase(0b110_100_000, 1u, false)]
    [TestCase(0b000_000_110, 5u, true)]
    public void A_node_admits_by_the_first_of_owner_group_and_others(int mode, uint user, bool admits) =>
        Assert.That(new FileOwner(107, 36, (UnixFileMode)mode).Admits(user, user == 1 ? [36] : user == 5 ? [] : [107]), Is.EqualTo(admits));

    [Test]
    public void Managers_are_told_by_the_metadata_of_domains()
    {
        IReadOnlyList<ManagerFacts> managers = DomainManagers.Of(
        [
            "<domain><name>vm1</name><metadata><ovirt-vm:vm xmlns:ovirt-vm='http://ovirt.org/vm/1.0'/><ovirt-tune:qos xmlns:ovirt-tune='http://ovirt.org/vm/tune/1.0'/></metadata></domain>",
            "<domain><name>vm2</name><metadata><kubevirt xmlns='http://kubevirt.io'/></metadata></domain>",
            "<domain><name>vm3</name><metadata><ovirt-vm:vm xmlns:ovirt-vm='http://ovirt.org/vm/1.0'/></metadata></domain>",
            "<domain><name>vm4</name><metadata><libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'/></metadata></domain>",
        ]);

        Assert.That(managers, Is.EqualTo(new[] { new ManagerFacts("oVirt (vdsm)", "metadata of 2 domains, such as vm1"), new ManagerFacts("KubeVirt", "metadata of domain vm2") }));
    }

    [Test]
    public async Task This_machines_clock_is_judged_by_somebody()
    {
        ClockFacts? clock = await ClockReader.ReadAsync(HostMachine.Here(), TimeProvider.System, CancellationToken.None);

        Assert.That(clock?.Source, Is.AnyOf("chrony", "the kernel"));
        Assert.That(clock!.ErrorMs is null or >= 0);
    }

    [Test]
    public void Owner_and_mode_of_a_file_are_the_kernels()
    {
        using HostTree tree = HostTrees.Empty();
        FileOwner owner = tree.File("/dev/vhost-vdpa-0").Mode("/dev/vhost-vdpa-0", UnixFileMode.UserRead | UnixFileMode.GroupWrite).Files.Owner("/dev/vhost-vdpa-0")!;

        Assert.That(owner.Mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.GroupWrite));
        Assert.That(new HostFiles("/").Owner("/proc/1")!.User, Is.Zero);
        Assert.That(tree.Files.Owner("/dev/vhost-vdpa-1"), Is.Null);
    }
}
