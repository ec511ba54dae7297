using System.Text.Json.Serialization;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Running;

/// <summary>What a night changes, with all that putting it back needs: written into the journal before it is done.</summary>
[JsonDerivedType(typeof(RunOpened), "run")]
[JsonDerivedType(typeof(SettingChanged), "setting")]
[JsonDerivedType(typeof(GuestDefined), "defined")]
[JsonDerivedType(typeof(GuestStarted), "started")]
[JsonDerivedType(typeof(GuestStopped), "stopped")]
[JsonDerivedType(typeof(GuestAway), "away")]
[JsonDerivedType(typeof(DeviceAttached), "attached")]
[JsonDerivedType(typeof(LoadStarted), "load")]
internal abstract record NightEffect
{
    /// <summary>The kind of its step in the journal.</summary>
    internal abstract string Kind { get; }

    /// <summary>Whether it is undone without the hosts' libvirt.</summary>
    internal virtual bool NeedsHosts => true;
}

/// <summary>A run that is open in its store.</summary>
/// <param name="Id">The run.</param>
/// <param name="Store">See <see cref="NightOptions.Store"/>; <see langword="null"/> also where an older version wrote the journal.</param>
internal sealed record RunOpened(string Id, string? Store) : NightEffect
{
    internal override string Kind => "regress-run";

    internal override bool NeedsHosts => false;
}

/// <summary>A setting of a host.</summary>
internal sealed record SettingChanged(SettingPlace Place, string Name, string Before, string Value) : NightEffect
{
    internal override string Kind => "regress-setting";

    internal override bool NeedsHosts => false;
}

/// <summary>A domain that was defined for the run.</summary>
internal sealed record GuestDefined(Guid Uuid, string Name) : NightEffect
{
    internal override string Kind => "regress-defined";
}

/// <summary>A domain that was off, and was started for the run.</summary>
internal sealed record GuestStarted(Guid Uuid, string Name) : NightEffect
{
    internal override string Kind => "regress-started";
}

/// <summary>A guest that ran, and is stopped and started again.</summary>
internal sealed record GuestStopped(Guid Uuid, string Name) : NightEffect
{
    internal override string Kind => "regress-stopped";
}

/// <summary>A guest that is sent to the destination, and has to come home: with what its migrations are allowed.</summary>
/// <param name="Uuid">The guest.</param>
/// <param name="Name">Its name.</param>
/// <param name="Unsafe">The consent to libvirt's warnings about storage.</param>
/// <param name="Allow">The checks that may fail.</param>
/// <param name="Map">What its devices become on the way home, as <c>--map</c> takes it; <see langword="null"/> where that is found out.</param>
internal sealed record GuestAway(Guid Uuid, string Name, bool Unsafe, IReadOnlyList<string> Allow, IReadOnlyList<string>? Map = null) : NightEffect
{
    internal override string Kind => "regress-home";
}

/// <summary>A device that was attached for the run.</summary>
internal sealed record DeviceAttached(Guid Uuid, string Name, string Xml) : NightEffect
{
    internal override string Kind => "regress-device";
}

/// <summary>A load that was started in a guest.</summary>
/// <param name="Uuid">The guest.</param>
/// <param name="Name">Its name.</param>
/// <param name="Channel">The way into it.</param>
/// <param name="Ssh">Where it is reached; only for <c>ssh</c>.</param>
/// <param name="Console">The serial port; <see langword="null"/> for the first console.</param>
/// <param name="Id">The job's name in the guest.</param>
internal sealed record LoadStarted(Guid Uuid, string Name, LoadChannel Channel, string? Ssh, string? Console, string Id) : NightEffect
{
    internal override string Kind => "regress-load";

    internal override bool NeedsHosts => Channel != LoadChannel.Ssh;
}

/// <summary>Where a setting is: on this machine, or where <c>ssh</c> leads.</summary>
/// <param name="Host">The host's name, for messages.</param>
/// <param name="Ssh">The target; <see langword="null"/> for this machine.</param>
/// <param name="Sudo">Whether <c>sudo</c> is needed there.</param>
/// <param name="SshConfig">The configuration that <c>ssh</c> reads in the place of the user's.</param>
internal sealed record SettingPlace(string Host, string? Ssh, bool Sudo, string? SshConfig = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(NightEffect))]
internal sealed partial class NightJson : JsonSerializerContext;
