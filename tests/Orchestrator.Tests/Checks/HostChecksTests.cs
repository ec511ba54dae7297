using Orchestrator.Checks;
using Orchestrator.Hosts;
using static Libvirt.Xml.Tests.Dialects;
using static Orchestrator.Tests.Checks.Samples;

namespace Orchestrator.Tests.Checks;

/// <summary>Each check of a host with each of its results.</summary>
public sealed class HostChecksTests
{
    private static readonly FileOwner RootsOwn = new(0, 0, UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Row("owner", CheckResult.Pass, VdpaHost);
        yield return Row("owner", CheckResult.Fail, VdpaHost with { Managers = [new("OpenStack (nova)", "process nova-compute (7)")] }, "OpenStack (nova)");

        yield return Row("libvirt", CheckResult.Pass, VdpaHost);
        yield return Row("libvirt", CheckResult.Fail, VdpaHost with { Host = VdpaHost.Host with { LibvirtVersion = 5_000_000 } }, "6.2.0");
        yield return Row("libvirt", CheckResult.Fail, VdpaHost with { Dialect = null, Host = VdpaHost.Host with { Driver = "TEST" } }, "TEST");
        yield return Row("libvirt-vdpa", CheckResult.Pass, VdpaHost).SetName("libvirt 6.2.0 of openEuler is judged by what it accepts");
        yield return Row("libvirt-vdpa", CheckResult.Pass, BareHost);
        yield return Row("libvirt-vdpa", CheckResult.Fail, VdpaHost with { Dialect = OpenEuler2203 with { VdpaHostDevice = false } }, "hostdev type='vdpa'");
        yield return Row("libvirt-vdpa", CheckResult.Fail, BareHost with { Dialect = Upstream with { LibvirtVersion = 6_002_000, VdpaInterface = false } }, "6.9.0")
            .SetName("libvirt 6.2.0 of upstream is judged by its version's lack");
        yield return Row("libvirt-vdpa-disk", CheckResult.Pass, BareHost);
        yield return Row("libvirt-vdpa-disk", CheckResult.Fail, BareHost with { Dialect = Upstream with { VhostVdpaDiskUsable = false } }, "libblkio");
        yield return Row("libvirt-vdpa-disk", CheckResult.Fail, BareHost with { Dialect = Upstream with { VhostVdpaDisk = false, VhostVdpaDiskUsable = false } }, "9.8.0");
        yield return Row("libvirt-migration-attribute", CheckResult.Pass, KaeHost);
        yield return Row("libvirt-migration-attribute", CheckResult.Fail, BareHost, "drops it");
        yield return Row("memlock", CheckResult.Pass, VdpaHost, "hard_limit");
        yield return Row("memlock", CheckResult.Pass, VdpaHost with { Daemon = new() { LockedMemoryLimit = long.MaxValue } }, "unlimited");
        yield return Row("memlock", CheckResult.Fail, VdpaHost with { Daemon = new() { LockedMemoryLimit = 8 << 20, QemuLockedMemoryLimit = 4 << 20 } }, "4 MiB").SetName("a session daemon cannot raise memlock");
        yield return Row("memlock", CheckResult.Unknown, VdpaHost with { Daemon = null }, "25 GiB");

        yield return Row("qemu", CheckResult.Pass, VdpaHost, "qemu-kvm");
        yield return Row("qemu", CheckResult.Fail, VdpaHost with { Dialect = OpenEuler2203Sp3 with { QemuVersion = 0 } });
        yield return Row("qemu-generic-vdpa", CheckResult.Pass, VdpaHost);
        yield return Row("qemu-generic-vdpa", CheckResult.Unknown, VdpaHost with { Dialect = OpenEuler2203Sp3 with { GenericVdpaDevice = null } });
        yield return Row("qemu-generic-vdpa", CheckResult.Fail, VdpaHost with { Dialect = OpenEuler2203Sp3 with { GenericVdpaDevice = false } });
        yield return Row("qemu-generic-vdpa", CheckResult.Pass, BareHost with { Dialect = Upstream with { GenericVdpaDevice = false, QemuVersion = 7_002_000 } }, "QEMU 5.1").SetName("without a generic device upstream's interface is left");
        yield return Row("qemu-generic-vdpa", CheckResult.Fail, BareHost with { Dialect = Upstream with { GenericVdpaDevice = false, QemuVersion = 5_000_000 } }, "8.0");
        yield return Row("qemu-rollback", CheckResult.Pass, VdpaHost);
        yield return Row("qemu-rollback", CheckResult.Fail, VdpaHost with { Dialect = OpenEuler2403 }, "rolled back").SetName("QEMU 8.2.0 of openEuler with several vDPA devices is warned of");
        yield return Row("qemu-rollback", CheckResult.Pass, VdpaHost with { Dialect = OpenEuler2403, VdpaDevices = [Vdpa(0)] }).SetName("one vDPA device has no others to lose");
        yield return Row("qemu-rollback", CheckResult.Unknown, Unseen);
        yield return Row("qemu-silent-failures", CheckResult.Fail, VdpaHost, "only in its log");

        yield return Row("vhost-vdpa-module", CheckResult.Pass, VdpaHost);
        yield return Row("vhost-vdpa-module", CheckResult.Fail, BareHost, "modprobe vhost_vdpa");
        yield return Row("vhost-vdpa-module", CheckResult.Fail, BareHost with { Kernel = new() { Release = "5.4.0-150-generic" } }, "Update the kernel");
        yield return Row("vhost-vdpa-module", CheckResult.Pass, Unseen with { VdpaDevices = [Vdpa(0)] });
        yield return Row("vhost-vdpa-module", CheckResult.Unknown, Unseen, "not visible through libvirt");
        yield return Row("vhost-vdpa-nodes", CheckResult.Pass, VdpaHost, "/dev/vhost-vdpa-1");
        yield return Row("vhost-vdpa-nodes", CheckResult.Pass, BareHost);
        yield return Row("vhost-vdpa-nodes", CheckResult.Fail, VdpaHost with { VdpaDevices = [Vdpa(0) with { CharDevice = null }] }, "vdpa0");
        yield return Row("vhost-vdpa-nodes", CheckResult.Unknown, Unseen);
        yield return Row("device-permissions", CheckResult.Pass, VdpaHost);
        yield return Row("device-permissions", CheckResult.Fail, VdpaHost with { VdpaDevices = [Vdpa(0, access: RootsOwn)] }, "chgrp 107 $$n && chmod 0660 $$n");
        yield return Row("device-permissions", CheckResult.Pass, VdpaHost with { VdpaDevices = [Vdpa(0, access: new(0, 36, (UnixFileMode)0b110_110_000))] }).SetName("a group of QEMU's account may open the device");
        yield return Row("device-permissions", CheckResult.Unknown, VdpaHost with { Daemon = null });
        yield return Row("generic-device-access", CheckResult.Fail, VdpaHost with { Dialect = Upstream }, "cgroup_device_acl");
        yield return Row("generic-device-access", CheckResult.Pass, VdpaHost with { Dialect = Upstream, QemuConfiguration = new() { DeviceAcl = ["/dev/null", "/dev/vhost-vdpa-0"] } });
        yield return Row("generic-device-access", CheckResult.Fail,
            VdpaHost with { Dialect = Upstream, Kernel = VdpaHost.Kernel! with { AppArmor = true }, QemuConfiguration = new() { DeviceAcl = ["/dev/vhost-vdpa-0"] } }, "AppArmor is on");
        yield return Row("generic-device-access", CheckResult.Unknown, VdpaHost with { Dialect = Upstream, QemuConfiguration = null });

        yield return Row("vdpa-bus", CheckResult.Pass, VdpaHost);
        yield return Row("vdpa-bus", CheckResult.Fail, BareHost, "modprobe vdpa");
        yield return Row("vdpa-bus", CheckResult.Pass, Unseen with { VdpaDevices = [Vdpa(0)] });
        yield return Row("vdpa-bus", CheckResult.Unknown, Unseen);
        yield return Row("vdpa-devices", CheckResult.Pass, VdpaHost, "2 of 2");
        yield return Row("vdpa-devices", CheckResult.Fail, VdpaHost with { VdpaDevices = [] }, "vdpa dev add");
        yield return Row("vdpa-devices", CheckResult.Fail, VdpaHost with { VdpaDevices = [Vdpa(0, "virtio_vdpa")] }, "echo vdpa0 > /sys/bus/vdpa/drivers/virtio_vdpa/unbind");
        yield return Row("vdpa-devices", CheckResult.Unknown, BareHost);

        yield return Row("vdpa-driver", CheckResult.Pass, VdpaHost, "vender_vdpa");
        yield return Row("vdpa-driver", CheckResult.Pass, BareHost with { VdpaDevices = [Vdpa(0)] }, "simulated");
        yield return Row("vdpa-driver", CheckResult.Fail, BareHost with { PciFunctions = [Function("0000:3b:00.0", "15b3:101d", "mlx5_core", classId: 0x020000)] }, "modprobe mlx5_vdpa");
        yield return Row("vdpa-driver", CheckResult.Fail, BareHost with { PciFunctions = [Function("0000:08:00.0", "19e5:0222", "hinic3", classId: 0x020000) with { TotalVirtualFunctions = 120 }] }, "sriov_numvfs; install the vendor's")
            .SetName("a card without virtual functions is told to make some");
        yield return Row("vdpa-driver", CheckResult.Unknown, BareHost).SetName("the host's own virtio network is not offered as a vDPA device");
        yield return Row("vdpa-driver", CheckResult.Unknown, Unseen);
        yield return Row("kae-pf-driver", CheckResult.Pass, KaeHost);
        yield return Row("kae-pf-driver", CheckResult.Fail, KaeHost.With(f => f.Driver == "hisi_sec2" ? f with { Driver = null } : f), "modprobe hisi_sec2");
        yield return Row("kae-pf-driver", CheckResult.Unknown, BareHost);
        yield return Row("kae-vf-driver", CheckResult.Pass, KaeHost, "3 of 3");
        yield return Row("kae-vf-driver", CheckResult.Fail, KaeHost.With(f => f.PhysicalFunction is null ? f : f with { Driver = "vfio-pci" }), "echo hisi_acc_vfio_pci > /sys/bus/pci/devices/0000:31:00.1/driver_override");
        yield return Row("kae-vf-driver", CheckResult.Pass, Kae2203(withModule: true), "vfio-pci").SetName("22.03 migrates KAE through vfio-pci");
        yield return Row("kae-vf-driver", CheckResult.Fail, Kae2203(withModule: false), "modprobe hisi_migration");
        yield return Row("kae-vf-driver", CheckResult.Unknown, BareHost);
        yield return Row("kae-uacce", CheckResult.Pass, KaeHost);
        yield return Row("kae-uacce", CheckResult.Fail, KaeHost with { Kernel = KaeHost.Kernel! with { Uacce = [] } });

        yield return Row("vdpa-hardware", CheckResult.Pass, VdpaHost, "1af4:1000");
        yield return Row("vdpa-hardware", CheckResult.Pass, BareHost with { VdpaDevices = [Vdpa(0)] }, "simulated");
        yield return Row("vdpa-hardware", CheckResult.Fail, BareHost);
        yield return Row("vdpa-hardware", CheckResult.Unknown, Unseen);
        yield return Row("kae-hardware", CheckResult.Pass, KaeHost, "zip (1), sec (1), hpre (1)");
        yield return Row("kae-hardware", CheckResult.Fail, BareHost);
        yield return Row("kae-hardware", CheckResult.Unknown, Unseen);
        yield return Row("kae-sriov", CheckResult.Pass, KaeHost);
        yield return Row("kae-sriov", CheckResult.Fail, KaeHost.With(f => f.Device == 0xa259 ? null : f), "echo 1 > /sys/bus/pci/devices/0000:33:00.0/sriov_numvfs");
        yield return Row("kae-sriov", CheckResult.Unknown, BareHost);
        yield return Row("iommu", CheckResult.Pass, KaeHost);
        yield return Row("iommu", CheckResult.Fail, KaeHost with { IommuGroups = 0 }, "SMMU");
        yield return Row("iommu", CheckResult.Pass, BareHost);
        yield return Row("iommu", CheckResult.Unknown, Unseen);
        yield return Row("nic-tested", CheckResult.Unknown, VdpaHost, "19e5:0222");
        yield return Row("nic-tested", CheckResult.Fail, VdpaHost.With(f => f.Vendor == 0x19e5 ? f with { Vendor = 0x15b3, Device = 0x101d } : f), "15b3:101d");
        yield return Row("architecture-tested", CheckResult.Pass, VdpaHost);
        yield return Row("architecture-tested", CheckResult.Fail, VdpaHost with { Host = VdpaHost.Host with { Architecture = "x86_64" } }, "x86_64");
        yield return Row("numa", CheckResult.Pass, KaeHost, "node 1");
        yield return Row("numa", CheckResult.Fail, KaeHost.With(f => f.Device == 0xa251 ? f with { NumaNode = 0 } : f));
        yield return Row("numa", CheckResult.Unknown, KaeHost.With(f => f with { NumaNode = null }));
        yield return Row("numa", CheckResult.Pass, KaeHost.With(f => f with { NumaNode = null }) with { NumaNodes = [new(0, 4, 1024)] });
        yield return Row("firmware", CheckResult.Pass, VdpaHost, "1.79");
        yield return Row("firmware", CheckResult.Unknown, Unseen);

        yield return Row("clock", CheckResult.Pass, VdpaHost, "0.4 ms");
        yield return Row("clock", CheckResult.Fail, VdpaHost with { Clock = new("the kernel", false, null) }, "chronyd");
        yield return Row("clock", CheckResult.Fail, VdpaHost with { Clock = new("chrony", true, 900) }, "900 ms");
        yield return Row("clock", CheckResult.Unknown, Unseen);
        yield return Row("trace-events", CheckResult.Pass, VdpaHost, "all_vcpus_prepared");
        yield return Row("trace-events", CheckResult.Fail, VdpaHost with { TraceEvents = new HashSet<string> { "qmp_job_cancel" } });
        yield return Row("trace-events", CheckResult.Unknown, Unseen);
        yield return Row("method-trace", CheckResult.Pass, VdpaHost);
        yield return Row("method-trace", CheckResult.Fail, VdpaHost with { LogsReadable = false });
        yield return Row("method-trace", CheckResult.Fail, VdpaHost with { QemuConfiguration = new() { LogTimestamp = false } }, "log_timestamp = 1");
        yield return Row("method-trace", CheckResult.Unknown, Unseen);
        yield return Row("method-qmp", CheckResult.Pass, VdpaHost);
        yield return Row("method-qmp", CheckResult.Fail, VdpaHost with { MonitorEvents = false });
        yield return Row("migration-ports", CheckResult.Pass, VdpaHost, "49152 to 49215");
        yield return Row("migration-ports", CheckResult.Fail, VdpaHost with { QemuConfiguration = new() { MigrationPortMin = 49152, MigrationPortMax = 49152 } });
        yield return Row("migration-ports", CheckResult.Unknown, Unseen);

        static TestCaseData Row(string id, CheckResult result, HostFacts facts, string? says = null) => new TestCaseData(id, result, facts, says).SetName($"{id} {result} {says}".Trim());
    }

