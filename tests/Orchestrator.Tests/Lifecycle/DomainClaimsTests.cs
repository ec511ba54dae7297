using System.Net.Sockets;
using System.Text;
using Orchestrator.Lifecycle;

namespace Orchestrator.Tests.Lifecycle;

public sealed class DomainClaimsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DomainClaims _claims = new();
    private readonly ClaimKey _key = ClaimKey.OfDomain(Guid.NewGuid());

    private static ClaimHolder Holder(DomainOperation operation) => ClaimHolder.Here(operation, "web1", "lab-a");

    [Test]
    public async Task A_second_claim_meets_the_first_and_learns_what_it_does()
    {
        ClaimHolder migrating = Holder(DomainOperation.Migrate);
        await using DomainClaim claim = (await _claims.TryClaimAsync(_key, migrating)).Claim!;

        ClaimAttempt second = await new DomainClaims().TryClaimAsync(_key, Holder(DomainOperation.Reboot));

        Assert.That(second.Claim, Is.Null);
        await using OtherClaim other = second.Other!;
        Assert.That(other.Holder, Is.EqualTo(migrating));
        Assert.That(other.Released.IsCompleted, Is.False);
        Assert.That(claim.CancelRequested.IsCancellationRequested, Is.False, "to ask is not to cancel");
    }

    [Test]
    public async Task The_end_of_a_claim_wakes_those_who_wait_and_frees_the_name()
    {
        DomainClaim claim = (await _claims.TryClaimAsync(_key, Holder(DomainOperation.Start))).Claim!;
        await using OtherClaim other = (await _claims.TryClaimAsync(_key, Holder(DomainOperation.Destroy))).Other!;

        await claim.DisposeAsync();

        await other.Released.WaitAsync(Patience);
        ClaimAttempt next = await _claims.TryClaimAsync(_key, Holder(DomainOperation.Destroy));
        Assert.That(next.Claim, Is.Not.Null);
        await next.Claim!.DisposeAsync();
    }

    [Test]
    public async Task A_request_to_cancel_reaches_the_holder_with_its_reason()
    {
        await using DomainClaim claim = (await _claims.TryClaimAsync(_key, Holder(DomainOperation.Migrate))).Claim!;
        ClaimHolder destroying = Holder(DomainOperation.Destroy);
        await using OtherClaim other = (await _claims.TryClaimAsync(_key, destroying)).Other!;
        var cancelled = new TaskCompletionSource();
        using CancellationTokenRegistration registration = claim.CancelRequested.Register(cancelled.SetResult);

        await other.RequestCancelAsync();

        await cancelled.Task.WaitAsync(Patience);
        Assert.That(claim.CancelRequestedBy, Is.EqualTo(destroying));
        Assert.That(other.Released.IsCompleted, Is.False, "the holder decides when it is done");
    }

    [Test]
    public async Task Of_many_who_want_it_one_at_a_time_has_it()
    {
        int inside = 0;
        int most = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            for (int i = 0; i < 20; i++)
            {
                while (true)
                {
                    ClaimAttempt attempt = await _claims.TryClaimAsync(_key, Holder(DomainOperation.Suspend));
                    if (attempt.Other is { } other)
                    {
                        await using (other)
                        {
                            await other.Released.WaitAsync(Patience);
                        }

                        continue;
                    }

                    int now = Interlocked.Increment(ref inside);
                    most = Math.Max(most, now);
                    await Task.Yield();
                    Interlocked.Decrement(ref inside);
                    await attempt.Claim!.DisposeAsync();
                    break;
                }
            }
        })).WaitAsync(TimeSpan.FromMinutes(2));

        Assert.That((inside, most), Is.EqualTo((0, 1)));
    }

    [Test]
    public async Task Different_domains_and_devices_do_not_meet()
    {
        Guid uuid = Guid.NewGuid();
        ClaimKey[] keys = [ClaimKey.OfDomain(uuid), ClaimKey.OfDevice(uuid, "/dev/vhost-vdpa-0"), ClaimKey.OfDevice(uuid, "/dev/vhost-vdpa-1"), ClaimKey.OfDevice(uuid, new('x', 500)), ClaimKey.OfDevice(uuid, new('x', 501))];
        var claims = new List<DomainClaim?>();
        foreach (ClaimKey key in keys)
        {
            claims.Add((await _claims.TryClaimAsync(key, Holder(DomainOperation.Attach))).Claim);
        }

        Assert.That(claims, Has.None.Null);
        foreach (DomainClaim? claim in claims)
        {
            await claim!.DisposeAsync();
        }
    }

    [TestCase("")]
    [TestCase("no JSON\n")]
    [TestCase("{\"operation\":\"dance\"}\n")]
    public async Task A_holder_that_is_none_of_ours_is_waited_for_without_a_name(string says)
    {
        using var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stranger.Bind(new UnixDomainSocketEndPoint($"\0{_key.Name}"));
        stranger.Listen();
        Task<ClaimAttempt> attempt = _claims.TryClaimAsync(_key, Holder(DomainOperation.Start));
        Socket accepted = await stranger.AcceptAsync();
        await accepted.SendAsync(Encoding.UTF8.GetBytes(says));
        if (says.Length == 0)
        {
            accepted.Shutdown(SocketShutdown.Send);
        }

        await using OtherClaim other = (await attempt.WaitAsync(Patience)).Other!;

        Assert.That(other.Holder, Is.Null);
        stranger.Dispose();
        accepted.Dispose();
        await other.Released.WaitAsync(Patience);
    }

    [Test]
    public async Task A_name_that_is_bound_and_does_not_listen_is_waited_for_without_a_name()
    {
        var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stranger.Bind(new UnixDomainSocketEndPoint($"\0{_key.Name}"));

        ClaimAttempt attempt = await new DomainClaims(new Hurried()).TryClaimAsync(_key, Holder(DomainOperation.Start)).WaitAsync(Patience);

        Assert.That(attempt.Claim, Is.Null);
        await using OtherClaim other = attempt.Other!;
        await other.RequestCancelAsync();
        Assert.That((other.Holder, other.Released.IsCompleted), Is.EqualTo(((ClaimHolder?)null, false)));
        stranger.Dispose();
        await other.Released.WaitAsync(Patience);
        await using DomainClaim? mine = (await _claims.TryClaimAsync(_key, Holder(DomainOperation.Start))).Claim;
        Assert.That(mine, Is.Not.Null);
    }

    [Test]
    public async Task A_claim_whose_door_broke_is_given_up_like_any_other()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0{_key.Name}"));
        listener.Listen();
        var claim = new DomainClaim(listener, Holder(DomainOperation.Start));
        listener.Shutdown(SocketShutdown.Both);

        Assert.That(async () => await claim.DisposeAsync(), Throws.Nothing);
    }

    [Test]
    public async Task Who_only_looks_meets_the_holder_and_takes_nothing()
    {
        Assert.That(await _claims.FindAsync(_key, Holder(DomainOperation.Destroy), CancellationToken.None), Is.Null);
        await using DomainClaim claim = (await _claims.TryClaimAsync(_key, Holder(DomainOperation.Migrate))).Claim!;

        await using OtherClaim? met = await _claims.FindAsync(_key, Holder(DomainOperation.Destroy), CancellationToken.None);

        Assert.That(met!.Holder!.Operation, Is.EqualTo(DomainOperation.Migrate));
    }

    /// <summary>A clock by which much time passes between two looks.</summary>
    private sealed class Hurried : TimeProvider
    {
        public override long GetTimestamp() => base.GetTimestamp() * 50;
    }
}
