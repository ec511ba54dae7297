using System.Globalization;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;
using Orchestrator.Migration.Policies;
using Orchestrator.Recovery;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Recovery;

/// <summary>Recoveries of an operation whose process is gone, on hosts that stand as it left them.</summary>
public sealed class RecovererTests
{
    private const DomainPausedReason ByMigration = DomainPausedReason.Migration;

    private readonly Guid _uuid = Guid.NewGuid(); // claims are known to the whole machine
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private readonly List<string> _undone = [];
    private string _folder = "";
    private FakeHost _source = null!;
    private FakeHost _destination = null!;
    private Journal _journal = null!;

    [SetUp]
    public void TwoHostsAndAJournal()
    {
        _folder = Directory.CreateTempSubdirectory("orecover-").FullName;
        _journal = Journal.Open(_folder);
        _source = new("lab-a", _clock) { MaxDowntime = TimeSpan.FromMilliseconds(100) };
        _destination = new("lab-b", _clock);
        _undone.Clear();
    }

    [TearDown]
    public void Close()
    {
        _journal.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // What stands on each host: nothing (absent), a definition (off), or a copy; "lost" does not answer.
    [TestCase("running", "absent", MigrationOutcome.Failed, true, "running", "absent", TestName = "Stayed: what was made for it is undone")]
    [TestCase("stranded", "absent", MigrationOutcome.Failed, true, "running", "absent", TestName = "Stranded alone: resumed")]
    [TestCase("stranded", "off", MigrationOutcome.Failed, true, "running", "off", TestName = "Stranded beside a definition: resumed")]
    [TestCase("stranded", "running", MigrationOutcome.Completed, true, "absent", "running", TestName = "Stranded beside a running copy: taken away, and its definition with it")]
    [TestCase("moved", "running", MigrationOutcome.Completed, true, "absent", "running", TestName = "Moved: the definition that was to go is gone")]
    [TestCase("absent", "running", MigrationOutcome.Completed, true, "absent", "running", TestName = "Moved and in order: completed")]
    [TestCase("absent", "transient", MigrationOutcome.Degraded, true, "absent", "transient", TestName = "Moved without a definition: degraded")]
    [TestCase("running", "stranded", MigrationOutcome.Failed, true, "running", "absent", TestName = "A copy that never ran: taken away")]
    [TestCase("absent", "absent", MigrationOutcome.NeedsPerson, true, "absent", "absent", TestName = "Nowhere: said once")]
    [TestCase("running", "running", MigrationOutcome.NeedsPerson, false, "running", "running", TestName = "Two copies: nothing is touched")]
    [TestCase("stranded", "paused", MigrationOutcome.NeedsPerson, false, "stranded", "paused", TestName = "Two paused copies: nothing is touched")]
    [TestCase("stranded", "lost", MigrationOutcome.NeedsPerson, false, "stranded", "lost", TestName = "Stranded, the destination silent: nothing is touched")]
    [TestCase("running", "lost", MigrationOutcome.Unreachable, false, "running", "lost", TestName = "Running, the destination silent: it stays open")]
    [TestCase("lost", "running", MigrationOutcome.NeedsPerson, false, "lost", "running", TestName = "The source silent: nothing is touched")]
    [TestCase("broken", "broken", MigrationOutcome.NeedsPerson, false, "broken", "broken", TestName = "Post-copy broken: nothing is touched")]
    public async Task Recovered(string here, string there, MigrationOutcome outcome, bool finished, string hereAfter, string thereAfter)
    {
        JournalOperation operation = Begin();
        Stand(_source, here, operation);
        Stand(_destination, there, operation);

        RecoveryResult result = await Recover(operation);

        bool stayed = finished && outcome != MigrationOutcome.Completed && thereAfter is not "transient";
        Assert.Multiple(() =>
        {
            Assert.That(result.Outcome, Is.EqualTo(outcome), result.Message);
            Assert.That(result.IsFinished, Is.EqualTo(finished));
            Assert.That(StateOf(_source), Is.EqualTo(hereAfter), "source");
            Assert.That(StateOf(_destination), Is.EqualTo(thereAfter), "destination");
            JournalOperation after = _journal.Get(operation.Id)!;
            Assert.That(after.Ended is not null, Is.EqualTo(finished), "the journal's operation ended");
            Assert.That(after.Outcome, Is.EqualTo(finished ? ErrorDocument.CodeOf(outcome) : null));
            Assert.That(after.Steps.Select(step => (step.Ended is not null, step.IsUndone)), Is.EqualTo(new[] { (finished, stayed), (finished, stayed) }), "steps settled, undone");
            Assert.That(_undone, Is.EqualTo(stayed ? ["vdpa1", "vdpa0"] : Array.Empty<string>()), "the last first");
            Assert.That(_source.MaxDowntime.TotalMilliseconds, Is.EqualTo(stayed && hereAfter == "running" ? 300 : 100), "the limit is put back where the guest stayed");
            Assert.That(IsMarked(_source) || IsMarked(_destination), Is.EqualTo(!finished && (here, there) is not ("broken", _)), "the mark stays until the end");
        });

        RecoveryResult again = await Recover(operation);
        Assert.That((again.Outcome, again.IsFinished), Is.EqualTo((outcome, finished)), "again, nothing else comes of it");
    }

    [TestCase("absent", "running", MigrationOutcome.Completed, TestName = "The person took the source's copy away, with its definition")]
    [TestCase("moved", "running", MigrationOutcome.Completed, TestName = "The person took the source's copy away alone: the definition goes now")]
    [TestCase("running", "absent", MigrationOutcome.Failed, TestName = "The person took the destination's copy away and resumed the source's")]
    public async Task Two_copies_that_have_both_run_wait_for_a_person_and_what_was_chosen_is_put_in_order(string here, string there, MigrationOutcome outcome)
    {
        JournalOperation operation = Begin();
        Stand(_source, "paused", operation);
        Stand(_destination, "running", operation);

        RecoveryResult undecided = await Recover(operation);

        Assert.Multiple(() =>
        {
            Assert.That((undecided.Outcome, undecided.IsFinished, undecided.Finding), Is.EqualTo((MigrationOutcome.NeedsPerson, false, MigrationFinding.TwoCopies)));
            Assert.That(undecided.Message, Does.Contain("lab-a: paused/user").And.Contain("lab-b: running"));
            Assert.That(undecided.Remedy, Does.Contain($"To keep it on lab-b: virsh -c '{_source.Identity.Uri}' destroy {_uuid}; virsh -c '{_source.Identity.Uri}' undefine {_uuid} --keep-nvram."));
            Assert.That(undecided.Remedy, Does.Contain(
                $"To keep it on lab-a: virsh -c '{_destination.Identity.Uri}' destroy {_uuid}; virsh -c '{_destination.Identity.Uri}' undefine {_uuid} --keep-nvram; virsh -c '{_source.Identity.Uri}' resume {_uuid}."));
            Assert.That(undecided.Remedy, Does.EndWith("orchestrator recover web1."));
            Assert.That((StateOf(_source), StateOf(_destination)), Is.EqualTo(("paused", "running")));
            Assert.That(_journal.Get(operation.Id)!.Ended, Is.Null);
        });

        Stand(_source, here, operation);
        Stand(_destination, there, operation);
        RecoveryResult decided = await Recover(operation);

        Assert.Multiple(() =>
        {
            Assert.That((decided.Outcome, decided.IsFinished), Is.EqualTo((outcome, true)), decided.Message);
            Assert.That((StateOf(_source), StateOf(_destination)), Is.EqualTo((here == "moved" ? "absent" : here, there)));
            Assert.That(_journal.Get(operation.Id)!.Outcome, Is.EqualTo(ErrorDocument.CodeOf(outcome)));
            Assert.That(IsMarked(_source) || IsMarked(_destination), Is.False);
        });
    }

    [TestCase("stranded", "absent", "running", "absent")]
    [TestCase("stranded", "running", "absent", "running")]
    [TestCase("running", "stranded", "running", "absent")]
    [TestCase("running", "absent", "running", "absent")]
    public async Task Killed_at_any_effect_the_next_run_finishes(string here, string there, string hereAfter, string thereAfter)
    {
        for (int death = 0, effects = int.MaxValue; death < effects; death++)
        {
            _source.Domains.Clear();
            _destination.Domains.Clear();
            JournalOperation operation = Begin();
            Stand(_source, here, operation);
            Stand(_destination, there, operation);
            _undone.Clear();
            int seen = 0;
            _source.OnLifeCall = _destination.OnLifeCall = call => seen++ == death ? new KilledException() : null;
            Action killing = () =>
            {
                if (seen++ == death)
                {
                    throw new KilledException();
                }
            };

            bool killed = false;
            try
            {
                await Recover(operation, killing);
            }
            catch (KilledException)
            {
                killed = true;
                _source.OnLifeCall = _destination.OnLifeCall = null;
                await Recover(operation);
            }

            effects = killed ? int.MaxValue : death;
            string when = string.Create(CultureInfo.InvariantCulture, $"killed before effect {death}");
            Assert.Multiple(() =>
            {
                Assert.That(StateOf(_source), Is.EqualTo(hereAfter), when);
                Assert.That(StateOf(_destination), Is.EqualTo(thereAfter), when);
                Assert.That(_journal.Get(operation.Id)!.Ended, Is.Not.Null, when);
                Assert.That(_journal.Get(operation.Id)!.Steps.All(step => step.Ended is not null), when);
                Assert.That(IsMarked(_source) || IsMarked(_destination), Is.False, when);
            });
            _source.OnLifeCall = _destination.OnLifeCall = null;
        }
    }

    [Test]
    public async Task An_effect_that_cannot_be_undone_is_degraded_and_tried_again()
    {
        JournalOperation operation = Begin();
        Stand(_source, "running", operation);

        RecoveryResult result = await Recover(operation, () => throw new HostUnreachableException("lab-b", "lab-b cannot be reached"));
        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.Degraded));
        Assert.That(result.Message, Does.Contain("vdpa-create").And.Contain("lab-b cannot be reached"));
        Assert.That(_journal.Get(operation.Id)!.Ended, Is.Null);

