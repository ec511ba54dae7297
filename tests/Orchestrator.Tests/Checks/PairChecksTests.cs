using Orchestrator.Checks;
using static Libvirt.Xml.Tests.Dialects;
using static Orchestrator.Tests.Checks.Samples;

namespace Orchestrator.Tests.Checks;

/// <summary>Each check of a pair with each of its results.</summary>
public sealed class PairChecksTests
{
    private static readonly HostFacts A = Apart(KaeHost, "node1");
    private static readonly HostFacts B = Apart(KaeHost, "node2");
    private static readonly HostFacts Far = Unseen with { Host = Identity(OpenEuler2403, "node2", uri: "qemu+ssh://node2/system") };

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Row("pair-two-hosts", CheckResult.Pass, B);
        yield return Row("pair-two-hosts", CheckResult.Fail, A, "same host");
        yield return Row("pair-two-hosts", CheckResult.Fail, B with { Host = B.Host with { HostUuid = A.Host.HostUuid } }, "same host UUID");
        yield return Row("pair-two-hosts", CheckResult.Unknown, B with { Host = B.Host with { HostUuid = null } });
        yield return Row("pair-architecture", CheckResult.Pass, B);
        yield return Row("pair-architecture", CheckResult.Fail, B with { Host = B.Host with { Architecture = "x86_64" } }, "x86_64");
        yield return Row("pair-cpu-model", CheckResult.Pass, B);
        yield return Row("pair-cpu-model", CheckResult.Fail, B with { CpuModel = "Kunpeng-950" }, "Kunpeng-950");
        yield return Row("pair-bios", CheckResult.Pass, B, "1.79");
        yield return Row("pair-bios", CheckResult.Fail, B with { Firmware = B.Firmware! with { Version = "1.80" } }, "1.80");
        yield return Row("pair-bios", CheckResult.Unknown, Far, "node2");
        yield return Row("pair-kernel", CheckResult.Fail, B with { Kernel = B.Kernel! with { Release = "6.6.0-1" } }, "6.6.0-1");
        yield return Row("pair-drivers", CheckResult.Pass, B);
        yield return Row("pair-drivers", CheckResult.Fail, WithModule("hisi_zip", new("2.1", "A", 32)), "hisi_zip (node1: 2.0 A; node2: 2.1 A)");
        yield return Row("pair-drivers", CheckResult.Unknown, Far);
        yield return Row("pair-firmware", CheckResult.Unknown, B);
        yield return Row("pair-dialect", CheckResult.Pass, B, "openEuler");
        yield return Row("pair-dialect", CheckResult.Fail, B with { Dialect = Upstream }, "upstream");
        yield return Row("pair-libvirt", CheckResult.Pass, B, "9.10.0 on both");
        yield return Row("pair-libvirt", CheckResult.Pass, B with { Host = B.Host with { LibvirtVersion = 10_000_000 } }, "to the newer");
        yield return Row("pair-libvirt", CheckResult.Fail, B with { Host = B.Host with { LibvirtVersion = 6_002_000 } }, "older");
        yield return Row("pair-qemu", CheckResult.Fail, B with { Host = B.Host with { QemuVersion = 6_002_000 } }, "8.2.0");
        yield return Row("pair-qemu", CheckResult.Unknown, B with { Host = B.Host with { QemuVersion = 0 } });
        yield return Row("pair-vf-counts", CheckResult.Pass, B, "zip 1, sec 1, hpre 1");
        yield return Row("pair-vf-counts", CheckResult.Fail, B.With(f => f.Device == 0xa256 ? null : f), "sec 0");
        yield return Row("pair-vf-counts", CheckResult.Unknown, Far);
        yield return Row("pair-pf-q-num", CheckResult.Pass, B, "hisi_sec2 32");
        yield return Row("pair-pf-q-num", CheckResult.Fail, WithModule("hisi_sec2", new("2.0", "B", 64)), "hisi_sec2 32 on node1, 64 on node2");
        yield return Row("pair-pf-q-num", CheckResult.Unknown, Far);
        yield return Row("pair-vdpa-devices", CheckResult.Pass, B with { VdpaDevices = [Vdpa(0)] });
        yield return Row("pair-vdpa-devices", CheckResult.Unknown, Far);
        yield return Row("pair-ports", CheckResult.Pass, B with { IsThisMachine = false });
        yield return Row("pair-ports", CheckResult.Pass, B with { QemuConfiguration = new() { MigrationPortMin = 50000, MigrationPortMax = 50063 } });
        yield return Row("pair-ports", CheckResult.Fail, B, "take each other's").SetName("two daemons of one machine with one range of ports");
        yield return Row("pair-ports", CheckResult.Unknown, Far);
        yield return Row("pair-clock", CheckResult.Pass, B, "offset 0 ms");
        yield return Row("pair-clock", CheckResult.Unknown, Far);
        yield return Row("pair-answer", CheckResult.Pass, B);
        yield return Row("pair-reach", CheckResult.Unknown, Far, "virsh -c 'qemu+ssh://node2/system' version");

        static TestCaseData Row(string id, CheckResult result, HostFacts destination, string? says = null) => new TestCaseData(id, result, destination, says).SetName($"{id} {result} {says}".Trim());
    }

    [TestCaseSource(nameof(Cases))]
    public void A_check_of_a_pair_finds(string id, CheckResult result, HostFacts destination, string? says)
    {
        Check check = PairChecks.Of(A, destination).Single(check => check.Id == id);

        Assert.That(check.Result, Is.EqualTo(result), check.Message);
        Assert.That($"{check.Message} {check.Remedy}", Does.Contain(says ?? ""));
        Assert.That(result != CheckResult.Fail || check.Remedy is not null, "what failed says what to do");
    }

    [Test]
    public void A_destination_with_fewer_vdpa_devices_is_an_error_when_they_are_needed()
    {
        HostFacts source = VdpaHost with { Host = Identity(OpenEuler2203Sp3, "node1") };
        HostFacts destination = source with { Host = Identity(OpenEuler2203Sp3, "node2", uri: "qemu+ssh://node2/system"), VdpaDevices = [Vdpa(0)] };

        Assert.That(PairChecks.Of(source, destination).Single(check => check.Id == "pair-vdpa-devices"), Has.Property("Result").EqualTo(CheckResult.Fail).And.Property("Refuses").False);
        Assert.That(PairChecks.Of(source, destination, [HostNeed.Vdpa]).Single(check => check.Id == "pair-vdpa-devices").Refuses);
    }

    [Test]
    public void What_the_kernel_refuses_is_an_error_when_accelerators_are_needed()
    {
        IReadOnlyList<Check> checks = PairChecks.Of(A, WithModule("hisi_zip", new("2.0", "A", 16)), [HostNeed.Kae]);

        Assert.That(checks.Where(check => check.Refuses).Select(check => check.Id), Is.EqualTo(new[] { "pair-pf-q-num" }));
    }

    [Test]
    public void Every_check_of_a_pair_has_an_id_of_its_own() => Assert.That(PairChecks.Of(A, B).Select(check => check.Id), Is.Unique);

    private static HostFacts WithModule(string name, ModuleFacts module) =>
        B with { Kernel = B.Kernel! with { Modules = new Dictionary<string, ModuleFacts>(B.Kernel.Modules) { [name] = module } } };

    private static HostFacts Apart(HostFacts facts, string name) => facts with { Host = Identity(OpenEuler2403, name, uri: name == "node1" ? "qemu:///system" : "qemu+unix:///system?socket=/run/node2") };
}
