using System.Text.Json;
using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Devices;

/// <summary>What became of one request to unplug a device.</summary>
internal enum UnplugAnswer
{
    /// <summary>The guest was asked; whether it lets go is seen later.</summary>
    Asked,

    /// <summary>An earlier request stands.</summary>
    UnderWay,

    /// <summary>The guest, or a job on the domain, refused it for now.</summary>
    Refused,

    /// <summary>There is no such device.</summary>
    Missing,
}

/// <summary>How unplugging ended.</summary>
internal enum UnplugEnd
{
    /// <summary>The device is gone.</summary>
    Gone,

    /// <summary>The domain ended meanwhile, and the device with it.</summary>
    DomainEnded,

    /// <summary>The guest is not on this host any more, and may run on another one.</summary>
    DomainLeft,

    /// <summary>The guest did not answer.</summary>
    Ignored,

    /// <summary>The guest refused, each time.</summary>
    Refused,

    /// <summary>The host could not be asked.</summary>
    Unknown,
}

/// <summary>Whether a device is where it was.</summary>
internal enum DevicePresence
{
    /// <summary>It is there.</summary>
    There,

    /// <summary>It is gone.</summary>
    Gone,

    /// <summary>The domain does not run any more.</summary>
    DomainEnded,

    /// <summary>The domain was migrated away, or is not there though it had a definition.</summary>
    DomainLeft,
}

/// <summary>
/// Asks a guest to let go of a device until it has, or a deadline has passed. Whether it has is what the host says when it is asked; events only tell when to ask, for they may
/// get lost, and a call that succeeded means nothing. The same for libvirt's way and for QEMU's monitor.
/// </summary>
/// <param name="recorder">The domain's events, recorded since before the first request.</param>
/// <param name="alias">The device's name in events.</param>
/// <param name="patience">How long.</param>
/// <param name="time">Where time comes from.</param>
internal sealed class Unplugging(EventRecorder recorder, string? alias, UnplugPatience patience, TimeProvider time)
{
    /// <summary>How often the guest was asked.</summary>
    internal int Requests { get; private set; }

    /// <summary>Why the last request was refused, where it was.</summary>
    internal string? Refusal { get; private set; }

    /// <summary>When the host was last known to have the device, as a timestamp of the clock.</summary>
    internal long LastThere { get; private set; }

    /// <summary>When it was seen that the host has it no more, likewise.</summary>
    internal long SeenGone { get; private set; }

    /// <summary>The event that told of its end; <see langword="null"/> when none came.</summary>
    internal ObservedEvent? Removed => recorder.Events.FirstOrDefault(IsOwnRemoval);

