using System.Diagnostics;
using Orchestrator.Lab.Processes;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab.Tests;

/// <summary>The life of labs: real daemons, a folder of its own for each test.</summary>
[Category("Libvirt")]
public sealed class VirtualLabTests
{
    private LabFixture _fixture = null!;

    private LabOptions Options => _fixture.Options;

    [SetUp]
    public void SetUp() => _fixture = new LabFixture();

    [TearDown]
    public void TearDown() => _fixture.RemoveLeftovers();

    [Test]
    public async Task UpAsync_then_DownAsync_leaves_no_process_and_no_file()
    {
        var lab = await VirtualLab.UpAsync(Options, cancellationToken: LabFixture.Deadline(60));
        Assert.That(lab.Hosts.Select(h => h.Name), Is.EqualTo(new[] { "lab-a", "lab-b" }));
        Assert.That(_fixture.Processes.Select(p => p.Name).Order(), Is.EqualTo(new[] { "libvirtd", "libvirtd", "virtlogd", "virtlogd" }));

        var wasThere = await VirtualLab.DownAsync(Options, cancellationToken: LabFixture.Deadline(60));

        Assert.That(wasThere, Is.True);
        Assert.That(_fixture.Processes, Is.Empty);
        Assert.That(Directory.Exists(Options.Folder), Is.False);
    }

    [Test]
    public async Task DownAsync_without_a_lab_does_nothing()
    {
        Assert.That(await VirtualLab.DownAsync(Options, cancellationToken: LabFixture.Deadline(60)), Is.False);
        Assert.That(Directory.Exists(Options.Folder), Is.False);
    }

    [Test]
    public async Task UpAsync_second_time_returns_the_running_one()
    {
        var first = await VirtualLab.UpAsync(Options with { Hosts = 1 }, cancellationToken: LabFixture.Deadline(60));
        var pids = _fixture.Processes.Select(p => p.Pid).Order().ToList();

        var second = await VirtualLab.UpAsync(Options with { Hosts = 3 }, cancellationToken: LabFixture.Deadline(60));
        await second.DisposeAsync();

        Assert.That(second.Hosts, Is.EqualTo(first.Hosts));
        Assert.That(_fixture.Processes.Select(p => p.Pid).Order(), Is.EqualTo(pids));
        Assert.That((await VirtualLab.FindAsync(Options, cancellationToken: LabFixture.Deadline(60)))?.Folder, Is.EqualTo(first.Folder));
    }