    [TestCaseSource(nameof(Cases))]
    public void A_check_finds(string id, CheckResult result, HostFacts facts, string? says)
    {
        Check check = HostChecks.Of(facts).Single(item => item.Check.Id == id).Check;

        Assert.That(check.Result, Is.EqualTo(result), check.Message);
        Assert.That($"{check.Message} {check.Remedy}", Does.Contain(says ?? facts.Host.Name));
        Assert.That(result != CheckResult.Fail || check.Remedy is not null, "what failed says what to do");
        Assert.That($"{check.Message} {check.Remedy}", Does.Not.Contain("\n"), "one line for people");
    }

    [Test]
    public void Every_check_has_an_id_of_its_own_and_stands_in_its_layer()
    {
        foreach (HostFacts facts in new[] { VdpaHost, KaeHost, BareHost, Unseen })
        {
            IReadOnlyList<HostCheck> checks = HostChecks.Of(facts);
            Assert.That(checks.Select(item => item.Check.Id), Is.Unique);
            Assert.That(checks.Select(item => item.Layer), Is.Ordered);
        }
    }

    [Test]
    public void What_cannot_be_seen_is_unknown_and_never_a_failure_of_a_layer()
    {
        IEnumerable<HostCheck> failed = HostChecks.Of(Unseen).Where(item => item.Essential && item.Check.Result == CheckResult.Fail);

        Assert.That(failed, Is.Empty);
    }

    private static HostFacts Kae2203(bool withModule) => KaeHost.With(f => f.PhysicalFunction is null ? f : f with { Driver = "vfio-pci" }) with
    {
        Dialect = OpenEuler2203,
        Kernel = KaeHost.Kernel! with
        {
            Modules = withModule ? new Dictionary<string, ModuleFacts>(KaeHost.Kernel.Modules) { ["hisi_migration"] = new(null, null) } : KaeHost.Kernel.Modules,
        },
    };
}
