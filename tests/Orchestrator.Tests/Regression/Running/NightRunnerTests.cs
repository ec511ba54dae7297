using System.Text.Json.Nodes;
using Libvirt.Interop;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;
using Orchestrator.Regression.Plans;
using Orchestrator.Regression.Running;
using Orchestrator.Regression.Runs;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Regression.Running;

/// <summary>Nights on hosts that do what is scripted.</summary>
public sealed class NightRunnerTests
{
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private readonly List<RegressionRun> _told = [];
    private Guid _uuid;
    private string _folder = "";
    private FakeHost _source = null!;
    private FakeHost _destination = null!;

    private string Xml => $"<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>web1</name><uuid>{_uuid}</uuid><memory>1024</memory><devices/></domain>";

    private string Setting => Path.Combine(_folder, "root", "proc", "sys", "kernel", "printk");

    private NightOptions Options => new()
    {
        Id = "20261121T020000Z-0001",
        Folder = Path.Combine(_folder, "run"),
        Files = new(Path.Combine(_folder, "root")),
        Tool = "test",
        Changed = run =>
        {
            _told.Add(run);
            return Task.CompletedTask;
        },
    };

    [SetUp]
    public void TwoHostsAndARunningGuest()
    {
        _folder = Directory.CreateTempSubdirectory("onight-").FullName;
        Directory.CreateDirectory(Path.GetDirectoryName(Setting)!);
        File.WriteAllText(Setting, "7\t4\t1\t7\n");
        _told.Clear();
        _uuid = Guid.NewGuid(); // claims are known to the whole machine
        _source = Host("a");
        _destination = Host("b");
        _source.Domains[_uuid] = Guest();
        _source.Definitions[_uuid] = Xml;
        _source.OnMigrate = (host, call) => MoveAsync(host, _destination, call);
        _destination.OnMigrate = (host, call) => MoveAsync(host, _source, call);
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_load_has_ended_with_its_guest([Values] bool isOff)
    {
        _source.Domains.Clear();
        if (isOff)
        {
            _source.Domains[_uuid] = Guest() with { State = DomainState.Shutoff, Reason = (int)DomainShutoffReason.Crashed };
        }

        var hosts = new NightHosts(_source, _destination, new(TimeProvider.System), null, new(), TimeProvider.System, NullLogger.Instance);
        var undoer = new NightUndoer(new(new(_folder), "ssh", TimeProvider.System), hosts, "ssh", TimeProvider.System, _ => Task.FromResult<string?>(null));
        Assert.That(await undoer.UndoAsync(new LoadStarted(_uuid, "web1", LoadChannel.Agent, null, null, GuestJob.NewId())), Is.Null);
    }

    [Test]
    public async Task Migrations_count_in_both_directions_and_the_guest_ends_at_home()
    {
        RegressionRun run = await RunAsync(Plan(Moves("s") with { WarmUps = 1, Repetitions = 4 }));

        ScenarioResult scenario = run.Scenarios.Single();
        Assert.That(run.Problems, Is.Empty);
        Assert.That(scenario.Problems, Is.Empty);
        Assert.That(scenario.RepetitionsMade.Select(made => (made.IsWarmUp, made.IsWayHome, made.Outcome, made.Direction![0])),
            Is.EqualTo(new[] { (true, false, "completed", 'a'), (false, false, "completed", 'b'), (false, false, "completed", 'a'), (false, false, "completed", 'b'), (false, false, "completed", 'a'), (false, true, "completed", 'b') }));
        MeasureResult measure = scenario.Measures.Single();
        Assert.That(measure.Name, Is.EqualTo("downtime"));
        Assert.That(measure.Values.Select(value => value.Repetition), Is.EqualTo(new[] { 1, 2, 3, 4 }));
        Assert.That(measure.Values.Select(value => value.Ms), Has.All.EqualTo(12).Within(2), "STOP and RESUME are 12 ms apart");
        Assert.That(_source.Domains[_uuid].State, Is.EqualTo(DomainState.Running));
        Assert.That(scenario.RepetitionsMade.Select(made => EvidenceFile.Load(Path.Combine(Options.Folder, made.Evidence!)).Source.Name), Is.EqualTo(scenario.RepetitionsMade.Select(made => made.Direction!.Split(' ')[0])));
        Assert.That((run.Started, run.Ended), Is.EqualTo((_told[0].Started, _told[^1].Ended)));
        Assert.That(_told[0].Ended, Is.Null);
        Assert.That(run.Environment.Source["qemu"], Is.EqualTo("10.0.2"));
    }

    [Test]
    public async Task Without_the_way_back_each_repetition_begins_at_home()
    {
        RegressionRun run = await RunAsync(Plan(Moves("s") with { WarmUps = 0, Repetitions = 2, MeasureWayBack = false }));
        Assert.That(run.Scenarios[0].RepetitionsMade.Select(made => (made.IsWayHome, made.Direction![0])), Is.EqualTo(new[] { (false, 'a'), (true, 'b'), (false, 'a'), (true, 'b') }));
        Assert.That(run.Scenarios[0].Measures[0].Values.Select(value => value.Repetition), Is.EqualTo(new[] { 0, 2 }));
    }

    [Test]
    public async Task A_setting_holds_for_the_run_and_is_put_back()
    {
        string during = "";
        _source.OnMigrate = (host, call) =>
        {
            during = File.ReadAllText(Setting).Trim();
            return MoveAsync(host, _destination, call);
        };
        using Journal journal = Journal.Open(Path.Combine(_folder, "state"));
        RegressionRun run = await RunAsync(Plan(Moves("s")) with { HostSettings = new Dictionary<string, string> { ["kernel.printk"] = "4 4 1 7", ["kernel.nothing"] = "1" } }, Options with { Journal = journal });

        Assert.That(during, Is.EqualTo("4 4 1 7"));
        Assert.That(HostSettings.Normal(File.ReadAllText(Setting)), Is.EqualTo("7 4 1 7"));
        Assert.That(run.Notes.Single(), Is.EqualTo($"kernel.nothing on {_source.Address.Name} was not set to \"1\": it cannot be read"));
        Assert.That(run.Problems, Is.Empty, "without the right, or the setting, the run goes on");
        Assert.That(journal.Unfinished(), Is.Empty);
    }

    [Test]
    public async Task A_setting_that_somebody_else_changes_meanwhile_is_left()
    {
        _source.OnMigrate = (host, call) =>
        {
            File.WriteAllText(Setting, "3 3 3 3\n");
            return MoveAsync(host, _destination, call);
        };
        RegressionRun run = await RunAsync(Plan(Moves("s")) with { HostSettings = new Dictionary<string, string> { ["kernel.printk"] = "4 4 1 7" } });
        Assert.That(File.ReadAllText(Setting), Is.EqualTo("3 3 3 3\n"));
        Assert.That(run.Notes.Single(), Does.Contain("somebody else has set"));
    }

    [Test]
    public async Task A_failed_migration_has_its_own_code_and_the_next_scenario_is_measured()
    {
        int calls = 0;
        _source.OnMigrate = (host, call) => ++calls == 1
            ? Task.FromException(new LibvirtException(LibvirtErrorCode.InternalError, 10, "virDomainMigrateToURI3", "internal error: no"))
            : MoveAsync(host, _destination, call);
        RegressionRun run = await RunAsync(Plan(Moves("first"), Moves("second")));

        Assert.That(run.Scenarios[0].Problems.Single().Code, Is.EqualTo(1));
        Assert.That(run.Scenarios[0].RepetitionsMade.Single().Problem, Does.Contain("internal error: no"));
        Assert.That(run.Scenarios[0].Measures[0].Values, Is.Empty);
        Assert.That(run.Scenarios[1].Problems, Is.Empty);
        Assert.That(run.Scenarios[1].Measures[0].Values, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_guest_that_is_in_two_places_ends_the_night()
    {
        _source.OnMigrate = (_, call) =>
        {
            _destination.Domains[call.DomainUuid] = Guest();
            throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: lost");
        };
        RegressionRun run = await RunAsync(Plan(Moves("first"), Moves("second")));

        Assert.That(run.Scenarios[0].Problems.Select(problem => problem.Code), Does.Contain(7));
        Assert.That(run.Problems.Select(problem => problem.Code), Does.Contain(7));
        Assert.That(run.Scenarios[1].RepetitionsMade, Is.Empty);
        Assert.That(run.Scenarios[1].Problems.Single().Message, Does.Contain("not measured"));
        Assert.That(_source.Domains, Has.Count.EqualTo(1));
        Assert.That(_destination.Domains, Has.Count.EqualTo(1), "nothing is destroyed on ignorance");
    }

    [Test]
    public async Task A_night_that_is_cancelled_brings_the_guest_home_and_puts_the_setting_back()
    {
        using var cancel = new CancellationTokenSource();
        _destination.OnMigrate = async (host, call) =>
        {
            if (!cancel.IsCancellationRequested)
            {
                await cancel.CancelAsync();
                await Task.Delay(Timeout.Infinite, CancellationToken.None); // until it is aborted
            }

            await MoveAsync(host, _source, call);
        };
        RegressionRun run = await RunAsync(
            Plan(Moves("s"), Moves("t")) with { HostSettings = new Dictionary<string, string> { ["kernel.printk"] = "4 4 1 7" } }, cancellationToken: cancel.Token);

        Assert.That(run.Problems.Select(problem => problem.Code), Does.Contain(130));
        Assert.That(run.Ended, Is.Not.Null);
        Assert.That(_source.Domains[_uuid].State, Is.EqualTo(DomainState.Running), "home");
        Assert.That(_destination.Domains, Is.Empty);
        Assert.That(HostSettings.Normal(File.ReadAllText(Setting)), Is.EqualTo("7 4 1 7"));
        Assert.That(run.Scenarios.Select(scenario => scenario.Name), Is.EqualTo(new[] { "s", "t" }));
    }

    [Test]
    public async Task Starts_and_stops_are_timed_by_their_events()
    {
        RegressionRun run = await RunAsync(Plan(new Scenario { Name = "life", Kind = ScenarioKind.Lifecycle, Guest = "g", WarmUps = 1, Repetitions = 3 }));
        Assert.That(run.Scenarios[0].Problems, Is.Empty);
        Assert.That(run.Scenarios[0].Measures.Select(measure => (measure.Name, measure.Values.Count)), Is.EqualTo(new[] { ("start", 3), ("stop", 3) }));
        Assert.That(run.Scenarios[0].Measures.SelectMany(measure => measure.Values).Select(value => value.Ms), Has.All.GreaterThanOrEqualTo(0));
        Assert.That(_source.LifeCalls, Is.EqualTo(Enumerable.Repeat(new[] { "shutdown", "start" }, 4).SelectMany(pair => pair)));
        Assert.That(_source.Domains[_uuid].State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public async Task A_guest_without_a_definition_is_not_stopped()
    {
        _source.Domains[_uuid] = Guest() with { IsPersistent = false };
        RegressionRun run = await RunAsync(Plan(new Scenario { Name = "life", Kind = ScenarioKind.Lifecycle, Guest = "g", WarmUps = 0, Repetitions = 1 }));
        Assert.That(run.Scenarios[0].Problems.Select(problem => (problem.Code, problem.Message)), Is.EqualTo(new[] { (4, $"web1 on {_source.Address.Name} has no definition: stopped, it would be gone") }));
        Assert.That(_source.LifeCalls, Is.Empty);
    }

    [Test]
    public async Task A_device_that_the_guest_has_already_stays_its_own([Values(ScenarioKind.Migrate, ScenarioKind.HotPlug)] ScenarioKind kind)
    {
        const string Device = "<disk type='file' device='disk'><source file='/images/data.img'/><target dev='vdb' bus='virtio'/></disk>";
        string file = Path.Combine(_folder, "disk.xml");
        await File.WriteAllTextAsync(file, Device);
        string xml = Xml.Replace("<devices/>", $"<devices>{Device}</devices>", StringComparison.Ordinal);
        _source.Domains[_uuid] = Guest() with { Xml = xml };
        RegressionRun run = await RunAsync(Plan(Moves("s") with { Kind = kind, Devices = [file] }));
        Assert.That(run.Scenarios[0].Problems[0], Has.Property("Code").EqualTo(4).And.Property("Message").EqualTo($"web1 on {_source.Address.Name} has the disk vdb already"));
        Assert.That(_source.Domains[_uuid].Xml, Is.EqualTo(xml));
    }

    [Test]
    public async Task A_domain_that_was_off_is_off_afterwards()
    {
        _source.Domains[_uuid] = Guest() with { State = DomainState.Shutoff };
        RegressionRun run = await RunAsync(Plan(Moves("s")));
        Assert.That(run.Problems, Is.Empty);
        Assert.That(run.Scenarios[0].Measures[0].Values, Has.Count.EqualTo(2));
        Assert.That(_source.Domains[_uuid].State, Is.EqualTo(DomainState.Shutoff));
    }

    [Test]
    public async Task A_domain_that_an_earlier_night_left_away_comes_home_first()
    {
        _source.Domains.Remove(_uuid);
        _destination.Domains[_uuid] = Guest();
        RegressionRun run = await RunAsync(Plan(Moves("s")));
        Assert.That(run.Notes.Single(), Does.StartWith("before the run: brought web1 home"));
        Assert.That(run.Scenarios[0].RepetitionsMade[0].Direction, Does.StartWith("a-"));
    }

    [Test]
    public async Task A_load_is_looked_for_then_run_and_has_to_finish()
    {
        (Scenario scenario, LocalAgent agent) = Loaded("echo done; exit 0");
        using Journal journal = Journal.Open(Path.Combine(_folder, "state"));
        RegressionRun run = await RunAsync(Plan(scenario), Options with { Journal = journal });

        Assert.That(run.Scenarios[0].Problems, Is.Empty);
        Assert.That(run.Scenarios[0].RepetitionsMade.Where(made => !made.IsWayHome).Select(made => made.Load), Has.All.Match("^/.*/load finished"));
        Assert.That(File.ReadAllText(Path.Combine(Options.Folder, "loads", "s-01.log")), Is.EqualTo("done\n"));
        Assert.That(agent.Folders.Where(Directory.Exists), Is.Empty);
        Assert.That(journal.Unfinished(), Is.Empty);
    }

    [Test]
    public async Task A_load_that_fails_is_a_problem()
    {
        RegressionRun run = await RunAsync(Plan(Loaded("echo no; exit 3").Scenario));
        Assert.That(run.Scenarios[0].Problems.Select(problem => problem.Message), Has.Some.EndsWith("/load in the guest ended with 3"));
        Assert.That(run.Scenarios[0].Measures[0].Values, Is.Empty);
        Assert.That(File.ReadAllText(Path.Combine(Options.Folder, "loads", "s-01.log")), Is.EqualTo("no\n"));
    }

    [Test]
    public async Task A_load_that_is_not_there_or_whose_check_fails_is_refused()
    {
        Scenario scenario = Loaded("exit 0").Scenario;
        foreach ((GuestLoad load, string message) in new[]
        {
            (scenario.Load! with { Command = ["/nowhere/load"] }, "the guest has no /nowhere/load"),
            (scenario.Load! with { Check = ["ls", "/nowhere"] }, "ls /nowhere in the guest ended with 2: ls: cannot access '/nowhere': No such file or directory"),
        })
        {
            RegressionRun run = await RunAsync(Plan(scenario with { Load = load }));
            Assert.That(run.Scenarios[0].Problems.Select(problem => (problem.Code, problem.Message)), Is.EqualTo(new[] { (4, message) }));
        }
    }

    [Test]
    public async Task A_load_that_an_agent_loses_is_ended_when_it_answers_again()
    {
        (Scenario scenario, LocalAgent agent) = Loaded("exit 0");
        agent.IsLostAfter = 2; // the check and the start: then the look fails, and the end of the load that follows
        RegressionRun run = await RunAsync(Plan(scenario));
        Assert.That(run.Scenarios[0].Problems.Select(problem => problem.Message), Has.Some.Contains("the agent in web1 did not do guest-exec"));
        Assert.That(agent.Folders, Is.Not.Empty);
        Assert.That(agent.Folders.Where(Directory.Exists), Is.Empty);
    }

    [Test]
    public async Task A_hook_that_is_late_is_ended_and_the_run_says_so()
    {
        var hook = new Hook(["/bin/sh", "-c", "echo before; sleep 600"], TimeSpan.FromMilliseconds(300));
        RegressionRun run = await RunAsync(Plan(Moves("s")) with { Before = hook });
        Assert.That(run.Problems[0].Message, Does.Contain("took longer than 0.3 s"));
        Assert.That(run.Scenarios[0].RepetitionsMade, Is.Empty);
        Assert.That(File.ReadAllText(Path.Combine(Options.Folder, "hooks", "01-before.log")), Is.EqualTo("before\n"));
    }

    [Test]
    public async Task Hooks_are_told_of_the_run_and_the_last_one_is_run_whatever_became_of_it()
    {
        var print = new Hook(["/bin/sh", "-c", "echo $ORCHESTRATOR_RUN $ORCHESTRATOR_PLAN; exit 3"], TimeSpan.FromSeconds(30));
        RegressionRun run = await RunAsync(Plan(Moves("s")) with { Before = print, After = print });
        Assert.That(run.Problems.Select(problem => problem.Message), Is.EqualTo(new[] { "the hook before the run failed: /bin/sh ended with 3", "the hook after the run failed: /bin/sh ended with 3" }));
        Assert.That(File.ReadAllText(Path.Combine(Options.Folder, "hooks", "02-after.log")), Is.EqualTo("20261121T020000Z-0001 p\n"));
    }

    [Test]
    public async Task What_a_killed_night_left_is_put_back_by_its_recovery()
    {
        using Journal journal = Journal.Open(Path.Combine(_folder, "state"));
        var ledger = new NightLedger(journal, Begin(journal), ownsHosts: false);
        ledger.Begin(new RunOpened("run-1", "Host=db"));
        File.WriteAllText(Setting, "4\t4\t1\t7\n");
        ledger.Begin(new SettingChanged(new(_source.Address.Name, null, false), "kernel.printk", "7 4 1 7", "4 4 1 7"));
        ledger.Begin(new GuestAway(_uuid, "web1", false, []));
        _source.Domains.Remove(_uuid);
        _destination.Domains[_uuid] = Guest();
        _destination.OnMigrate = (host, call) => MoveAsync(host, _source, call);
        var closed = new List<(string?, RunProblem)>();
        var recovery = new NightRecovery((address, _) => Task.FromResult<IHost>(address.Name == _source.Address.Name ? _source : _destination), _clock, journal, (id, store, problem) =>
        {
            closed.Add((store, problem));
            return Task.FromResult<string?>($"closed {id}");
        })
        { Files = new(Path.Combine(_folder, "root")) };

        UnfinishedOperation night = recovery.FindAll().Single();
        RecoveryResult looked = await recovery.LookAsync(night);
        RecoveryResult result = await recovery.RecoverAsync(night);

        Assert.That(looked.Done, Has.Count.EqualTo(3));
        Assert.That(result.IsFinished, $"{result.Message}");
        Assert.That(result.Done, Is.EqualTo(new[] { $"brought web1 home to {_source.Address.Name}", $"put kernel.printk on {_source.Address.Name} back to \"7 4 1 7\"", "closed run-1" }));
        Assert.That(_source.Domains[_uuid].State, Is.EqualTo(DomainState.Running));
        Assert.That(closed.Single().Item1, Is.EqualTo("Host=db"));
        Assert.That(closed.Single().Item2.Message, Does.Contain("the process of the run died"));
        Assert.That(recovery.FindAll(), Is.Empty);
        Assert.That(new Recoverer((_, _) => throw new AssertionException("nobody is asked"), _clock, journal).FindAll(), Is.Empty, "a night is no migration");
    }

    [Test]
    public async Task A_run_in_a_journal_that_does_not_tell_its_store_is_closed_all_the_same()
    {
        using Journal journal = Journal.Open(Path.Combine(_folder, "state"));
        journal.BeginStep(Begin(journal), "regress-run", """{"$type":"run","id":"run-1"}""");
        var closed = new List<(string, string?)>();
        var recovery = new NightRecovery((_, _) => throw new AssertionException("nobody is asked"), _clock, journal, (id, store, _) =>
        {
            closed.Add((id, store));
            return Task.FromResult<string?>(null);
        });

        Assert.That((await recovery.RecoverAsync(recovery.FindAll().Single())).IsFinished);
        Assert.That(closed, Is.EqualTo(new[] { ("run-1", (string?)null) }));
    }

    [Test]
    public async Task Devices_go_home_by_the_plans_map_the_other_way_around([Values] bool isAway)
    {
        (_source.Domains[_uuid], FakeHost runsOn) = (Guest(), isAway ? _destination : _source);
        if (isAway)
        {
            _source.Domains.Remove(_uuid);
            _destination.Domains[_uuid] = Guest();
        }

        RegressionPlan plan = Plan(Moves("s")) with { Guests = new Dictionary<string, PlannedGuest> { ["g"] = new() { Domain = "web1", Map = [new("vdpa0", "vdpa3")] } } };
        RegressionRun run = await RunAsync(plan);

        // The guest has no such device, so what was asked for is refused by its name.
        Assert.That(run.Problems.Concat(run.Scenarios.SelectMany(scenario => scenario.Problems)).Select(problem => problem.Message), Has.Some.Contains(isAway ? "--map vdpa3=vdpa0" : "--map vdpa0=vdpa3"));
        Assert.That(runsOn.Domains[_uuid].State, Is.EqualTo(DomainState.Running));
    }

    [Test]
    public async Task A_night_that_goes_on_is_left_alone()
    {
        using Journal journal = Journal.Open(Path.Combine(_folder, "state"));
        RecoveryResult? met = null;
        var recovery = new NightRecovery((_, _) => throw new AssertionException("nobody is asked"), _clock, journal, (_, _, _) => throw new AssertionException("it is open"));
        _source.OnMigrate = async (host, call) =>
        {
            met = await recovery.RecoverAsync(recovery.FindAll().Single());
            await MoveAsync(host, _destination, call);
        };
        await RunAsync(Plan(Moves("s")), Options with { Journal = journal });
        Assert.That(met!.Message, Does.Contain("goes on"));
        Assert.That(met.IsFinished, Is.False);
    }

    [Test]
    public void Words_reach_the_other_side_of_ssh_as_they_are() => Assert.That(
        SshCommand.Arguments(new("root@g"), ["./load", "-n", "a b", "it's", "", "$(reboot)"])[^1], Is.EqualTo(@"./load -n 'a b' 'it'\''s' '' '$(reboot)'"));

    private Task<RegressionRun> RunAsync(RegressionPlan plan, NightOptions? options = null, CancellationToken cancellationToken = default) =>
        new NightRunner(_source, _destination, _clock, options ?? Options).RunAsync(plan, cancellationToken);

    private static Scenario Moves(string name) => new() { Name = name, Guest = "g", Policy = MigrationPolicy.Fixed, WarmUps = 0, Repetitions = 2 };

    private static RegressionPlan Plan(params Scenario[] scenarios) => new() { Name = "p", Guests = new Dictionary<string, PlannedGuest> { ["g"] = new() { Domain = "web1" } }, Scenarios = scenarios };

    private FakeHost Host(string name)
    {
        string unique = $"{name}-{Guid.NewGuid().ToString()[..8]}";
        return new(unique, _clock)
        {
            Identity = Tests.Migration.Samples.Host(unique) with { HostUuid = Guid.NewGuid() },
            Documents = new() { Capabilities = "<capabilities><host><cpu><arch>x86_64</arch></cpu></host></capabilities>" },
        };
    }

    private DomainSnapshot Guest() => new() { Name = "web1", Uuid = _uuid, State = DomainState.Running, Reason = 1, IsPersistent = true, Xml = Xml };

    private Guid Begin(Journal journal) => journal.Begin(new()
    {
        Kind = NightLedger.Kind,
        DomainUuid = Guid.Empty,
        DomainName = "p",
        SourceName = _source.Address.Name,
        SourceUri = _source.Address.Uri,
        DestinationName = _destination.Address.Name,
        DestinationUri = _destination.Address.Uri,
        Mode = NightLedger.Kind,
    }).Id;

    private async Task MoveAsync(FakeHost from, FakeHost to, MigrationCall call)
    {
        DateTimeOffset stop = _clock.Now;
        from.Emit("STOP", stop);
        while (_clock.Now < stop.AddMilliseconds(12))
        {
            await Task.Yield();
        }

        to.Emit("RESUME", stop.AddMilliseconds(12));
        from.Domains.Remove(call.DomainUuid);
        from.Definitions.Remove(call.DomainUuid);
        to.Domains[call.DomainUuid] = Guest() with { Reason = (int)DomainRunningReason.Migrated };
        to.Definitions[call.DomainUuid] = Xml;
    }

    /// <summary>A scenario with a load that goes on until it was looked at three times: before the migration, after it, and while its end is waited for.</summary>
    private (Scenario Scenario, LocalAgent Agent) Loaded(string script)
    {
        string load = Path.Combine(_folder, "load");
        var agent = new LocalAgent(load + ".end");
        File.WriteAllText(load, $"#!/bin/sh\nwhile [ ! -e {agent.End} ]; do sleep 0.02; done\n{script}\n");
        File.SetUnixFileMode(load, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (_source.Agent, _destination.Agent) = (agent.Answer, agent.Answer);
        return (Moves("s") with { Load = new() { Channel = LoadChannel.Agent, Command = [load], MustFinish = true, Lead = TimeSpan.Zero } }, agent);
    }

    /// <summary>The agent of a guest that is this machine.</summary>
    private sealed class LocalAgent(string end)
    {
        private readonly Dictionary<long, GuestResult> _ended = [];
        private int _looks;
        private int _lost;

        internal string End => end;

        internal HashSet<string> Folders { get; } = [];

        /// <summary>After which program it twice does not answer.</summary>
        internal int? IsLostAfter { get; set; }

        internal string Answer(string command)
        {
            JsonNode request = JsonNode.Parse(command)!;
            JsonNode arguments = request["arguments"] ?? new JsonObject();
            switch ((string)request["execute"]!)
            {
                case "guest-exec":
                    string[] words = [(string)arguments["path"]!, .. arguments["arg"]!.AsArray().Select(argument => (string)argument!)];
                    if (_ended.Count == IsLostAfter && _lost++ < 2)
                    {
                        throw new LibvirtException(LibvirtErrorCode.AgentUnresponsive, 10, "virDomainQemuAgentCommand", "Guest agent is not responding");
                    }

                    Folders.UnionWith(words.Where(word => word.StartsWith("/tmp/orchestrator-load-", StringComparison.Ordinal)));
                    CountLooks(words[2]);
                    _ended[_ended.Count] = new LocalChannel().RunAsync(words, CancellationToken.None).GetAwaiter().GetResult();
                    return $$$"""{"return": {"pid": {{{_ended.Count - 1}}}}}""";
                case "guest-exec-status":
                    (int code, string output) = _ended[(long)arguments["pid"]!];
                    return $$$"""{"return": {"exited": true, "exitcode": {{{code}}}, "out-data": "{{{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(output))}}}"}}""";
                default:
                    return """{"return": {}}""";
            }
        }

        private void CountLooks(string script)
        {
            if (script.Contains("mkdir", StringComparison.Ordinal))
            {
                _looks = 0;
                File.Delete(end);
            }
            else if (script.Contains("echo \"load $s\"", StringComparison.Ordinal) && ++_looks == 3)
            {
                File.WriteAllText(end, "");
            }
        }
    }
}