    internal async Task<UnplugEnd> RunAsync(
        Func<CancellationToken, Task<(UnplugAnswer Answer, string? Why)>> request, Func<CancellationToken, Task<DevicePresence>> look, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        LastThere = start;
        while (true)
        {
            int seen = recorder.Events.Count;
            bool isRefused = false;
            try
            {
                // Begun, a request is brought to its end.
                (UnplugAnswer answer, string? why) = await request(CancellationToken.None).ConfigureAwait(false);
                isRefused = answer == UnplugAnswer.Refused;
                Refusal = isRefused ? why : null;
                Requests++;
            }
            catch (LibvirtException e) when (AnswerOf(e) is { } answer)
            {
                isRefused = answer == UnplugAnswer.Refused;
                Refusal = isRefused ? e.Message : null;
                Requests++;
            }
            catch (LibvirtException)
            {
                // No matter of the guest's: unless the domain has ended under us, or is just about to.
                DevicePresence? found = await PresenceAsync(look).ConfigureAwait(false);
                if (EndOf(found) is { } ended)
                {
                    return ended;
                }

                if (found is not null)
                {
                    throw;
                }

                Requests++;
            }
            catch (HostUnreachableException)
            {
                // It may have heard us: whether the device goes is seen below.
                Requests++;
            }

            long asked = time.GetTimestamp();
            DevicePresence? presence;
            while (true)
            {
                int heard = recorder.Events.Count;
                if (recorder.Events.Skip(seen).Any(IsRefusal))
                {
                    isRefused = true;
                    Refusal ??= "the guest refused";
                }

                long looked = time.GetTimestamp();
                presence = await PresenceAsync(look).ConfigureAwait(false);
                SeenGone = time.GetTimestamp();
                if (EndOf(presence) is { } ended)
                {
                    return ended;
                }

                LastThere = presence == DevicePresence.There ? looked : LastThere;
                cancellationToken.ThrowIfCancellationRequested();
                TimeSpan sinceAsked = time.GetElapsedTime(asked);
                if (time.GetElapsedTime(start) >= patience.Deadline || (presence is not null && sinceAsked >= (isRefused ? patience.AfterRefusal : patience.BetweenRequests)))
                {
                    break;
                }

                await recorder.WaitAsync(observed => recorder.Events.Count > heard && IsNews(observed), patience.BetweenLooks, time).ConfigureAwait(false);
            }

            if (time.GetElapsedTime(start) >= patience.Deadline)
            {
                return presence is null ? UnplugEnd.Unknown : isRefused ? UnplugEnd.Refused : UnplugEnd.Ignored;
            }
        }
    }

    /// <summary>What an error of libvirt's call to detach means; <see langword="null"/> when it is no matter of the guest's. The code decides; QEMU's own words inside a text are not translated.</summary>
    internal static UnplugAnswer? AnswerOf(LibvirtException e) => e.Code switch
    {
        LibvirtErrorCode.DeviceMissing => UnplugAnswer.Missing,
        LibvirtErrorCode.OperationFailed or LibvirtErrorCode.OperationTimeout or LibvirtErrorCode.ResourceBusy => UnplugAnswer.Refused,
        LibvirtErrorCode.InternalError => AnswerOf(e.Message),
        _ => null,
    };

    /// <summary>What QEMU's own refusal of device_del means.</summary>
    internal static UnplugAnswer? AnswerOf(string qemuText) =>
        qemuText.Contains("in the process of unplug", StringComparison.OrdinalIgnoreCase) ? UnplugAnswer.UnderWay
        : qemuText.Contains("guest is busy", StringComparison.OrdinalIgnoreCase) ? UnplugAnswer.Refused
        : null;

    /// <summary>Asks a guest by libvirt to let go of a device of its document.</summary>
    internal static async Task<(UnplugEnd End, Unplugging Unplugging)> ByLibvirtAsync(
        IHost host, DomainSnapshot domain, XElement element, UnplugPatience patience, TimeProvider time, CancellationToken cancellationToken)
    {
        // From before the first request, or the answer may come before anybody listens.
        using EventRecorder recorder = await host.RecordEventsAsync(domain.Name, domain.Uuid, cancellationToken).ConfigureAwait(false);
        var unplugging = new Unplugging(recorder, AliasOf(element), patience, time);
        string xml = element.ToString(SaveOptions.DisableFormatting);
        UnplugEnd end = await unplugging.RunAsync(
            async token =>
            {
                await host.DetachDeviceAsync(domain.Uuid, xml, DomainModificationImpact.Live, token).ConfigureAwait(false);
                return (UnplugAnswer.Asked, null);
            },
            async token =>
            {
                DomainSnapshot? now = await host.FindDomainAsync(domain.Uuid, token).ConfigureAwait(false);
                return WithoutGuest(domain, now)
                    ?? (DomainDocument.Parse(now!.Xml).Root.Elements("devices").Elements(element.Name).Any(other => IsSame(other, element)) ? DevicePresence.There : DevicePresence.Gone);
            },
            cancellationToken).ConfigureAwait(false);
        return (end, unplugging);
    }

