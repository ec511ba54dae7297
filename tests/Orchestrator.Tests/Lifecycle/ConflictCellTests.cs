using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>Cell by cell: the services do what the table says, and the host is afterwards as that leaves it.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class ConflictCellTests
{
    private static readonly OperationOptions Patient = new() { Wait = LifeSamples.Patience };

    [Test]
    public async Task By_what_the_domain_is_doing([Values] DomainOperation operation, [Values] DomainCondition condition)
    {
        MatrixDecision cell = ConflictMatrix.Decide(operation, condition);
        FakeHost host = LifeSamples.Host(condition, out Guid uuid);
        DomainSnapshot? before = host.Domains.GetValueOrDefault(uuid);
        switch (cell.Action)
        {
            case MatrixAction.Do:
                Assert.That(await LifeSamples.RequestAsync(host, operation, uuid, Patient), Is.True);
                LifeSamples.AssertDone(host, operation, uuid);
                break;
            case MatrixAction.Already:
                Assert.That(
                    async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient),
                    before is null ? Throws.TypeOf<DomainNotFoundException>() : Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused));
                Assert.That(await LifeSamples.RequestAsync(host, operation, uuid, Patient with { IfNeeded = true }), Is.False);
                Untouched();
                break;
            case MatrixAction.Refuse when before is null:
                Assert.That(async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient with { IfNeeded = true }), Throws.TypeOf<DomainNotFoundException>());
                break;
            case MatrixAction.Refuse:
                Assert.That(
                    async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient with { IfNeeded = true }),
                    Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Message.Contains(cell.Reason));
                Untouched();
                break;
            case MatrixAction.Wait:
                Assert.That(
                    async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient with { Wait = TimeSpan.FromMilliseconds(1) }),
                    Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Message.Contains(cell.Reason));
                int looked = host.Finds;
                Task<bool> request = LifeSamples.RequestAsync(host, operation, uuid, Patient);
                await LifeSamples.UntilAsync(() => host.Finds >= looked + 3, request);
                Untouched();
                Assert.That(request.IsCompleted, Is.False);

                host.Domains[uuid] = LifeSamples.Domain(uuid, DomainCondition.Running);

                Assert.That(await request.WaitAsync(LifeSamples.Patience), Is.EqualTo(ConflictMatrix.Decide(operation, DomainCondition.Running).Action == MatrixAction.Do), "what became so meanwhile is no refusal");
                LifeSamples.AssertDone(host, operation, uuid);
                break;
            default:
                Assert.That(await LifeSamples.RequestAsync(host, operation, uuid, Patient), Is.True);
                Assert.That(host.Aborts, Is.GreaterThan(0));
                LifeSamples.AssertDone(host, operation, uuid);
                break;
        }

        void Untouched()
        {
            Assert.That(host.LifeCalls, Is.Empty);
            Assert.That(host.Aborts, Is.Zero);
            Assert.That(host.Domains.GetValueOrDefault(uuid), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task By_who_works_on_it([Values] DomainOperation operation, [Values] DomainOperation holder)
    {
        MatrixDecision cell = ConflictMatrix.Decide(operation, holder);

        // In a condition in which it could be done, and in the one that a migration makes.
        DomainCondition condition = holder == DomainOperation.Migrate ? DomainCondition.Leaving
            : operation switch
            {
                DomainOperation.Start => DomainCondition.Off,
                DomainOperation.Resume => DomainCondition.Paused,
                _ => DomainCondition.Running,
            };
        FakeHost host = LifeSamples.Host(condition, out Guid uuid);
        await using DomainClaim claim = (await new DomainClaims().TryClaimAsync(ClaimKey.OfDomain(uuid), ClaimHolder.Here(holder, "web1", "lab-a"))).Claim!;
        switch (cell.Action)
        {
            case MatrixAction.Refuse:
                Assert.That(
                    async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient),
                    Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Refused).And.Message.Contains(cell.Reason).And.Message.Contains($"pid {Environment.ProcessId}"));
                Assert.That(host.LifeCalls, Is.Empty);
                Assert.That(claim.CancelRequested.IsCancellationRequested, Is.False);
                break;
            case MatrixAction.Wait:
                Assert.That(
                    async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient with { Wait = TimeSpan.FromMilliseconds(1) }),
                    Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.TimedOut).And.Message.Contains(cell.Reason));
                int looked = host.Finds;
                Task<bool> waiting = LifeSamples.RequestAsync(host, operation, uuid, Patient);
                await LifeSamples.UntilAsync(() => host.Finds > looked, waiting);
                Assert.That(waiting.IsCompleted, Is.False);
                Assert.That(host.LifeCalls, Is.Empty);
                Assert.That(claim.CancelRequested.IsCancellationRequested, Is.False, "who waits does not cancel");
                DomainCondition then = operation switch { DomainOperation.Start => DomainCondition.Off, DomainOperation.Resume => DomainCondition.Paused, _ => DomainCondition.Running };
                host.Domains[uuid] = LifeSamples.Domain(uuid, then);
                await claim.DisposeAsync();
                Assert.That(await waiting.WaitAsync(LifeSamples.Patience), Is.True);
                LifeSamples.AssertDone(host, operation, uuid);
                break;
            default:
                Assert.That(cell.Action, Is.EqualTo(MatrixAction.CancelThenDo), "nothing is simply done beside another operation");
                Task<bool> cancelling = LifeSamples.RequestAsync(host, operation, uuid, Patient);
                await LifeSamples.UntilAsync(() => claim.CancelRequested.IsCancellationRequested, cancelling);
                Assert.That(claim.CancelRequestedBy!.Operation, Is.EqualTo(operation));
                Assert.That(host.LifeCalls, Is.Empty, "not before the holder has ended");
                host.Domains[uuid] = LifeSamples.Domain(uuid, operation == DomainOperation.Resume ? DomainCondition.Paused : DomainCondition.Running);
                await claim.DisposeAsync();
                Assert.That(await cancelling.WaitAsync(LifeSamples.Patience), Is.True);
                LifeSamples.AssertDone(host, operation, uuid);
                break;
        }
    }

    [Test]
    public async Task By_what_the_guest_does_meanwhile(
        [Values(DomainOperation.Start, DomainOperation.Shutdown, DomainOperation.Reboot, DomainOperation.Reset, DomainOperation.Destroy, DomainOperation.Suspend, DomainOperation.Resume)] DomainOperation operation,
        [Values] GuestDoing doing)
    {
        MatrixDecision cell = ConflictMatrix.Decide(operation, doing);
        FakeHost host = LifeSamples.Host(
            operation switch { DomainOperation.Start => DomainCondition.Off, DomainOperation.Resume => DomainCondition.Paused, _ => DomainCondition.Running }, out Guid uuid);

        // The guest acts when the host took the request and before anybody has looked.
        host.IgnoresPowerButton = operation is DomainOperation.Reboot or DomainOperation.Shutdown && doing == GuestDoing.PowersOff;
        bool acted = false;
        host.OnFind = () =>
        {
            if (!acted && host.LifeCalls.Count > 0 && host.Domains[uuid].IsActive)
            {
                acted = true;
                if (doing == GuestDoing.Reboots)
                {
                    host.GuestReboots(uuid);
                }
                else
                {
                    host.GuestPowersOff(uuid);
                }
            }
        };

        if (cell.Action == MatrixAction.Refuse)
        {
            Assert.That(
                async () => await LifeSamples.RequestAsync(host, operation, uuid, Patient),
                Throws.TypeOf<OperationException>().With.Property("Stage").EqualTo(OperationStage.Failed).And.Message.Contains(cell.Reason).And.Message.Contains("shutoff/shutdown"));
            Assert.That(host.Domains[uuid].State, Is.EqualTo(DomainState.Shutoff));
            return;
        }

        Assert.That(await LifeSamples.RequestAsync(host, operation, uuid, Patient), Is.True);
        LifeSamples.AssertDone(host, operation, uuid);
    }
}
