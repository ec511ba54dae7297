using Orchestrator.Lifecycle;

namespace Storm;

/// <summary>What a guest may be, in the model. Pure.</summary>
/// <param name="Host">The host it stands on; it stands on no other.</param>
/// <param name="IsDefined">It has a definition.</param>
/// <param name="Condition">Absent, off, running or paused.</param>
/// <param name="Live">The devices of the running guest.</param>
/// <param name="Config">The devices of its definition.</param>
/// <param name="MayPowerOff">It was asked to shut down and has not yet: it still may.</param>
/// <param name="MayLose">Devices it was asked to give back and has not yet.</param>
/// <param name="MayReboot">It was asked to reboot and has not yet: if it is suspended while it goes down, libvirt lets it run all the same.</param>
internal sealed record GuestState(
    int Host, bool IsDefined, DomainCondition Condition, StormDevices Live, StormDevices Config, bool MayPowerOff = false, StormDevices MayLose = StormDevices.None, bool MayReboot = false)
{
    /// <summary>What a storm begins with.</summary>
    internal static GuestState Defined(int host) => new(host, true, DomainCondition.Off, StormDevices.None, StormDevices.None);

    /// <summary>What a host shows of it: on any other than its own it is not there.</summary>
    internal DomainCondition On(int host) => host == Host ? Condition : DomainCondition.Absent;

    internal bool IsActive => Condition is DomainCondition.Running or DomainCondition.Paused;

    /// <summary>The state once QEMU has ended.</summary>
    internal GuestState Ended => new(Host, IsDefined, IsDefined ? DomainCondition.Off : DomainCondition.Absent, StormDevices.None, Config);

    /// <summary>This state, and what it may become without anybody's doing.</summary>
    internal IEnumerable<GuestState> Drifts()
    {
        for (StormDevices lost = StormDevices.None; lost <= MayLose; lost++)
        {
            if ((lost & ~MayLose) == StormDevices.None)
            {
                GuestState left = this with { Live = Live & ~lost, MayLose = MayLose & ~lost };
                yield return left;
                if (MayReboot && Condition == DomainCondition.Paused)
                {
                    yield return left with { Condition = DomainCondition.Running };
                }

                if (MayPowerOff && Condition == DomainCondition.Running)
                {
                    yield return left.Ended;
                }
            }
        }
    }

    /// <summary>What a request makes of this state when it is done.</summary>
    internal GuestState After(StormRequest request) => request.Operation switch
    {
        DomainOperation.Define => this with { IsDefined = true, Config = StormDevices.None, Condition = IsActive ? Condition : DomainCondition.Off },
        DomainOperation.Undefine => IsActive ? this with { IsDefined = false, Config = StormDevices.None } : new(Host, false, DomainCondition.Absent, StormDevices.None, StormDevices.None),
        DomainOperation.Start => new(Host, true, DomainCondition.Running, Config, Config),
        DomainOperation.Shutdown or DomainOperation.Destroy => Ended,
        DomainOperation.Suspend => this with { Condition = DomainCondition.Paused },
        DomainOperation.Resume => this with { Condition = DomainCondition.Running },
        DomainOperation.Attach => Attached(request.Device, request.Places),
        DomainOperation.Detach => Detached(request.Device, request.Places),
        _ => this,
    };

    /// <summary>Whether the device part of a request can be met at all: the domain has what the places name, and the device is (not) there.</summary>
    internal bool CanMeet(StormRequest request)
    {
        if (request.Operation is not (DomainOperation.Attach or DomainOperation.Detach))
        {
            return request.Operation != DomainOperation.Undefine || IsDefined;
        }

        bool isLive = request.Places.HasFlag(StormPlaces.Live);
        bool isConfig = request.Places.HasFlag(StormPlaces.Config);
        if ((isLive && !IsActive) || (isConfig && !IsDefined))
        {
            return false;
        }

        return request.Operation == DomainOperation.Attach
            ? !(isLive && Live.HasFlag(request.Device)) && !(isConfig && Config.HasFlag(request.Device))
            : (isLive && Live.HasFlag(request.Device)) || (isConfig && Config.HasFlag(request.Device));
    }

    /// <summary>The state on another host: what it is, and what it may yet become, goes along.</summary>
    internal GuestState MovedTo(int host) => this with { Host = host };

    /// <summary>Every state that a request may leave behind when it was broken off somewhere.</summary>
    internal IEnumerable<GuestState> Partly(StormRequest request)
    {
        yield return this;
        foreach (StormPlaces places in request.Places == (StormPlaces.Live | StormPlaces.Config) ? [StormPlaces.Live, StormPlaces.Config] : Array.Empty<StormPlaces>())
        {
            yield return After(request with { Places = places });
        }

        yield return After(request);
        if (request.Operation == DomainOperation.Reboot)
        {
            yield return this with { MayReboot = true };
        }

        if (request.Operation == DomainOperation.Shutdown)
        {
            yield return this with { MayPowerOff = true };
        }

        if (request.Operation == DomainOperation.Detach && request.Places.HasFlag(StormPlaces.Live) && Live.HasFlag(request.Device))
        {
            yield return this with { MayLose = MayLose | request.Device };
            yield return this with { MayLose = MayLose | request.Device, Config = request.Places.HasFlag(StormPlaces.Config) ? Config & ~request.Device : Config };
        }
    }

    private GuestState Attached(StormDevices device, StormPlaces places) => this with
    {
        Live = places.HasFlag(StormPlaces.Live) ? Live | device : Live,
        MayLose = places.HasFlag(StormPlaces.Live) ? MayLose & ~device : MayLose,
        Config = places.HasFlag(StormPlaces.Config) ? Config | device : Config,
    };

    private GuestState Detached(StormDevices device, StormPlaces places) => this with
    {
        Live = places.HasFlag(StormPlaces.Live) ? Live & ~device : Live,
        MayLose = places.HasFlag(StormPlaces.Live) ? MayLose & ~device : MayLose,
        Config = places.HasFlag(StormPlaces.Config) ? Config & ~device : Config,
    };
}
