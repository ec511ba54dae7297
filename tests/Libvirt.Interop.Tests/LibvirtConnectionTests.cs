using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop.Tests;

public class LibvirtConnectionTests
{
    [Test]
    public void Open_of_the_default_test_host_tells_who_it_is()
    {
        using var connection = LibvirtConnection.Open("test:///default");

        Assert.Multiple(() =>
        {
            Assert.That(connection.GetUri(), Is.EqualTo("test:///default"));
            Assert.That(connection.GetDriverType(), Is.EqualTo("TEST"));
            Assert.That(connection.GetHostName(), Is.Not.Empty);
            Assert.That(connection.GetLibvirtVersion(), Is.EqualTo(LibvirtConnection.LibraryVersion), "the driver runs in this process");
            Assert.That(LibvirtConnection.LibraryVersion, Is.GreaterThanOrEqualTo(6_002_000));
            Assert.That(connection.GetCapabilities(), Does.StartWith("<capabilities>"));
            Assert.That(connection.IsAlive(), Is.True);
        });
    }

    [TestCase("qemu+unix:///session?socket=/nonexistent/socket", LibvirtErrorCode.SystemError)]
    [TestCase("test:///nonexistent/host.xml", LibvirtErrorCode.SystemError)]
    public void Open_of_what_is_not_there_tells_why(string uri, LibvirtErrorCode code)
    {
        LibvirtException error = Assert.Throws<LibvirtException>(() => LibvirtConnection.Open(uri))!;

        Assert.Multiple(() =>
        {
            Assert.That(error.Code, Is.EqualTo(code), error.Message);
            Assert.That(error.Operation, Is.EqualTo("virConnectOpenAuth"));
            Assert.That(error.Message, Is.Not.Empty);
        });
    }

    [Test]
    public void Lookup_of_a_name_with_a_nul_is_refused_instead_of_finding_another_domain()
    {
        using var host = new TestHost();
        Assert.That(() => host.Connection.TryLookupByName(TestHost.RunningName + "\0x"), Throws.ArgumentException);
    }

