namespace Orchestrator.Lab;

/// <summary>One of the lab's ticking guests.</summary>
/// <param name="Name">The domain's name.</param>
/// <param name="Uuid">The domain's UUID.</param>
/// <param name="TickLog">
/// What the guest's serial port brought, on whatever host it ran: see <see cref="TickLogReader"/>. At 8 MiB (about 20 minutes) it becomes
/// <c>TickLog.1</c>, which replaces an older one.
/// </param>
/// <param name="ControlSocket">The socket that takes commands for the guest.</param>
/// <param name="WorkingSetMiB">How much memory the guest dirties, in turns; less if it hasn't got that much.</param>
public sealed record LabGuest(string Name, Guid Uuid, string TickLog, string ControlSocket, int WorkingSetMiB);

/// <summary>How a guest shall be.</summary>
public sealed record GuestOptions
{
    /// <summary>The least memory with which a guest boots.</summary>
    public const int LeastMemoryMiB = 80;

    /// <summary>The domain's name.</summary>
    public string Name { get; init; } = "web1";

    /// <summary>The name of the host it starts on; the lab's first one by default.</summary>
    public string? Host { get; init; }

    /// <summary>Its memory, at least <see cref="LeastMemoryMiB"/>.</summary>
    public int MemoryMiB { get; init; } = 128;

    /// <summary>Its virtual CPUs.</summary>
    public int Vcpus { get; init; } = 1;

    /// <summary>How fast it dirties memory from the start.</summary>
    public double DirtyMiBPerSecond { get; init; }

    /// <summary>How much memory it dirties, in turns; three eighths of its memory by default. Of a small guest, what it can spare.</summary>
    public int? WorkingSetMiB { get; init; }

    /// <summary>Whether other processes can be given its memory, as vhost-user devices need.</summary>
    public bool SharedMemory { get; init; }

    /// <summary>Whether its QEMU sees the clock that <see cref="VirtualLab.FakeEmulatorClock"/> gives to the host it runs on. Needs libfaketime.</summary>
    public bool FollowsFakeClocks { get; init; }

    /// <summary>Whether it has a second serial port, <c>serial1</c>, with a shell. Needs more memory.</summary>
    public bool Shell { get; init; }

    /// <summary>Whether the domain is defined, or exists only while it runs.</summary>
    public bool Persistent { get; init; } = true;
}
