using System.Text.Json;
using Libvirt.Interop;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The logs of a real migration, read as files by <c>downtime analyze</c>, and through libvirt.</summary>
public sealed class LogSourcesTests
{
    private const string Guest = "logged";

    private JsonElement _migrated;
    private string _source = "", _destination = "";

    [OneTimeSetUp]
    public async Task MigrateOnce()
    {
        LabHost from = CliLab.Lab.GetHost("lab-a"), to = CliLab.Lab.GetHost("lab-b");
        (_source, _destination) = (from.GuestLog(Guest), to.GuestLog(Guest));
        await CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = from.Name });
        CliResult migrated = await CliProcess.RunAsync("migrate", Guest, "--from", from.Name, "--to", to.Name, "--json");
        Assert.That(migrated.ExitCode, Is.Zero, $"{migrated}");
        _migrated = migrated.Json.GetProperty("downtime").Clone();
    }

    [OneTimeTearDown]
    public async Task RemoveGuest() => await CliLab.Lab.RemoveGuestAsync(Guest);

    [Test]
    public async Task Two_logs_alone_give_the_difference_of_their_stamps()
    {
        CliResult judged = await CliProcess.RunAsync("downtime", "analyze", "--source-log", _source, "--destination-log", _destination, "--json");

        Assert.That(judged.ExitCode, Is.Zero, $"{judged}");
        Assert.That(judged.Json.GetProperty("value_ms").GetDouble(), Is.EqualTo(_migrated.GetProperty("sources").GetProperty("trace").GetProperty("raw_ms").GetDouble()));
        Assert.That(judged.Json.GetProperty("uncertainty_ms").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(judged.Json.GetProperty("migrations").GetArrayLength(), Is.EqualTo(1));
        Assert.That(judged.Json.GetProperty("device_state").GetProperty("save_us").GetInt64(), Is.EqualTo(_migrated.GetProperty("device_state").GetProperty("save_us").GetInt64()));
        Assert.That(judged.Json.GetProperty("device_state").GetProperty("devices").GetArrayLength(), Is.GreaterThan(10));
    }

    [Test]
    public async Task For_people_the_doubt_is_said()
    {
        CliResult judged = await CliProcess.RunAsync("downtime", "analyze", "--source-log", _source, "--destination-log", _destination);

        Assert.That(judged.Output, Does.Contain("trace *").And.Contain("The logs alone don't tell how the hosts' clocks stand against each other"));
    }

    [Test]
    public async Task Logs_that_hold_no_downtime_are_inconclusive()
    {
        CliResult judged = await CliProcess.RunAsync("downtime", "analyze", "--source-log", _destination, "--destination-log", _source, "--json");

        Assert.That(judged.ExitCode, Is.EqualTo(9), $"{judged}");
        Assert.That(judged.Json.GetProperty("problem").GetString(), Does.Contain("the log tells of no migration"));
    }

    [Test]
    public async Task One_log_or_a_migration_that_is_not_there_is_a_mistake_of_use()
    {
        CliResult one = await CliProcess.RunAsync("downtime", "analyze", "--source-log", _source);
        CliResult second = await CliProcess.RunAsync("downtime", "analyze", "--source-log", _source, "--destination-log", _destination, "--migration", "2");

        Assert.That((one.ExitCode, second.ExitCode), Is.EqualTo((2, 2)), $"{one}{second}");
        Assert.That(second.Error, Does.Contain("the source's log tells of 1 migrations"));
    }

    [Test]
    public async Task Through_libvirt_the_same_lines_are_read_and_no_pool_stays()
    {
        LabHost host = CliLab.Lab.GetHost("lab-a");
        DateTimeOffset earliest = DateTimeOffset.UnixEpoch;
        await using LibvirtHost connected = await LibvirtHost.ConnectAsync(HostAddress.FromUri(host.Uri));

        LogEvidence read = await connected.InvokeAsync(connection => PoolLog.Read(connection, _source, earliest));

        Assert.That(read.Problem, Is.Null);
        Assert.That(read.Lines, Is.EqualTo(QemuLog.ReadSlice(_source).Lines));
        Assert.That(await connected.InvokeAsync(Pool), Is.Null);

        LogEvidence absent = await connected.InvokeAsync(connection => PoolLog.Read(connection, _source + "x", earliest));
        Assert.That(absent.Problem, Does.EndWith("does not exist there"));
        Assert.That(await connected.InvokeAsync(Pool), Is.Null, "nor after a failure");
    }

    [Test]
    public async Task A_pool_that_is_there_is_used_and_left_alone()
    {
        LabHost host = CliLab.Lab.GetHost("lab-a");
        await using LibvirtHost connected = await LibvirtHost.ConnectAsync(HostAddress.FromUri(host.Uri));
        string folder = Path.GetDirectoryName(_source)!;
        await connected.InvokeAsync(connection =>
        {
            connection.CreateStoragePool($"<pool type='dir'><name>logs</name><target><path>{folder}</path></target></pool>").Dispose();
            return true;
        });
        try
        {
            LogEvidence read = await connected.InvokeAsync(connection => PoolLog.Read(connection, _source, DateTimeOffset.UnixEpoch));

            Assert.That(read.Lines, Is.EqualTo(QemuLog.ReadSlice(_source).Lines));
            Assert.That(await connected.InvokeAsync(Pool), Is.EqualTo("logs"));
        }
        finally
        {
            await connected.InvokeAsync(connection =>
            {
                using LibvirtStoragePool? pool = connection.TryLookupStoragePoolByTarget(folder);
                pool?.Destroy();
                return true;
            });
        }
    }

    private string? Pool(LibvirtConnection connection)
    {
        using LibvirtStoragePool? pool = connection.TryLookupStoragePoolByTarget(Path.GetDirectoryName(_source)!);
        return pool?.Name;
    }
}
