using Orchestrator.Lifecycle;

namespace Storm;

/// <summary>The devices that a storm attaches and detaches, as bits.</summary>
[Flags]
internal enum StormDevices
{
    None = 0,
    Rng1 = 1,
    Rng2 = 2,
    Nic = 4,
}

/// <summary>Where a device goes to or comes from.</summary>
[Flags]
internal enum StormPlaces
{
    None = 0,
    Live = 1,
    Config = 2,
}

/// <summary>One request of one worker.</summary>
/// <param name="Guest">The guest, from 0.</param>
/// <param name="Operation">What is asked for.</param>
/// <param name="Device">For attach and detach: one device.</param>
/// <param name="Places">For attach and detach.</param>
/// <param name="ThenDestroy">For a shutdown: what to do when the guest does not listen.</param>
internal sealed record StormRequest(int Guest, DomainOperation Operation, StormDevices Device = StormDevices.None, StormPlaces Places = StormPlaces.None, bool ThenDestroy = false)
{
    // Starts are frequent, for most of the rest needs a guest that runs; what removes a guest is rare.
    private static readonly (DomainOperation Operation, int Weight)[] Weights =
    [
        (DomainOperation.Define, 5), (DomainOperation.Undefine, 3), (DomainOperation.Start, 22), (DomainOperation.Shutdown, 4), (DomainOperation.Reboot, 4), (DomainOperation.Reset, 8),
        (DomainOperation.Destroy, 9), (DomainOperation.Suspend, 12), (DomainOperation.Resume, 12), (DomainOperation.Attach, 14), (DomainOperation.Detach, 7),
    ];

    // So many more requests are for migrations in a storm that moves its guests; the others stay as they are.
    private const int MigrationWeight = 12;

    /// <summary>The requests of one worker: the same for the same seed, whatever the others do.</summary>
    internal static IEnumerable<StormRequest> Of(int seed, int worker, int guests, int count, bool migrates = false)
    {
        (DomainOperation Operation, int Weight)[] weights = migrates ? [.. Weights, (DomainOperation.Migrate, MigrationWeight)] : Weights;
        var random = new Random(HashCode(seed, worker));
        for (int i = 0; i < count; i++)
        {
            int guest = random.Next(guests);
            int pick = random.Next(weights.Sum(weight => weight.Weight));
            DomainOperation operation = weights.First(weight => (pick -= weight.Weight) < 0).Operation;
            var device = (StormDevices)(1 << random.Next(3));
            var places = (StormPlaces)random.Next(1, 4);
            bool thenDestroy = random.Next(2) == 0;
            yield return operation switch
            {
                DomainOperation.Attach or DomainOperation.Detach => new(guest, operation, device, places),
                DomainOperation.Shutdown => new(guest, operation, ThenDestroy: thenDestroy),
                _ => new(guest, operation),
            };
        }
    }

    // System.HashCode differs from process to process, and the same seed has to mean the same storm.
    private static int HashCode(int seed, int worker) => unchecked((seed * 486187739) + worker);

    public override string ToString() => Operation switch
    {
        DomainOperation.Attach or DomainOperation.Detach => $"{Operation} {Device} ({Places}) on guest {Guest}",
        DomainOperation.Shutdown => $"{Operation}{(ThenDestroy ? " or destroy" : "")} of guest {Guest}",
        _ => $"{Operation} of guest {Guest}",
    };
}
