using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>The lives of its domains, refused and reported as QEMU's driver does.</summary>
internal sealed partial class FakeHost
{
    private const int FromQemu = 10;

    /// <summary>What each domain's start would restore, and what an undefinition would have to take along.</summary>
    internal Dictionary<Guid, DomainLeftovers> Leftovers { get; } = [];

    /// <summary>The calls that change a domain's life, in their order: <c>start</c>, <c>shutdown</c>, …</summary>
    internal List<string> LifeCalls { get; } = [];

    /// <summary>A failure of the next calls, if this says one; it is told the call's name. Nothing is changed then.</summary>
    internal Func<string, Exception?>? OnLifeCall { get; set; }

    /// <summary>The daemon takes this call, does it, and is gone before it has answered.</summary>
    internal string? IsLostBy { get; set; }

    /// <summary>A transient domain is gone when it is asked what it would leave behind.</summary>
    internal bool HasEndedForLeftovers { get; set; }

    /// <summary>The guest does not listen to its power button.</summary>
    internal bool IgnoresPowerButton { get; set; }

    /// <summary>What the monitor of a domain's QEMU answers.</summary>
    internal Func<string, string> Monitor { get; set; } = static _ => """{"return": {}, "id": "libvirt-1"}""";

    public Task StartDomainAsync(Guid uuid, DomainCreateFlags flags, CancellationToken cancellationToken) => Live("start", uuid, domain =>
    {
        if (domain.IsActive)
        {
            throw Invalid("start", "domain is already running");
        }

        Leftovers[uuid] = (Leftovers.GetValueOrDefault(uuid) ?? new(false, 0, 0)) with { HasManagedSave = false };
        Become(domain with { Xml = Definitions[uuid] }, DomainState.Running, (int)DomainRunningReason.Booted, "started/booted");
        if (flags.HasFlag(DomainCreateFlags.Paused))
        {
            Become(Domains[uuid], DomainState.Paused, (int)DomainPausedReason.User, "suspended/paused");
        }
    });

    public Task ShutdownDomainAsync(Guid uuid, DomainShutdownFlags flags, CancellationToken cancellationToken) => Live("shutdown", uuid, domain =>
    {
        RequireActive("shutdown", domain);
        if (!IgnoresPowerButton && domain.State == DomainState.Running)
        {
            GuestPowersOff(uuid);
        }
    });

    public Task RebootDomainAsync(Guid uuid, DomainRebootFlags flags, CancellationToken cancellationToken) => Live("reboot", uuid, domain =>
    {
        RequireActive("reboot", domain);
        Notify(domain, "qmp", "POWERDOWN");
        if (!IgnoresPowerButton && domain.State == DomainState.Running)
        {
            Notify(domain, "qmp", "SHUTDOWN");
            Notify(domain, "qmp", "STOP");
            Notify(domain, "qmp", "RESET");
            Notify(domain, "reboot", "reboot");
            Notify(domain, "qmp", "RESUME");
        }
    });

    public Task ResetDomainAsync(Guid uuid, CancellationToken cancellationToken) => Live("reset", uuid, domain =>
    {
        RequireActive("reset", domain);
        Notify(domain, "qmp", "RESET");
    });

    public Task DestroyDomainAsync(Guid uuid, DomainDestroyFlags flags, CancellationToken cancellationToken) => Live("destroy", uuid, domain =>
    {
        RequireActive("destroy", domain);
        Stop(domain, DomainShutoffReason.Destroyed, "stopped/destroyed");
    });

    public Task SuspendDomainAsync(Guid uuid, CancellationToken cancellationToken) => Live("suspend", uuid, domain =>
    {
        RequireActive("suspend", domain);
        if (domain.State == DomainState.PMSuspended)
        {
            throw Invalid("suspend", "domain is pmsuspended");
        }

        if (domain.State != DomainState.Paused)
        {
            Become(domain, DomainState.Paused, (int)DomainPausedReason.User, "suspended/paused");
        }
    });

    public Task ResumeDomainAsync(Guid uuid, CancellationToken cancellationToken) => Live("resume", uuid, domain =>
    {
        RequireActive("resume", domain);
        if (domain.State == DomainState.Running)
        {
            throw Invalid("resume", "domain is already running");
        }

        if (domain.State == DomainState.PMSuspended)
        {
            throw Invalid("resume", "domain is pmsuspended");
        }

        Become(domain, DomainState.Running, (int)DomainRunningReason.Unpaused, "resumed/unpaused");
    });

