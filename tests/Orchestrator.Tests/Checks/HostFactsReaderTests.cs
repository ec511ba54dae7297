using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Tests.Devices;
using Orchestrator.Tests.Hosts;
using static Orchestrator.Tests.Checks.Samples;

namespace Orchestrator.Tests.Checks;

/// <summary>What is observed of hosts: made trees of files, and documents of libvirt.</summary>
public sealed class HostFactsReaderTests
{
    [Test]
    public async Task A_host_with_kernel_vdpa_is_read_from_its_files_and_lacks_nothing()
    {
        using HostTree tree = HostTrees.OpenEuler2203Vdpa();
        HostFacts facts = await ReadAsync(tree, FakeLibvirt.OpenEuler2203Sp3);
        HostReport report = HostReport.Of(facts, [HostNeed.Vdpa]);

        Assert.That(report.FirstMissing, Is.Null, report.FirstMissing?.Remedy);
        Assert.That(report.IsRefused, Is.False, string.Join('\n', report.Checks.Where(item => item.Check.Refuses).Select(item => item.Check.Message)));
        Assert.That(facts.VdpaDevices!.Select(device => (device.Name, device.CharDevice, device.Parent?.ToString())), Is.EqualTo(new[]
        {
            ("vdpa0", "/dev/vhost-vdpa-0", "0000:08:01.0"), ("vdpa1", "/dev/vhost-vdpa-1", "0000:08:01.1"), ("vdpa2", "/dev/vhost-vdpa-2", "0000:08:01.2"),
        }));
        Assert.That(facts.Firmware, Is.EqualTo(new FirmwareFacts("Huawei Corp.", "1.79", null, "TaiShan 2280 V2")));
        Assert.That(facts.Daemon!.LockedMemoryLimit, Is.EqualTo(64L << 20));
        Assert.That((facts.Daemon.QemuAccount!.Name, facts.Daemon.QemuAccount.Uid), Is.EqualTo(("qemu", 107u)));
        Assert.That(facts.Daemon.QemuAccount.Groups, Is.EqualTo(new uint[] { 107, 36 }));
        Assert.That(facts.LogsReadable, Is.True);
    }

    [Test]
    public async Task A_host_with_accelerators_is_read_from_its_files_and_lacks_nothing()
    {
        using HostTree tree = HostTrees.OpenEuler2403Kae();
        HostFacts facts = await ReadAsync(tree, FakeLibvirt.OpenEuler2403Sp3);

        Assert.That(HostReport.Of(facts, [HostNeed.Kae]).FirstMissing, Is.Null);
        Assert.That(Accelerator.All.Select(engine => facts.KaeVirtualFunctions(engine)!.Count), Is.EqualTo(new[] { 2, 2, 2 }));
        Assert.That(facts.KaeVirtualFunctions(Accelerator.All[0])![0], Is.EqualTo(Function("0000:31:00.1", "19e5:a251", "hisi_acc_vfio_pci", 1, "0000:31:00.0")));
        Assert.That(facts.KaePhysicalFunctions(Accelerator.All[2])![0].TotalVirtualFunctions, Is.EqualTo(63));
        Assert.That(facts.Kernel!.Modules["hisi_zip"], Is.EqualTo(new ModuleFacts("2.0", null, 32)));
        Assert.That(facts.Kernel.Uacce, Has.Count.EqualTo(3));
        Assert.That(facts.IommuGroups, Is.EqualTo(2));
    }

    [Test]
    public async Task The_device_of_a_scalable_function_belongs_to_the_card_above()
    {
        using HostTree tree = HostTrees.Empty().Pci("0000:42:00.0", "15b3:101d", 1, "mlx5_core").Vdpa("sf0", 0, "0000:42:00.0/mlx5_core.sf.2");
        HostFacts facts = await ReadAsync(tree, FakeLibvirt.Stock113);

        Assert.That(facts.VdpaDevices!.Select(device => (device.Name, device.Parent)), Is.EqualTo(new[] { ("sf0", (PciAddress?)new PciAddress(0, 0x42, 0, 0)) }));
    }