    [Test]
    public void Lookups_find_the_domain_and_say_null_when_there_is_none()
    {
        using var host = new TestHost();
        using LibvirtDomain byName = host.Connection.LookupByName(TestHost.RunningName);
        using LibvirtDomain? byUuid = host.Connection.TryLookupByUuid(TestHost.RunningUuid);

        Assert.Multiple(() =>
        {
            Assert.That(byName.Uuid, Is.EqualTo(TestHost.RunningUuid));
            Assert.That(byUuid?.Name, Is.EqualTo(TestHost.RunningName));
            Assert.That(host.Connection.TryLookupByName("none"), Is.Null);
            Assert.That(host.Connection.TryLookupByUuid(Guid.Empty), Is.Null);
            Assert.That(() => host.Connection.LookupByName("none"),
                Throws.TypeOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.NoDomain));
        });
    }

    [Test]
    public void Info_and_state_tell_what_the_document_said()
    {
        using var host = new TestHost();
        using LibvirtDomain domain = host.Connection.LookupByName(TestHost.RunningName);
        DomainInfo info = domain.GetInfo();

        Assert.Multiple(() =>
        {
            Assert.That((info.State, info.MaxMemoryKiB, info.MemoryKiB, info.VcpuCount), Is.EqualTo((DomainState.Running, 1048576L, 524288L, 2)));
            Assert.That(domain.GetState().State, Is.EqualTo(DomainState.Running));
            Assert.That(domain.IsActive(), Is.True);
            Assert.That(domain.IsPersistent(), Is.True);
            Assert.That(domain.Id, Is.Positive);
            Assert.That(domain.GetXml(), Does.Contain($"<uuid>{TestHost.RunningUuid}</uuid>"));
        });
    }

    [Test]
    public void Define_start_destroy_undefine_walks_through_a_life()
    {
        using var host = new TestHost();
        using LibvirtDomain domain = host.Connection.DefineXml(TestHost.OtherDomain);
        string[] Listed(ListDomainsFlags flags)
        {
            IReadOnlyList<LibvirtDomain> domains = host.Connection.ListDomains(flags);
            string[] names = [.. domains.Select(d => d.Name)];
            foreach (LibvirtDomain listed in domains)
            {
                listed.Dispose();
            }

            return names;
        }

        Assert.That(Listed(ListDomainsFlags.None), Is.EquivalentTo(new[] { "db1", TestHost.RunningName }));
        Assert.That(Listed(ListDomainsFlags.Active), Is.EqualTo(new[] { TestHost.RunningName }));
        Assert.That(domain.Id, Is.Null);

        domain.Create();
        Assert.That(domain.IsActive(), Is.True);
        Assert.That(() => domain.Create(), Throws.TypeOf<LibvirtException>());
        domain.Destroy();
        Assert.That(domain.GetState(), Is.EqualTo((DomainState.Shutoff, (int)DomainShutoffReason.Destroyed)));
        domain.Undefine();
        Assert.That(host.Connection.TryLookupByName("db1"), Is.Null);
    }

    [Test]
    public void Domain_outlives_the_object_of_its_connection()
    {
        LibvirtDomain domain;
        using (var host = new TestHost())
        {
            domain = host.Connection.LookupByName(TestHost.RunningName);
        }

        Assert.That(domain.Name, Is.EqualTo(TestHost.RunningName));
        domain.Dispose();
        Assert.That(() => domain.GetInfo(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Errors_of_threads_that_fail_at_once_are_not_mixed_up()
    {
        using var host = new TestHost();
        var mixed = new System.Collections.Concurrent.ConcurrentBag<string>();
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            for (int i = 0; i < 500; i++)
            {
                string mine = $"bogus-{number}-{i}";
                try
                {
                    host.Connection.DefineXml(Refused(mine)).Dispose();
                    mixed.Add("defined " + mine);
                }
                catch (LibvirtException e) when (e.Message.Contains($"'{mine}'", StringComparison.Ordinal))
                {
                    continue;
                }
                catch (LibvirtException e)
                {
                    mixed.Add(e.Message);
                }
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());

        Assert.That(mixed, Is.Empty);
    }

    [Test]
    public void Handles_and_files_are_given_back()
    {
        static void Round()
        {
            using var host = new TestHost();
            foreach (LibvirtDomain domain in host.Connection.ListDomains())
            {
                _ = domain.GetXml();
                domain.Dispose();
            }

            _ = host.Connection.TryLookupByName("none");
            Assert.That(() => host.Connection.DefineXml("<nonsense/>"), Throws.TypeOf<LibvirtException>());
            using EventStream<DomainLifecycleEvent> events = host.Connection.SubscribeLifecycle();
        }

        Round();
        int handles = VirHandle.OpenCount;
        int files = Directory.GetFiles("/proc/self/fd").Length;
        for (int i = 0; i < 50; i++)
        {
            Round();
        }

        Assert.That(VirHandle.OpenCount, Is.EqualTo(handles));
        Assert.That(Directory.GetFiles("/proc/self/fd"), Has.Length.LessThan(files + 10));
    }

    [Test]
    public void Failure_prints_nothing_on_stderr()
    {
        using var host = new TestHost();
        string file = Path.GetTempFileName();
        int saved = dup(2);
        using (var target = File.OpenHandle(file, FileMode.Create, FileAccess.Write))
        {
            Assert.That(dup2((int)target.DangerousGetHandle(), 2), Is.EqualTo(2));
            try
            {
                Assert.That(() => host.Connection.DefineXml(Refused("silence-please")), Throws.TypeOf<LibvirtException>().With.Message.Contains("silence-please"));
            }
            finally
            {
                _ = dup2(saved, 2);
                _ = close(saved);
            }
        }

        string printed = File.ReadAllText(file);
        File.Delete(file);
        Assert.That(printed, Does.Not.Contain("silence-please"));
    }

    [Test]
    public void Function_that_the_library_lacks_is_refused_before_it_is_called() => Assert.Multiple(() =>
    {
        Assert.That(LibVirt.Has("virNoSuchFunction"), Is.False);
        Assert.That(() => VirCall.Require("virNoSuchFunction"), Throws.TypeOf<NotSupportedException>().With.Message.Contains("virNoSuchFunction"));
        Assert.That(LibVirt.Has(nameof(LibVirt.virDomainQemuMonitorCommand)), Is.True, "from libvirt-qemu.so.0");
        Assert.That(LibvirtConnection.HasQemuMonitorEvents, Is.True);
    });

    // libvirt's error quotes the unit.
    private static string Refused(string unit) =>
        $"<domain type='test'><name>n</name><memory unit='{unit}'>1</memory><os><type>hvm</type></os></domain>";

    [DllImport("libc")]
    private static extern int dup(int fd);

    [DllImport("libc")]
    private static extern int dup2(int from, int to);

    [DllImport("libc")]
    private static extern int close(int fd);

    [Test]
    public void Test_driver_tells_its_memory_pages_volumes_and_block_jobs()
    {
        using var connection = LibvirtConnection.Open("test:///default");
        using LibvirtDomain domain = connection.TryLookupByName("test")!;
        Assert.Multiple(() =>
        {
            Assert.That(connection.GetFreePages([4, 2048]), Has.Count.EqualTo(2));
            Assert.That(connection.HasStorageVolume("/nowhere"), Is.False);
            Assert.That(() => connection.CompareHypervisorCpu("<cpu/>"), Throws.InstanceOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.NoSupport));
            Assert.That(() => domain.OpenConsole(), Throws.InstanceOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.NoSupport));
            Assert.That(() => connection.GetMemoryStats(), Throws.InstanceOf<LibvirtException>().With.Property("Code").EqualTo(LibvirtErrorCode.NoSupport));
        });
        if (LibvirtDomain.CanGetTaints)
        {
            Assert.That(domain.GetTaints(), Is.Empty);
        }
    }
}