    [Test]
    public async Task UpAsync_twice_at_once_makes_one_lab()
    {
        var labs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => VirtualLab.UpAsync(Options, cancellationToken: LabFixture.Deadline(60))));

        Assert.That(labs.Select(l => l.Folder).Distinct().Count(), Is.EqualTo(1));
        Assert.That(LabFolder.LabsIn(Options.Folder), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task StartAsync_cancelled_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var start = VirtualLab.StartAsync(Options, cancellationToken: cancel.Token);
        Assert.That(await LabFixture.EventuallyAsync(() => _fixture.Processes.Count > 0 || start.IsCompleted), Is.True);
        await cancel.CancelAsync();

        try
        {
            await (await start).DisposeAsync();
        }
        catch (OperationCanceledException)
        {
            // That, or it had just finished.
        }

        Assert.That(_fixture.Processes, Is.Empty);
        Assert.That(Directory.Exists(Options.Folder), Is.False);
    }

    [Test]
    public async Task StartAsync_hosts_are_hosts_of_their_own()
    {
        await using var lab = await VirtualLab.StartAsync(Options with { Hosts = 3 }, cancellationToken: LabFixture.Deadline(60));

        var uuids = await Task.WhenAll(lab.Hosts.Select(h => Lab.Hosts.LibvirtCall.RunAsync(
            h, c => System.Xml.Linq.XElement.Parse(c.GetCapabilities()).Element("host")!.Element("uuid")!.Value, TimeProvider.System, LabFixture.Deadline(60))));
        Assert.That(uuids, Is.Unique);
        Assert.That(RecordFile.Read(lab.Folder).Record!.Ports.Select(p => p.First), Is.Unique);
    }

    [Test]
    public async Task FindAsync_owner_killed_removes_its_lab_and_leaves_another_owners()
    {
        await using var other = await VirtualLab.StartAsync(Options with { Hosts = 1 }, cancellationToken: LabFixture.Deadline(60));
        var others = _fixture.Processes.Select(p => p.Pid).Order().ToList();
        var orphan = await StartAndKillOwnerAsync();
        Assert.That(LabProcess.FindIn(orphan).Select(p => p.Name), Has.One.StartsWith("qemu-system"));

        var persistent = await VirtualLab.FindAsync(Options, cancellationToken: LabFixture.Deadline(60));

        Assert.That(persistent, Is.Null);
        Assert.That(Directory.Exists(orphan), Is.False);
        Assert.That(_fixture.Processes.Select(p => p.Pid).Order(), Is.EqualTo(others));
        Assert.That((await other.GetStatusAsync(LabFixture.Deadline(30))).Hosts.Single().IsAlive, Is.True);
    }

    [Test]
    public async Task DownAsync_leaves_the_lab_of_a_living_owner()
    {
        await using var owned = await VirtualLab.StartAsync(Options with { Hosts = 1 }, cancellationToken: LabFixture.Deadline(60));
        await VirtualLab.UpAsync(Options with { Hosts = 1 }, cancellationToken: LabFixture.Deadline(60));

        Assert.That(await VirtualLab.DownAsync(Options, cancellationToken: LabFixture.Deadline(60)), Is.True);
        Assert.That(LabFolder.LabsIn(Options.Folder), Is.EqualTo(new[] { owned.Folder }));
        Assert.That((await owned.GetStatusAsync(LabFixture.Deadline(30))).Hosts.Single().IsAlive, Is.True);
    }

    [Test]
    public async Task CleanUp_broken_record_is_left_alone_until_DownAsync()
    {
        var lab = await VirtualLab.UpAsync(Options with { Hosts = 1 }, cancellationToken: LabFixture.Deadline(60));
        await File.WriteAllTextAsync(RecordFile.In(lab.Folder), "{\"formatVersion\": 1, \"own");

        Assert.That(await VirtualLab.FindAsync(Options, cancellationToken: LabFixture.Deadline(60)), Is.Null);
        Assert.That(_fixture.Processes, Has.Count.EqualTo(2));
        Assert.That(await VirtualLab.DownAsync(Options, cancellationToken: LabFixture.Deadline(60)), Is.True);
        Assert.That(_fixture.Processes, Is.Empty);
    }

    [Test]
    public void StartAsync_folder_that_others_may_write_to_is_refused()
    {
        Directory.CreateDirectory(Options.Folder);
        File.SetUnixFileMode(Options.Folder, (UnixFileMode)0b111_111_111);

        Assert.That(
            async () => await VirtualLab.StartAsync(Options, cancellationToken: LabFixture.Deadline(60)),
            Throws.TypeOf<LabException>().With.Message.Contains(Options.Folder));
    }

    [Test]
    public void StartAsync_daemon_that_cannot_start_is_quoted_with_its_host()
    {
        var time = new BreakingTime(Options.Folder);

        var failure = Assert.ThrowsAsync<LabException>(
            async () => await VirtualLab.StartAsync(Options with { Hosts = 1, Time = time }, cancellationToken: LabFixture.Deadline(60)));

        Assert.That(failure!.Host, Is.EqualTo("lab-a"));
        Assert.That(failure.Message, Does.Contain("virtlogd.log").Or.Contain("libvirtd.log"));
        Assert.That(failure.Remedy, Does.Contain("libvirt-daemon"));
        Assert.That(Directory.Exists(Options.Folder), Is.False);
    }

    [TestCase(0)]
    [TestCase(17)]
    public void StartAsync_impossible_number_of_hosts_is_refused(int hosts) => Assert.That(
        async () => await VirtualLab.StartAsync(Options with { Hosts = hosts }, cancellationToken: LabFixture.Deadline(60)),
        Throws.TypeOf<LabException>().With.Message.Contains("1 to 16"));

    private async Task<string> StartAndKillOwnerAsync()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, Options.Folder]) { RedirectStandardOutput = true };
        using var owner = Process.Start(start)!;
        var folder = await owner.StandardOutput.ReadLineAsync(LabFixture.Deadline(200));
        owner.Kill();
        await owner.WaitForExitAsync(LabFixture.Deadline(20));
        return folder!;
    }

    /// <summary>A clock that kills the daemons it is asked to wait for.</summary>
    private sealed class BreakingTime(string folder) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            foreach (var process in LabProcess.FindIn(folder))
            {
                Posix.Signal(process.Pid, Posix.SigKill);
            }

            return base.GetUtcNow();
        }
    }
}