    [TestCase("/sys/module/vhost_vdpa", "/sys/bus/vdpa/drivers/vhost_vdpa", HostLayer.VhostVdpa)]
    [TestCase("/sys/bus/vdpa", null, HostLayer.VdpaBus)]
    [TestCase("/sys/kernel/iommu_groups/0", null, HostLayer.Hardware)]
    public async Task A_host_whose_set_up_is_half_done_names_the_layer(string missing, string? also, HostLayer layer)
    {
        using HostTree tree = HostTrees.OpenEuler2203Vdpa();
        if (also is not null)
        {
            tree.Remove(also);
        }

        HostFacts facts = await ReadAsync(tree.Remove(missing), FakeLibvirt.OpenEuler2203Sp3);

        Assert.That(HostReport.Of(facts, [HostNeed.Vdpa]).FirstMissing?.Name, Is.EqualTo(layer));
    }

    [Test]
    public async Task An_empty_host_has_seen_absence_and_not_the_unknown()
    {
        using HostTree tree = HostTrees.Empty();
        HostFacts facts = await ReadAsync(tree, FakeLibvirt.Stock113);

        Assert.That(facts.PciFunctions, Is.Empty);
        Assert.That(facts.VdpaDevices, Is.Empty);
        Assert.That(facts.IommuGroups, Is.Zero);
        Assert.That(facts.Kernel!.VdpaBus, Is.False);
        Assert.That(HostReport.Of(facts).FirstMissing?.Name, Is.EqualTo(HostLayer.VhostVdpa));
    }

    [Test]
    public async Task Files_are_read_only_of_a_host_of_this_machine()
    {
        using HostTree tree = HostTrees.OpenEuler2203Vdpa();
        HostFacts facts = await new HostFactsReader(tree.Files).ReadAsync(Host(FakeLibvirt.OpenEuler2203Sp3, uri: "qemu+ssh://root@node1/system"));

        Assert.That(facts.IsThisMachine, Is.False);
        Assert.That((facts.Kernel, facts.PciFunctions, facts.VdpaDevices, facts.IommuGroups, facts.Daemon, facts.Clock, facts.LogsReadable), Is.EqualTo(
            ((KernelFacts?)null, (IReadOnlyList<PciFunctionFacts>?)null, (IReadOnlyList<VdpaDeviceFacts>?)null, (int?)null, (DaemonFacts?)null, (ClockFacts?)null, (bool?)null)));
    }

    [Test]
    public async Task A_socket_of_this_machine_that_leads_to_a_host_of_another_name_is_not_this_machine()
    {
        // What ssh -L makes: a local socket, and a daemon elsewhere behind it.
        HostFacts facts = await new HostFactsReader(new("/")).ReadAsync(Host(FakeLibvirt.Stock113, name: "a-host-of-no-such-name"));

        Assert.That(facts.IsThisMachine, Is.False);
        Assert.That(facts.Kernel, Is.Null);
    }

