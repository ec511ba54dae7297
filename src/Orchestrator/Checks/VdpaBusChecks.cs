namespace Orchestrator.Checks;

/// <summary>The vDPA bus and the devices on it.</summary>
internal static class VdpaBusChecks
{
    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        yield return Bus(scope);
        yield return Devices(scope);
    }

    private static HostCheck Bus(HostScope scope)
    {
        const string Id = "vdpa-bus";
        Judge judge = scope.Essential(HostLayer.VdpaBus, HostNeed.Vdpa);
        return scope.Facts.Kernel switch
        {
            { VdpaBus: true } => judge.Pass(Id, $"{scope.Name} has the vDPA bus"),
            { } => judge.Fail(Id, $"{scope.Name} has no vDPA bus: the module vdpa is not loaded", "modprobe vdpa"),
            null when scope.Facts.VdpaDevices is { Count: > 0 } => judge.Pass(Id, $"{scope.Name} has devices on the vDPA bus"),
            null => judge.Unknown(Id, $"the vDPA bus is {scope.Unseen}", $"On {scope.Name}: ls /sys/bus/vdpa"),
        };
    }

    private static HostCheck Devices(HostScope scope)
    {
        const string Id = "vdpa-devices";
        Judge judge = scope.Essential(HostLayer.VdpaBus, HostNeed.Vdpa);
        if (scope.Facts.VdpaDevices is not { } devices)
        {
            return judge.Unknown(Id, $"vDPA devices are {scope.Unseen}", $"On {scope.Name}: vdpa dev show");
        }

        if (devices.Count == 0)
        {
            return DriverChecks.VdpaParents(scope.Facts) is { Count: > 0 } parents
                ? judge.Fail(Id, $"{scope.Name} has no vDPA device, though a driver is there that provides them ({Words.Some(parents)})", "See vdpa mgmtdev show for MGMTDEV, then: vdpa dev add name vdpa0 mgmtdev MGMTDEV")
                : judge.Unknown(Id, $"{scope.Name} has no vDPA device, and nothing below was seen that could provide one");
        }

        VdpaDeviceFacts[] usable = [.. devices.Where(device => device.Driver == "vhost_vdpa")];
        if (usable.Length == 0)
        {
            VdpaDeviceFacts first = devices[0];
            return judge.Fail(Id,
                $"none of {scope.Name}'s vDPA devices is bound to vhost_vdpa ({Words.Some(devices.Select(device => $"{device.Name}: {device.Driver ?? "no driver"}"))})",
                (first.Driver is { } driver ? $"echo {first.Name} > /sys/bus/vdpa/drivers/{driver}/unbind; " : "") + $"echo {first.Name} > /sys/bus/vdpa/drivers/vhost_vdpa/bind");
        }

        return judge.Pass(Id, $"{scope.Name} has {usable.Length} of {devices.Count} vDPA devices bound to vhost_vdpa: {Words.Some(usable.Select(device => device.Name))}");
    }
}