    /// <summary>A running device has an alias that no other has; while it lasts, libvirt may write more into its element.</summary>
    internal static bool IsSame(XElement one, XElement other) => AliasOf(other) is { } alias ? AliasOf(one) == alias : XNode.DeepEquals(one, other);

    /// <summary>What became of a guest that had a device; <see langword="null"/> while it runs.</summary>
    internal static DevicePresence? WithoutGuest(DomainSnapshot before, DomainSnapshot? now) => DomainConditions.Of(now) switch
    {
        DomainCondition.Moved => DevicePresence.DomainLeft,
        DomainCondition.Absent when before.IsPersistent => DevicePresence.DomainLeft, // its definition went along with it, or somebody undefined it
        _ when now is not { IsActive: true } => DevicePresence.DomainEnded,
        _ => null,
    };

    private static string? AliasOf(XElement device) => (string?)device.Element("alias")?.Attribute("name");

    private UnplugEnd? EndOf(DevicePresence? presence) => presence switch
    {
        DevicePresence.Gone => UnplugEnd.Gone,

        // Of a domain without a definition nothing is left that could tell.
        DevicePresence.DomainEnded when recorder.Events.Any(observed => observed is { Channel: "lifecycle", Name: "stopped/migrated" }) => UnplugEnd.DomainLeft,
        DevicePresence.DomainEnded => UnplugEnd.DomainEnded,
        DevicePresence.DomainLeft => UnplugEnd.DomainLeft,
        _ => null,
    };

    private static async Task<DevicePresence?> PresenceAsync(Func<CancellationToken, Task<DevicePresence>> look)
    {
        try
        {
            return await look(CancellationToken.None).ConfigureAwait(false);
        }
        catch (HostUnreachableException)
        {
            return null;
        }
        catch (LibvirtException e) when (LibvirtErrors.ClassOf(e.Code) != LibvirtErrorClass.Fatal)
        {
            return null; // of a domain that ends between two questions, or a daemon that is just starting
        }
    }

    /// <summary>Whether an event tells of a device's end. QEMU tells of a virtio device's backend first, in an event without <c>device</c>: then the device is there still.</summary>
    internal static bool IsRemoval(ObservedEvent observed) => observed switch
    {
        { Channel: "device", Name: "removed" } => true,
        { Channel: "qmp", Name: "DEVICE_DELETED", Data: { } data } => DeviceOf(data) is not null,
        _ => false,
    };

    private static bool IsNews(ObservedEvent observed) => observed.Channel is "device" or "lifecycle" || observed is { Channel: "qmp", Name: "DEVICE_DELETED" or "DEVICE_UNPLUG_GUEST_ERROR" };

    private bool IsOwnRemoval(ObservedEvent observed) => alias is not null && observed switch
    {
        { Channel: "device", Name: "removed" } => observed.Data == alias,
        { Channel: "qmp", Name: "DEVICE_DELETED", Data: { } data } => DeviceOf(data) == alias,
        _ => false,
    };

    private bool IsRefusal(ObservedEvent observed) => alias is not null && observed switch
    {
        { Channel: "device", Name: "removal_failed" } => observed.Data == alias,
        { Channel: "qmp", Name: "DEVICE_UNPLUG_GUEST_ERROR", Data: { } data } => DeviceOf(data) == alias,
        _ => false,
    };

    private static string? DeviceOf(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty("device", out JsonElement device) ? device.GetString() : null;
    }
}

/// <summary>How patiently a guest is asked to let go of a device.</summary>
public sealed record UnplugPatience
{
    /// <summary>When asking ends.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a guest that does not answer is left in peace.</summary>
    public TimeSpan BetweenRequests { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a guest that refused is left in peace.</summary>
    public TimeSpan AfterRefusal { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the host is asked, whatever the events tell.</summary>
    public TimeSpan BetweenLooks { get; init; } = TimeSpan.FromMilliseconds(500);
}