    [Test]
    public async Task A_host_elsewhere_is_seen_through_its_libvirt()
    {
        FakeHost host = Host(FakeLibvirt.OpenEuler2403Sp3, uri: "qemu+ssh://root@node1/system");
        host.NodeDevices.AddRange(
        [
            "<device><name>computer</name><capability type='system'/></device>",
            """
            <device>
              <name>pci_0000_31_00_1</name><path>/sys/devices/pci0000:30/0000:31:00.1</path><parent>pci_0000_30_00_0</parent>
              <driver><name>hisi_acc_vfio_pci</name></driver>
              <capability type='pci'>
                <class>0x120000</class><domain>0</domain><bus>49</bus><slot>0</slot><function>1</function>
                <product id='0xa251'/><vendor id='0x19e5'>Huawei</vendor>
                <capability type='phys_function'><address domain='0x0000' bus='0x31' slot='0x00' function='0x0'/></capability>
                <iommuGroup number='12'><address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/></iommuGroup>
                <numa node='1'/>
              </capability>
            </device>
            """,
            """
            <device>
              <name>pci_0000_31_00_0</name>
              <driver><name>hisi_zip</name></driver>
              <capability type='pci'>
                <class>0x120000</class><domain>0</domain><bus>49</bus><slot>0</slot><function>0</function>
                <product id='0xa250'/><vendor id='0x19e5'/>
                <capability type='virt_functions' maxCount='63'><address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/></capability>
              </capability>
            </device>
            """,
            """
            <device>
              <name>vdpa_vdpa0</name><path>/sys/devices/pci0000:00/0000:08:01.1/vdpa0</path><parent>pci_0000_08_01_1</parent>
              <driver><name>vhost_vdpa</name></driver><capability type='vdpa'><chardev>/dev/vhost-vdpa-0</chardev></capability>
            </device>
            """,
        ]);
        HostFacts facts = await new HostFactsReader(new("/")).ReadAsync(host);

        Assert.That(facts.PciFunctions, Is.EqualTo(new[]
        {
            Function("0000:31:00.1", "19e5:a251", "hisi_acc_vfio_pci", 1, "0000:31:00.0"), Function("0000:31:00.0", "19e5:a250", "hisi_zip", null) with { TotalVirtualFunctions = 63 },
        }));
        Assert.That(facts.VdpaDevices, Is.EqualTo(new[] { new VdpaDeviceFacts { Name = "vdpa0", Driver = "vhost_vdpa", CharDevice = "/dev/vhost-vdpa-0", Parent = new PciAddress(0, 8, 1, 1) } }));
        Assert.That(facts.IommuGroups, Is.EqualTo(1));
    }