        Assert.That((await Recover(operation)).Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(_journal.Get(operation.Id)!.Ended, Is.Not.Null);
    }

    [Test]
    public async Task A_step_of_a_kind_that_nobody_knows_is_named()
    {
        JournalOperation operation = Begin();
        _journal.BeginStep(operation.Id, "teleport", """{"to":"mars"}""");
        Stand(_source, "running", operation);

        RecoveryResult result = await Recover(operation);
        Assert.That(result.Message, Does.Contain("teleport"));
        Assert.That(result.IsFinished, Is.False);
    }

    [Test]
    public async Task What_another_migration_paused_is_not_resumed()
    {
        JournalOperation operation = Begin();
        Stand(_source, "stranded", null);

        RecoveryResult result = await Recover(operation);

        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson), "its other copy may run on a third host");
        Assert.That(result.Message, Does.Contain("no mark of this operation"));
        Assert.That(StateOf(_source), Is.EqualTo("stranded"));
    }

    [Test]
    public async Task What_came_to_have_its_definition_on_the_destination_is_not_resumed_on_the_source()
    {
        JournalOperation operation = _journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid, DestinationWasFree = true });
        _journal.SetPhase(operation.Id, OperationPhase.Migrating);
        Stand(_source, "stranded", operation);
        Stand(_destination, "off", operation);

        RecoveryResult look = await Recoverer().LookAsync(UnfinishedOperation.Of(operation));
        RecoveryResult result = await Recover(operation);

        Assert.That(look.Done, Is.Empty);
        Assert.That((result.Outcome, result.Finding, result.IsFinished), Is.EqualTo((MigrationOutcome.NeedsPerson, MigrationFinding.WasThere, false)), result.Message);
        Assert.That((StateOf(_source), StateOf(_destination)), Is.EqualTo(("stranded", "off")), "hour-old memory on a changed disk");
    }

    [TestCase(OperationPhase.Migrating, "direct", MigrationOutcome.Unreachable, MigrationOutcome.Failed)]
    [TestCase(OperationPhase.Migrating, "p2p", MigrationOutcome.Unreachable, MigrationOutcome.NeedsPerson, TestName = "The daemons went on, and nobody wrote down how far")]
    [TestCase(OperationPhase.PostCopy, "direct", MigrationOutcome.NeedsPerson, MigrationOutcome.NeedsPerson)]
    [TestCase(OperationPhase.Sent, "direct", MigrationOutcome.NeedsPerson, MigrationOutcome.NeedsPerson)]
    [TestCase(OperationPhase.Settling, "direct", MigrationOutcome.Unreachable, MigrationOutcome.Failed)]
    public async Task What_was_sent_whole_may_run_on_a_destination_that_is_silent_or_have_run_on_one_where_it_leaves_no_trace(
        OperationPhase phase, string mode, MigrationOutcome silent, MigrationOutcome transient)
    {
        JournalOperation operation = _journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid, PersistentOnDestination = false, Mode = mode });
        _journal.SetPhase(operation.Id, phase);
        operation = _journal.Get(operation.Id)!;
        Stand(_source, "running", operation);
        Stand(_destination, "lost", operation);

        RecoveryResult look = await Recoverer().LookAsync(UnfinishedOperation.Of(operation));
        RecoveryResult result = await Recover(operation);

        Assert.That((look.Outcome, result.Outcome, result.IsFinished), Is.EqualTo((silent, silent, false)), result.Message);
        Assert.That(result.Message, silent == MigrationOutcome.NeedsPerson ? Does.Contain("may run on both") : Does.Contain("runs on lab-a"));

        Stand(_source, "stranded", operation);
        Stand(_destination, "absent", operation);
        Assert.That((await Recover(operation)).Outcome, Is.EqualTo(transient));
        Assert.That(StateOf(_source), Is.EqualTo(transient == MigrationOutcome.Failed ? "running" : "stranded"));
    }

    [Test]
    public async Task The_journal_is_told_when_all_of_a_guest_was_sent([Values("MIGRATION", "RESUME")] string seen)
    {
        _source.Domains[_uuid] = Migration.Samples.Domain(uuid: _uuid);
        _source.OnMigrate = (host, _) =>
        {
            (seen == "RESUME" ? _destination : host).Emit(seen, data: """{"status": "completed"}""");
            _destination.IsLost = true;
            throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: connection closed");
        };

        MigrationResult result = await new Migrator(_source, _destination, _clock) { HostGrace = TimeSpan.Zero, Journal = _journal }.MigrateAsync(Migration.Samples.Request);

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson), result.Verdict.Message);
        Assert.That(_journal.Find(_uuid).Single(), Has.Property("Ended").Null.And.Property("Phase").EqualTo(OperationPhase.Sent));
    }

    [Test]
    public async Task A_host_that_only_has_the_name_of_the_one_it_was_is_unknown_and_nothing_is_touched([Values] bool byTheMark, [Values] bool atTheSource)
    {
        // What the records have is what the hosts were when the migration began.
        (_source, _destination) = (WithSystemDaemon("lab-a"), WithSystemDaemon("lab-b"));
        _source.Domains[_uuid] = Migration.Samples.Domain(uuid: _uuid);
        _source.OnMigrate = (_, _) => throw new KilledException();
        Assert.ThrowsAsync<KilledException>(() => new Migrator(_source, _destination, _clock) { Journal = _journal }.MigrateAsync(Migration.Samples.Request));
        JournalOperation operation = _journal.Find(_uuid).Single();
        FakeHost other = new(atTheSource ? "lab-a" : "lab-b", _clock) { Identity = Migration.Samples.Host("elsewhere") with { HostUuid = Guid.NewGuid() } };
        (_source, _destination) = atTheSource ? (other, _destination) : (_source, other);
        Stand(_source, "stranded", operation);
        Stand(_destination, "absent", operation);

        UnfinishedOperation found = byTheMark ? UnfinishedOperation.Of(OperationMarker.Read(_source.Domains[_uuid].Xml)!, _source.Domains[_uuid]) : UnfinishedOperation.Of(operation);
        RecoveryResult result = await Recoverer().RecoverAsync(found);

        Assert.That((result.Outcome, result.IsFinished), Is.EqualTo((MigrationOutcome.NeedsPerson, false)), result.Message);
        Assert.That(result.Message, Does.Contain($"what is called {other.Address.Name} now is another host").And.Contain($"{other.Identity.HostUuid}"));
        Assert.That(result.Remedy, Does.Contain("orchestrator recover web1 --from"));
        Assert.That(StateOf(_source), Is.EqualTo("stranded"));

        Assert.That((await Recoverer().RecoverAsync(found with { IsDecided = true })).Outcome, Is.EqualTo(MigrationOutcome.Failed), "a person named them");
        Assert.That(StateOf(_source), Is.EqualTo("running"));
    }

    [Test]
    public void Every_finding_is_in_the_schema([Values] MigrationFinding finding)
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "schemas", "recover.schema.json")))!;
        Assert.That(schema.ToJsonString(), Does.Contain($"\"{ErrorDocument.CodeOf(finding)}\""));
    }

    [Test]
    public async Task A_person_who_names_both_hosts_has_it_resumed_without_a_journal_or_a_mark()
    {
        Stand(_source, "stranded", null);
        Stand(_destination, "absent", null);
        var recoverer = new Recoverer(Connect, _clock) { HostGrace = TimeSpan.Zero, SettleGrace = TimeSpan.Zero };

        RecoveryResult result = await recoverer.RecoverAsync(UnfinishedOperation.ByHand(_source.Domains[_uuid], _source.Address, _destination.Address));

        Assert.That(result.Done.Single(), Does.Contain("resumed web1 on lab-a"));
        Assert.That(StateOf(_source), Is.EqualTo("running"));
    }

    [Test]
    public async Task A_domain_that_somebody_works_on_is_left_alone()
    {
        JournalOperation operation = Begin();
        Stand(_source, "stranded", operation);
        await using DomainClaim claim = (await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(_uuid), ClaimHolder.Here(DomainOperation.Migrate, "web1", "lab-a"))).Claim!;

        RecoveryResult result = await Recover(operation);
        RecoveryResult look = await Recoverer().LookAsync(UnfinishedOperation.Of(operation));

        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.Refused));
        Assert.That(result.Message, Does.Contain($"by pid {Environment.ProcessId}"));
        Assert.That(look.Outcome, Is.EqualTo(MigrationOutcome.Refused));
        Assert.That(StateOf(_source), Is.EqualTo("stranded"));
    }

    [Test]
    public async Task A_look_says_what_would_be_done_and_does_nothing()
    {
        JournalOperation operation = Begin();
        Stand(_source, "stranded", operation);

        RecoveryResult look = await Recoverer().LookAsync(UnfinishedOperation.Of(_journal.Get(operation.Id)!));

        Assert.Multiple(() =>
        {
            Assert.That(look.IsDryRun);
            Assert.That(look.Done[0], Does.StartWith("resume web1 on lab-a"));
            Assert.That(look.Done.Skip(1), Has.Exactly(2).StartsWith("undo: vdpa-create").And.Some.Contain("300 ms"));
            Assert.That(StateOf(_source), Is.EqualTo("stranded"));
            Assert.That(_journal.Get(operation.Id)!.Ended, Is.Null);
        });
    }

    [Test]
    public async Task A_daemon_that_restarts_is_waited_for()
    {
        JournalOperation operation = Begin();
        Stand(_source, "stranded", operation);
        _destination.IsLost = true;
        _destination.ReturnsAfter = 2;

        RecoveryResult result = await Recoverer(grace: TimeSpan.FromMinutes(1)).RecoverAsync(UnfinishedOperation.Of(operation));

        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.Failed));
        Assert.That(StateOf(_source), Is.EqualTo("running"));
    }

    [Test]
    public async Task A_host_that_cannot_be_connected_is_unknown_and_nothing_is_touched()
    {
        JournalOperation operation = Begin();
        Stand(_source, "stranded", operation);
        Task<IHost> OnlySource(HostAddress address, CancellationToken cancellationToken) =>
            address.Name == "lab-a" ? Connect(address, cancellationToken) : throw new HostUnreachableException("lab-b", "lab-b cannot be reached");

        RecoveryResult result = await new Recoverer(OnlySource, _clock, _journal) { HostGrace = TimeSpan.Zero }.RecoverAsync(UnfinishedOperation.Of(operation));

        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(StateOf(_source), Is.EqualTo("stranded"));
    }

    [Test]
    public async Task A_migration_that_still_runs_is_followed_to_its_end()
    {
        JournalOperation operation = Begin();
        Stand(_source, "running", operation);
        DomainSnapshot leaving = _source.Domains[_uuid] with { Job = DomainJobType.Unbounded, JobOperation = DomainJobOperation.MigrationOut };
        _source.Domains[_uuid] = leaving;
        Stand(_destination, "stranded", operation);
        int finds = 0;
        _source.OnFind = () =>
        {
            if (++finds == 5)
            {
                _source.Definitions.Remove(_uuid);
                _source.Domains.Remove(_uuid);
                Stand(_destination, "running", operation);
            }
        };

        RecoveryResult result = await Recover(operation);

        Assert.Multiple(() =>
        {
            Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Message);
            Assert.That(result.IsAdopted);
            Assert.That(IsMarked(_destination), Is.False);
            Assert.That(_journal.Get(operation.Id)!.Outcome, Is.EqualTo("completed"));
        });
    }

    [Test]
    public async Task Who_takes_a_migration_over_may_lower_what_its_policy_may_do()
    {
        JournalOperation operation = Begin();
        MigrationPolicy steps = MigrationPolicy.Stepped with { MaxDowntime = new(null, TimeSpan.FromMilliseconds(500), new(10, new(TimeSpan.FromMilliseconds(1)))) };
        _journal.SetPolicy(operation.Id, PolicyDocument.ToJson(steps));
        Stand(_source, "running", operation);
        _source.Domains[_uuid] = _source.Domains[_uuid] with { Job = DomainJobType.Unbounded, JobOperation = DomainJobOperation.MigrationOut };
        Stand(_destination, "stranded", operation);
        _source.MaxDowntime = TimeSpan.FromMilliseconds(10);
        var limits = new List<double>();
        _source.OnLimit = limit =>
        {
            limits.Add(limit.TotalMilliseconds);
            return null;
        };
        int finds = 0;
        _source.OnFind = () =>
        {
            if (++finds == 20)
            {
                _source.Definitions.Remove(_uuid);
                _source.Domains.Remove(_uuid);
                Stand(_destination, "running", operation);
            }
        };

        await Recoverer().RecoverAsync(UnfinishedOperation.Of(_journal.Get(operation.Id)!) with { MaxDowntime = TimeSpan.FromMilliseconds(70) }, null, CancellationToken.None);

        Assert.That(limits, Is.Not.Empty.And.All.LessThanOrEqualTo(70));
    }

    [Test]
    public async Task A_migration_that_somebody_else_began_is_left_alone([Values] bool toAThirdHost)
    {
        // Ours died before it asked libvirt for anything; or it did, and what runs now goes elsewhere.
        JournalOperation operation = _journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid, Timeout = TimeSpan.Zero });
        _journal.SetPhase(operation.Id, toAThirdHost ? OperationPhase.Migrating : OperationPhase.Preparing);
        Stand(_source, "running", operation);
        _source.Domains[_uuid] = _source.Domains[_uuid] with { Job = DomainJobType.Unbounded, JobOperation = DomainJobOperation.MigrationOut };

        RecoveryResult result = await Recover(_journal.Get(operation.Id)!);

        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(result.Message, Does.Contain("somebody else's migration"));
        Assert.That(_source.Aborts, Is.Zero);
        Assert.That(_journal.Get(operation.Id)!.Ended, Is.Null);
    }

    [TestCase("p2p", DomainMigrateFlags.Peer2Peer)]
    [TestCase("direct", DomainMigrateFlags.None)]
    public async Task A_broken_post_copy_goes_on_as_it_was_begun(string mode, DomainMigrateFlags driver)
    {
        (_source, _destination) = (HostOf("lab-a", 9_000_000), HostOf("lab-b", 10_000_000));
        MigrationPolicy encrypted = MigrationPolicy.AdaptivePostCopy with { Options = new() { Tls = true, TlsDestination = "node2.example.org" } };
        JournalOperation operation = _journal.Begin(JournalSamples.Intent with
        {
            DomainUuid = _uuid,
            Mode = mode,
            MigrateUri = "tcp://127.0.0.2:4000",
            ListenAddress = "127.0.0.3",
            Policy = PolicyDocument.ToJson(encrypted),
        });
        _journal.SetPolicy(operation.Id, PolicyDocument.ToJson(MigrationPolicy.Fixed)); // what was set on the way is not what it was begun with
        Stand(_source, "broken", operation);
        Stand(_destination, "broken", operation);
        _source.OnMigrate = (_, _) =>
        {
            _source.Definitions.Remove(_uuid);
            _source.Domains.Remove(_uuid);
            Stand(_destination, "running", operation);
            return Task.CompletedTask;
        };

        RecoveryResult result = await Recover(operation);

        MigrationCall call = _source.Calls.Single();
        Assert.Multiple(() =>
        {
            Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Message);
            Assert.That(result.IsAdopted);
            Assert.That(call.Flags, Is.EqualTo(
                DomainMigrateFlags.Live | driver | DomainMigrateFlags.Postcopy | DomainMigrateFlags.PostcopyResume | DomainMigrateFlags.PersistDest | DomainMigrateFlags.UndefineSource | DomainMigrateFlags.Tls));
            Assert.That(call.DestinationUri, Is.EqualTo(_destination.Identity.Uri));
            Assert.That(call.Parameters, Is.EqualTo(new KeyValuePair<string, object>[] { new("migrate_uri", "tcp://127.0.0.2:4000"), new("listen_address", "127.0.0.3"), new("tls.destination", "node2.example.org") }));
            Assert.That(_journal.Get(operation.Id)!.Outcome, Is.EqualTo("completed"));
        });
    }

    [Test]
    public async Task A_broken_post_copy_of_which_it_is_not_known_whether_it_was_encrypted_is_left_alone()
    {
        (_source, _destination) = (HostOf("lab-a", 9_000_000), HostOf("lab-b", 10_000_000));
        JournalOperation operation = _journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid, Policy = """{"name":"of tomorrow"}""" });
        Stand(_source, "broken", operation);
        Stand(_destination, "broken", operation);

        RecoveryResult result = await Recover(operation);

        Assert.That((result.Outcome, result.IsFinished), Is.EqualTo((MigrationOutcome.NeedsPerson, false)));
        Assert.That(result.Remedy, Does.Contain("Destroy neither").And.Contain("encrypted"));
        Assert.That(_source.Calls, Is.Empty);
    }

    [TestCase("running", "absent", "lab-a")]
    [TestCase("stranded", "absent", "lab-a")]
    [TestCase("moved", "running", "lab-b")]
    public async Task A_guest_whose_devices_are_dead_is_degraded_also_when_nobody_saw_its_migration_end(string here, string there, string where)
    {
        JournalOperation operation = Begin();
        StandWithVdpa(here, there, operation, DateTime.UtcNow);

        RecoveryResult result = await Recover(operation);

        Assert.Multiple(() =>
        {
            Assert.That((result.Outcome, result.IsFinished), Is.EqualTo((MigrationOutcome.Degraded, true)), result.Message);
            Assert.That(result.Message, Does.Contain($"the log of web1 on {where} says: qemu-kvm: vhost vdpa device resume failed: -22"));
            Assert.That(result.Remedy, Does.Contain("device detach"));
            Assert.That(_journal.Get(operation.Id)!.Outcome, Is.EqualTo("degraded"));
        });
    }

    [Test]
    public async Task What_the_devices_had_before_the_operation_is_not_its_own()
    {
        JournalOperation operation = Begin();
        StandWithVdpa("moved", "running", operation, DateTime.UtcNow.AddMinutes(-10));
        Assert.That((await Recover(operation)).Outcome, Is.EqualTo(MigrationOutcome.Completed));
    }

    [Test]
    public async Task A_call_that_never_returned_keeps_its_operation_open_also_when_neither_host_has_the_guest([Values] bool isGone)
    {
        _source.Domains[_uuid] = Migration.Samples.Domain(uuid: _uuid);
        _source.IgnoresAbort = true;
        _source.OnMigrate = (host, _) =>
        {
            if (isGone)
            {
                host.Domains.Remove(_uuid);
            }

            return Task.Delay(Timeout.Infinite);
        };
        var migrator = new Migrator(_source, _destination, _clock) { StopGrace = TimeSpan.FromMilliseconds(1), HostGrace = TimeSpan.Zero, Journal = _journal };

        MigrationResult result = await migrator.MigrateAsync(Migration.Samples.Request with { Timeout = TimeSpan.FromMilliseconds(1) });

        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson), result.Verdict.Message);
        Assert.That(result.Verdict.Message, Does.Contain("did not return"));
        Assert.That(_journal.Find(_uuid).Single().Ended, Is.Null, "the call may still bring the guest somewhere");
    }

    [Test]
    public async Task A_post_copy_that_breaks_again_is_left_alone_and_said()
    {
        (_source, _destination) = (HostOf("lab-a", 9_000_000), HostOf("lab-b", 10_000_000));
        JournalOperation operation = Begin();
        Stand(_source, "broken", operation);
        Stand(_destination, "broken", operation);
        _source.OnMigrate = (_, _) => throw new LibvirtException(LibvirtErrorCode.OperationFailed, 10, "virDomainMigrateToURI3", "operation failed: job 'migration out' failed in post-copy phase");

        RecoveryResult result = await Recover(operation);

        Assert.That(result.Outcome, Is.EqualTo(MigrationOutcome.NeedsPerson));
        Assert.That(result.Message, Does.Contain("failed in post-copy phase"));
        Assert.That((StateOf(_source), StateOf(_destination), _source.Aborts), Is.EqualTo(("broken", "broken", 0)));
    }

    [TestCase(8_000_000, 11_000_000, "lab-a has 8.0.0")]
    [TestCase(9_000_000, 6_002_000, "lab-b has 6.2.0")]
    [TestCase(9_000_000, 11_003_000, "crashes")]
    public async Task A_libvirt_that_cannot_resume_is_not_asked_to(int here, int there, string why)
    {
        (_source, _destination) = (HostOf("lab-a", here), HostOf("lab-b", there));
        JournalOperation operation = Begin();
        Stand(_source, "broken", operation);
        Stand(_destination, "broken", operation);

        RecoveryResult look = await Recoverer().LookAsync(UnfinishedOperation.Of(operation));
        RecoveryResult result = await Recover(operation);

        Assert.That(look.Done, Is.Empty);
        Assert.That(new[] { look.Remedy, result.Remedy }, Has.All.Contains(why).And.All.Contains("Destroy neither"));
        Assert.That(_source.Calls, Is.Empty);
    }

    [Test]
    public void An_operation_is_found_by_the_mark_or_by_the_journal()
    {
        JournalOperation operation = Begin();
        Stand(_source, "running", operation);
        Recoverer recoverer = Recoverer();

        Assert.Multiple(() =>
        {
            Assert.That(recoverer.Find(_uuid, _source.Domains[_uuid])?.Id, Is.EqualTo(operation.Id));
            Assert.That(recoverer.Find(_uuid, null), Has.Property("Id").EqualTo(operation.Id).And.Property("IsInJournal").True);
            Assert.That(new Recoverer(Connect, _clock).Find(_uuid, _source.Domains[_uuid]), Has.Property("Id").EqualTo(operation.Id).And.Property("IsInJournal").False);
            Assert.That(recoverer.Find(Guid.NewGuid(), null), Is.Null);
        });
    }

    private FakeHost HostOf(string name, long libvirt) => new(name, _clock) { Identity = Migration.Samples.Host(name) with { LibvirtVersion = libvirt } };

    private FakeHost WithSystemDaemon(string name) => new(name, _clock) { Identity = Migration.Samples.Host(name, $"qemu+tcp://{name}/system") };

    private JournalOperation Begin()
    {
        JournalOperation operation = _journal.Begin(JournalSamples.Intent with { DomainUuid = _uuid });
        _journal.SetPhase(operation.Id, OperationPhase.Migrating);
        _journal.BeginStep(operation.Id, "vdpa-create", "vdpa0");
        _journal.BeginStep(operation.Id, "vdpa-create", "vdpa1");
        return operation;
    }

    private Task<RecoveryResult> Recover(JournalOperation operation, Action? undoing = null) => Recoverer(undoing).RecoverAsync(UnfinishedOperation.Of(operation));

    private Recoverer Recoverer(Action? undoing = null, TimeSpan grace = default) => new(Connect, _clock, _journal)
    {
        HostGrace = grace,
        SettleGrace = TimeSpan.Zero,
        Undoers = new Dictionary<string, StepUndoer>
        {
            ["vdpa-create"] = (step, _, _) =>
            {
                undoing?.Invoke();
                _undone.Add(step.Detail);
                return Task.FromResult<string?>(null);
            },
        },
    };

    private Task<IHost> Connect(HostAddress address, CancellationToken cancellationToken) => Task.FromResult<IHost>(address.Name == "lab-a" ? _source : _destination);

    private void Stand(FakeHost host, string state, JournalOperation? operation)
    {
        host.Definitions.Remove(_uuid);
        host.IsLost = state == "lost";
        (DomainState State, int Reason)? copy = state switch
        {
            "running" or "transient" => (DomainState.Running, 1),
            "lost" => (DomainState.Running, 1),
            "stranded" => (DomainState.Paused, (int)ByMigration),
            "paused" => (DomainState.Paused, (int)DomainPausedReason.User),
            "moved" => (DomainState.Shutoff, (int)DomainShutoffReason.Migrated),
            "off" => (DomainState.Shutoff, (int)DomainShutoffReason.Unknown),
            "broken" => (DomainState.Paused, (int)DomainPausedReason.PostcopyFailed),
            _ => null,
        };
        if (copy is not { } stands)
        {
            host.Domains.Remove(_uuid);
            return;
        }

        // A copy that never ran on the destination has no definition.
        bool persistent = state != "transient" && !(host == _destination && state == "stranded");
        var domain = Migration.Samples.Domain(stands.State, stands.Reason, persistent, uuid: _uuid);
        host.Domains[_uuid] = domain;
        if (persistent)
        {
            host.Definitions[_uuid] = domain.Xml;
        }

        if (operation is not null && domain.IsActive && state != "broken")
        {
            bool lost = host.IsLost;
            host.IsLost = false;
            Assert.That(MarkedDomain.MarkAsync(host, _uuid, OperationMarker.Of(operation)).IsCompletedSuccessfully);
            host.LifeCalls.Clear();
            host.IsLost = lost;
        }
    }

    /// <summary>A guest with a vDPA device, of which its QEMU wrote at that time that it does not go on.</summary>
    private void StandWithVdpa(string here, string there, JournalOperation operation, DateTime at)
    {
        foreach ((FakeHost host, string state) in new[] { (_source, here), (_destination, there) })
        {
            Stand(host, state, operation);
            host.Log = new() { Lines = [$"{at:yyyy-MM-ddTHH:mm:ss.ffffff}Z qemu-kvm: vhost vdpa device resume failed: -22"] };
            if (host.Domains.TryGetValue(_uuid, out DomainSnapshot? domain))
            {
                const string Vdpa = "<devices><hostdev mode='subsystem' type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>";
                host.Domains[_uuid] = domain with { Xml = domain.Xml.Replace("</domain>", Vdpa, StringComparison.Ordinal) };
            }
        }
    }

    private string StateOf(FakeHost host) => host.IsLost ? "lost" : host.Domains.GetValueOrDefault(_uuid) switch
    {
        null => "absent",
        { State: DomainState.Running, IsPersistent: true } => "running",
        { State: DomainState.Running } => "transient",
        { State: DomainState.Shutoff, Reason: (int)DomainShutoffReason.Migrated } => "moved",
        { State: DomainState.Shutoff } => "off",
        { State: DomainState.Paused, Reason: (int)ByMigration } => "stranded",
        { State: DomainState.Paused, Reason: (int)DomainPausedReason.PostcopyFailed } => "broken",
        _ => "paused",
    };

    private bool IsMarked(FakeHost host) => host.Domains.GetValueOrDefault(_uuid) is { IsActive: true } domain && OperationMarker.Read(domain.Xml) is not null;

    private sealed class KilledException : Exception;
}