    public Task<DomainLeftovers> GetLeftoversAsync(Guid uuid, CancellationToken cancellationToken) =>
        Answer(() => HasEndedForLeftovers
            ? throw new LibvirtException(LibvirtErrorCode.NoDomain, FromQemu, "virDomainHasManagedSaveImage", $"Domain not found: no domain with matching uuid '{uuid}'")
            : Leftovers.GetValueOrDefault(uuid) ?? new(false, 0, 0));

    /// <summary>What the agent in a guest answers; none runs by default.</summary>
    internal Func<string, string> Agent { get; set; } = static _ => throw new LibvirtException(
        LibvirtErrorCode.AgentUnresponsive, FromQemu, "virDomainQemuAgentCommand", "Guest agent is not responding: QEMU guest agent is not connected");

    public Task<string> QemuAgentCommandAsync(Guid uuid, string command, TimeSpan timeout, CancellationToken cancellationToken) => Answer(() =>
    {
        RequireActive("qemu-agent-command", Domains[uuid]);
        return Agent(command);
    });

    public Task<Stream> OpenConsoleAsync(Guid uuid, string? device, CancellationToken cancellationToken) => Answer<Stream>(() =>
        throw new LibvirtException(LibvirtErrorCode.InternalError, FromQemu, "virDomainOpenConsole", "internal error: cannot find character device <null>"));

    public Task<string> QemuMonitorCommandAsync(Guid uuid, string command, CancellationToken cancellationToken) => Answer(() =>
    {
        RequireActive("qemu-monitor-command", Domains[uuid]);
        return Monitor(command);
    });

    /// <summary>The guest turns itself off.</summary>
    internal void GuestPowersOff(Guid uuid) => Stop(Domains[uuid], DomainShutoffReason.Shutdown, "stopped/shutdown");

    /// <summary>The guest restarts itself.</summary>
    internal void GuestReboots(Guid uuid)
    {
        Notify(Domains[uuid], "qmp", "RESET");
        Notify(Domains[uuid], "reboot", "reboot");
    }

    private Task<bool> Live(string call, Guid uuid, Action<DomainSnapshot> change) => Answer(() =>
    {
        LifeCalls.Add(call);
        if (OnLifeCall?.Invoke(call) is { } failure)
        {
            throw failure;
        }

        change(Domains.GetValueOrDefault(uuid)
            ?? throw new LibvirtException(LibvirtErrorCode.NoDomain, FromQemu, call, $"Domain not found: no domain with matching uuid '{uuid}'"));
        if (IsLostBy == call)
        {
            IsLost = true;
            throw Lost();
        }

        return true;
    });

    private static void RequireActive(string call, DomainSnapshot domain)
    {
        if (!domain.IsActive)
        {
            throw Invalid(call, "domain is not running");
        }
    }

    private static LibvirtException Invalid(string call, string text) =>
        new(LibvirtErrorCode.OperationInvalid, FromQemu, call, $"Requested operation is not valid: {text}");

    private void Stop(DomainSnapshot domain, DomainShutoffReason reason, string lifecycle)
    {
        Become(Definitions.TryGetValue(domain.Uuid, out string? definition) ? domain with { Xml = definition } : domain, DomainState.Shutoff, (int)reason, lifecycle);
        if (!domain.IsPersistent)
        {
            Domains.Remove(domain.Uuid); // a transient domain is gone with its QEMU
        }
    }

    private void Become(DomainSnapshot domain, DomainState state, int reason, string lifecycle)
    {
        Domains[domain.Uuid] = domain with { State = state, Reason = reason };
        Notify(domain, "lifecycle", lifecycle);
    }

    private void Notify(DomainSnapshot domain, string channel, string name, string? data = null)
    {
        foreach (EventRecorder recorder in _recorders.Where(recorder => recorder.Uuid == domain.Uuid))
        {
            recorder.Add(new() { Channel = channel, Name = name, Data = data, Stamp = channel == "qmp" ? clock.Now : null, Arrived = clock.Now });
        }
    }
}