    [Test]
    public async Task A_daemon_without_a_driver_for_devices_leaves_them_unknown()
    {
        HostFacts facts = await new HostFactsReader(new("/")).ReadAsync(Host(FakeLibvirt.Stock113, uri: "qemu+ssh://root@node1/session"));

        Assert.That((facts.PciFunctions, facts.VdpaDevices, facts.IommuGroups), Is.EqualTo(((IReadOnlyList<PciFunctionFacts>?)null, (IReadOnlyList<VdpaDeviceFacts>?)null, (int?)null)));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_daemon_too_old_to_be_asked_for_vdpa_devices_is_asked_for_all(bool shows)
    {
        FakeHost host = Host(FakeLibvirt.OpenEuler2203Sp3, uri: "qemu+ssh://root@node1/system");
        host.RefusesVdpaDevices = true;
        host.NodeDevices.Add("<device><name>computer</name><capability type='system'/></device>");
        if (shows)
        {
            host.NodeDevices.Add("<device><name>vdpa_vdpa0</name><path>/sys/devices/vdpa0</path><parent>computer</parent><driver><name>vhost_vdpa</name></driver><capability type='vdpa'><chardev>/dev/vhost-vdpa-0</chardev></capability></device>");
        }

        HostFacts facts = await new HostFactsReader(new("/")).ReadAsync(host);

        Assert.That(facts.VdpaDevices?.Select(device => device.Name), shows ? Is.EqualTo(new[] { "vdpa0" }) : Is.Null, "of what it cannot show, nothing is known");
    }

    [Test]
    public async Task A_function_behind_a_vmd_controller_is_passed_over()
    {
        FakeHost host = Host(FakeLibvirt.Stock113, uri: "qemu+ssh://root@node1/system");
        host.NodeDevices.Add("<device><name>pci_10000_e1_00_0</name><capability type='pci'><domain>65536</domain><bus>225</bus><slot>0</slot><function>0</function><product id='0xa80a'/><vendor id='0x144d'/></capability></device>");
        HostFacts facts = await new HostFactsReader(new("/")).ReadAsync(host);

        Assert.That(facts.PciFunctions, Is.Empty);
    }

    [Test]
    public async Task What_the_daemon_tells_of_its_machine_is_kept()
    {
        FakeHost host = Host(FakeLibvirt.OpenEuler2403Sp3, uri: "qemu+ssh://root@node1/system");
        host.Documents = new()
        {
            Capabilities = """
                <capabilities>
                  <host>
                    <cpu><arch>aarch64</arch><model>Kunpeng-920</model></cpu>
                    <topology><cells num='1'><cell id='0'><memory unit='KiB'>1048576</memory><cpus num='2'><cpu id='0'/><cpu id='1'/></cpus></cell></cells></topology>
                  </host>
                  <guest><arch name='armv7l'><emulator>/usr/bin/qemu-system-arm</emulator></arch></guest>
                  <guest><arch name='aarch64'><emulator>/usr/libexec/qemu-kvm</emulator></arch></guest>
                </capabilities>
                """,
            Sysinfo = "<sysinfo type='smbios'><bios><entry name='vendor'>Huawei Corp.</entry><entry name='version'>1.79</entry></bios></sysinfo>",
            Domains = ["<domain><name>instance-00000001</name><metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'/></metadata></domain>"],
            MonitorEvents = true,
        };
        HostFacts facts = await new HostFactsReader(new("/")).ReadAsync(host);

        Assert.That((facts.CpuModel, facts.Emulator, facts.MonitorEvents), Is.EqualTo(("Kunpeng-920", "/usr/libexec/qemu-kvm", true)));
        Assert.That(facts.NumaNodes, Is.EqualTo(new[] { new NumaNode(0, 2, 1 << 20) }));
        Assert.That(facts.Firmware, Is.EqualTo(new FirmwareFacts("Huawei Corp.", "1.79", null, null)));
        Assert.That(facts.Managers, Is.EqualTo(new[] { new ManagerFacts("OpenStack (nova)", "metadata of domain instance-00000001") }));
    }

    [Test]
    public async Task Another_manager_is_recognised_by_its_process()
    {
        using HostTree tree = HostTrees.OpenEuler2203Vdpa().File("/proc/77/comm", "nova-compute");
        HostFacts facts = await ReadAsync(tree, FakeLibvirt.OpenEuler2203Sp3);

        Assert.That(facts.Managers, Is.EqualTo(new[] { new ManagerFacts("OpenStack (nova)", "process nova-compute (77)") }));
    }

    [Test]
    public async Task A_session_daemons_guests_run_under_its_own_account()
    {
        using HostTree tree = HostTrees.Empty()
            .File("/tmp/h/run/libvirt/libvirtd.pid", "55").File("/proc/55/comm", "libvirtd").File("/proc/55/status", "Name:\tlibvirtd\nUid:\t1000\t1000\t1000\t1000\n")
            .File("/proc/55/limits", "Max locked memory         unlimited            unlimited            bytes     ")
            .File("/proc/60/comm", "qemu-system-aar").File("/proc/60/limits", "Max locked memory         65536                65536                bytes     ")
            .File("/etc/passwd", "ci:x:1000:1000::/home/ci:/bin/sh").File("/tmp/h/config/libvirt/qemu.conf", "migration_port_min = 32000\nmigration_port_max = 32063");
        HostFacts facts = await new HostFactsReader(tree.Files).ReadAsync(Host(FakeLibvirt.Stock113, uri: "qemu+unix:///session?socket=/tmp/h/run/libvirt/libvirt-sock"));

        Assert.That((facts.Daemon!.IsPrivileged, facts.Daemon.LockedMemoryLimit, facts.Daemon.QemuLockedMemoryLimit, facts.Daemon.QemuAccount!.Name), Is.EqualTo((false, long.MaxValue, 65536L, "ci")));
        Assert.That((facts.QemuConfiguration!.MigrationPortMin, facts.QemuConfiguration.MigrationPortMax), Is.EqualTo((32000, 32063)));
    }

    [Test]
    public void A_host_that_was_lost_is_said_so()
    {
        FakeHost host = Host(FakeLibvirt.Stock113);
        host.IsLost = true;

        Assert.That(() => new HostFactsReader(new("/")).ReadAsync(host), Throws.TypeOf<HostUnreachableException>());
    }
}
