using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>A domain of its own in each condition: claims are known to the whole machine.</summary>
internal static class LifeSamples
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static FakeHost Host(DomainCondition condition, out Guid uuid)
    {
        uuid = Guid.NewGuid();
        var host = new FakeHost("lab-a", new ObserverClock(TimeProvider.System));
        if (condition == DomainCondition.Absent)
        {
            return host;
        }

        host.Definitions[uuid] = Document(uuid);
        host.Domains[uuid] = Domain(uuid, condition);
        return host;
    }

    internal static string Document(Guid uuid) => $"<domain type='kvm'><name>web1</name><uuid>{uuid}</uuid><memory unit='KiB'>1024</memory><devices/></domain>";

    internal static DomainSnapshot Domain(Guid uuid, DomainCondition condition)
    {
        (DomainState state, int reason, DomainJobOperation job) = condition switch
        {
            DomainCondition.Off => (DomainState.Shutoff, (int)DomainShutoffReason.Shutdown, DomainJobOperation.Unknown),
            DomainCondition.Moved => (DomainState.Shutoff, (int)DomainShutoffReason.Migrated, DomainJobOperation.Unknown),
            DomainCondition.Starting => (DomainState.Paused, (int)DomainPausedReason.StartingUp, DomainJobOperation.Unknown),
            DomainCondition.Running => (DomainState.Running, (int)DomainRunningReason.Booted, DomainJobOperation.Unknown),
            DomainCondition.Paused => (DomainState.Paused, (int)DomainPausedReason.User, DomainJobOperation.Unknown),
            DomainCondition.Halted => (DomainState.Paused, (int)DomainPausedReason.Ioerror, DomainJobOperation.Unknown),
            DomainCondition.Asleep => (DomainState.PMSuspended, 0, DomainJobOperation.Unknown),
            DomainCondition.ShuttingDown => (DomainState.Shutdown, 0, DomainJobOperation.Unknown),
            DomainCondition.Crashed => (DomainState.Crashed, 1, DomainJobOperation.Unknown),
            DomainCondition.Leaving => (DomainState.Running, (int)DomainRunningReason.Booted, DomainJobOperation.MigrationOut),
            DomainCondition.Arriving => (DomainState.Paused, (int)DomainPausedReason.Migration, DomainJobOperation.MigrationIn),
            DomainCondition.PostCopy => (DomainState.Running, (int)DomainRunningReason.Postcopy, DomainJobOperation.MigrationIn),
            DomainCondition.PostCopyBroken => (DomainState.Paused, (int)DomainPausedReason.PostcopyFailed, DomainJobOperation.Unknown),
            DomainCondition.Stranded => (DomainState.Paused, (int)DomainPausedReason.Migration, DomainJobOperation.Unknown),
            DomainCondition.Busy => (DomainState.Paused, (int)DomainPausedReason.Save, DomainJobOperation.Save),
            DomainCondition.Unclear => (DomainState.Nostate, 0, DomainJobOperation.Unknown),
            _ => throw new ArgumentOutOfRangeException(nameof(condition), condition, null),
        };
        return new()
        {
            Name = "web1",
            Uuid = uuid,
            State = state,
            Reason = reason,
            IsPersistent = true,
            Job = job is DomainJobOperation.Unknown or DomainJobOperation.MigrationIn ? DomainJobType.None : DomainJobType.Unbounded,
            JobOperation = job,
            Xml = Document(uuid),
        };
    }

    /// <summary>A request as its callers make it; of hot-plug and migration the way in.</summary>
    internal static async Task<bool> RequestAsync(FakeHost host, DomainOperation operation, Guid uuid, OperationOptions options)
    {
        var claims = new DomainClaims();
        string name = $"{uuid}";
        LifecycleRequest? request = operation switch
        {
            DomainOperation.Undefine => new UndefineRequest(name),
            DomainOperation.Start => new StartRequest(name),
            DomainOperation.Shutdown => new ShutdownRequest(name),
            DomainOperation.Reboot => new RebootRequest(name),
            DomainOperation.Reset => new ResetRequest(name),
            DomainOperation.Destroy => new DestroyRequest(name),
            DomainOperation.Suspend => new SuspendRequest(name),
            DomainOperation.Resume => new ResumeRequest(name),
            _ => null,
        };
        if (request is not null)
        {
            return (await new DomainLifecycle(host, claims).RunAsync(request with { Options = options })).Changed;
        }

        if (operation == DomainOperation.Define)
        {
            await new DomainDefiner(host, claims: claims).DefineAsync(Libvirt.Xml.DomainDocument.Parse(Document(uuid)), options: options);
            return true;
        }

        await using EnteredOperation entered = await new OperationGate(host, claims).EnterAsync(operation, name, options);
        return entered.Decision.Action == MatrixAction.Do;
    }

    /// <summary>That the host is as an operation leaves it.</summary>
    internal static void AssertDone(FakeHost host, DomainOperation operation, Guid uuid)
    {
        DomainSnapshot? now = host.Domains.GetValueOrDefault(uuid);
        switch (operation)
        {
            case DomainOperation.Define:
                Assert.That(host.Definitions, Does.ContainKey(uuid));
                break;
            case DomainOperation.Undefine:
                Assert.That(host.Definitions, Does.Not.ContainKey(uuid));
                Assert.That(now is null or { IsPersistent: false, IsActive: true }, Is.True);
                break;
            case DomainOperation.Start or DomainOperation.Resume:
                Assert.That(now!.State, Is.EqualTo(DomainState.Running));
                break;
            case DomainOperation.Shutdown or DomainOperation.Destroy:
                Assert.That(now!.State, Is.EqualTo(DomainState.Shutoff));
                break;
            case DomainOperation.Suspend:
                Assert.That(now!.State, Is.EqualTo(DomainState.Paused));
                break;
            case DomainOperation.Reboot or DomainOperation.Reset:
                Assert.That(host.LifeCalls, Does.Contain(ErrorDocument.CodeOf(operation)));
                break;
        }
    }

    internal static async Task UntilAsync(Func<bool> condition, Task? running = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (running is { IsFaulted: true })
            {
                await running;
            }

            Assert.That(TimeProvider.System.GetElapsedTime(start), Is.LessThan(Patience), "it never came to that");
            await Task.Delay(5);
        }
    }
}
