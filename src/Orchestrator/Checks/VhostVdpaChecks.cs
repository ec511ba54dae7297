using System.Globalization;
using Libvirt.Xml;
using Orchestrator.Devices;

namespace Orchestrator.Checks;

/// <summary>The kernel's vhost-vdpa and its character devices.</summary>
internal static class VhostVdpaChecks
{
    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        yield return Module(scope);
        yield return Nodes(scope);
        if (scope.Facts.VdpaDevices is { Count: > 0 } devices && devices.Any(device => device.CharDevice is not null))
        {
            yield return Permissions(scope, [.. devices.Where(device => device.CharDevice is not null)]);
            if (scope.Facts.Dialect is { Name: DialectName.Upstream, GenericVdpaDevice: true })
            {
                yield return GenericAccess(scope);
            }
        }
    }

    private static HostCheck Module(HostScope scope)
    {
        const string Id = "vhost-vdpa-module";
        const string Remedy = "modprobe vhost_vdpa; echo vhost_vdpa > /etc/modules-load.d/vhost_vdpa.conf";
        Judge judge = scope.Essential(HostLayer.VhostVdpa, HostNeed.Vdpa);
        if (scope.Facts.Kernel is { } kernel)
        {
            return kernel.Has("vhost_vdpa") || kernel.VdpaDrivers.Contains("vhost_vdpa")
                ? judge.Pass(Id, $"vhost_vdpa is loaded on {scope.Name}")
                : judge.Fail(Id, $"vhost_vdpa is not loaded on {scope.Name} (kernel {kernel.Release ?? "unknown"}; upstream has it since 5.7)",
                    IsOlder(kernel.Release) && scope.Facts.Dialect is not { Name: DialectName.OpenEuler } ? "Update the kernel to 5.7 or later." : Remedy);
        }

        return scope.Facts.VdpaDevices?.Any(device => device.CharDevice is not null) == true
            ? judge.Pass(Id, $"vhost_vdpa works on {scope.Name}: it has character devices")
            : judge.Unknown(Id, $"whether vhost_vdpa is loaded is {scope.Unseen}", $"On {scope.Name}: {Remedy}");
    }

    /// <summary>Whether a release (<c>5.4.0-150-generic</c>) is older than 5.7.</summary>
    private static bool IsOlder(string? release) =>
        release?.Split('.', '-') is [var major, var minor, ..] && Version.TryParse($"{major}.{minor}", out Version? version) && version < new Version(5, 7);

    private static HostCheck Nodes(HostScope scope)
    {
        const string Id = "vhost-vdpa-nodes";
        Judge judge = scope.Essential(HostLayer.VhostVdpa, HostNeed.Vdpa);
        if (scope.Facts.VdpaDevices is not { } devices)
        {
            return judge.Unknown(Id, $"/dev/vhost-vdpa-N is {scope.Unseen}", $"On {scope.Name}: ls -l /dev/vhost-vdpa-*");
        }

        VdpaDeviceFacts[] bound = [.. devices.Where(device => device.Driver == "vhost_vdpa")];
        VdpaDeviceFacts[] without = [.. bound.Where(device => device.CharDevice is null)];
        return without.Length > 0
            ? judge.Fail(Id, $"{Words.Some(without.Select(device => device.Name))} of {scope.Name} is bound to vhost_vdpa and has no /dev/vhost-vdpa-N", $"Look into the kernel's log for the reason: dmesg | grep -i vdpa")
            : judge.Pass(Id, bound.Length > 0
                ? $"{scope.Name} has {Words.Some(bound.Select(device => device.CharDevice!))}"
                : $"{scope.Name} has no /dev/vhost-vdpa-N, nor a vDPA device yet that would need one");
    }

    private static HostCheck Permissions(HostScope scope, IReadOnlyList<VdpaDeviceFacts> devices)
    {
        const string Id = "device-permissions";

        // openEuler's libvirt hands the path to QEMU, and neither chowns nor relabels it; for <interface type='vdpa'> stock libvirt opens it itself, as root.
        bool opensItself = scope.Facts.Dialect is { VdpaHostDevice: false };
        Judge judge = opensItself ? new(HostLayer.VhostVdpa, CheckSeverity.Info) : scope.Advice(HostLayer.VhostVdpa, HostNeed.Vdpa);
        if (scope.Facts.Daemon?.QemuAccount is not { } account || devices.Any(device => device.Access is null))
        {
            return judge.Unknown(Id, $"owner and mode of the character devices, or QEMU's account, are {scope.Unseen}", $"On {scope.Name}: ls -l /dev/vhost-vdpa-*; grep ^user /etc/libvirt/qemu.conf");
        }

        VdpaDeviceFacts[] refused = [.. devices.Where(device => !device.Access!.Admits(account.Uid, account.Groups))];
        return refused.Length == 0
            ? judge.Pass(Id, $"QEMU's account {account.Name} may open {Words.Some(devices.Select(device => device.CharDevice!))} of {scope.Name}")
            : judge.Fail(Id,
                $"QEMU's account {account.Name} may not open {Words.Some(refused.Select(device => $"{device.CharDevice} (owner {device.Access!.User}, group {device.Access.Group}, mode {Octal(device)})"))} of {scope.Name}"
                + (opensItself ? "; libvirt opens it itself for <interface type='vdpa'>, a generic device does not get that" : ""),
                UdevRule(account));
    }

    private static string UdevRule(AccountFacts account) => account.Groups is [var group, ..]
        ? $"Put this line into {VdpaUdevRule.File}: {VdpaUdevRule.For(group.ToString(CultureInfo.InvariantCulture))} -- then: {VdpaUdevRule.Apply}"
        : $"Put this line into {VdpaUdevRule.File}, with a group of QEMU's account in the place of GROUP: {VdpaUdevRule.For("GROUP")} -- then: {VdpaUdevRule.Apply}";

    private static HostCheck GenericAccess(HostScope scope)
    {
        const string Id = "generic-device-access";
        var judge = new Judge(HostLayer.VhostVdpa, CheckSeverity.Info);
        if (scope.Facts.QemuConfiguration is not { } configuration)
        {
            return judge.Unknown(Id, $"qemu.conf is {scope.Unseen}: whether guests may open /dev/vhost-vdpa-N as a generic device is unknown");
        }

        bool listed = configuration.DeviceAcl?.Any(path => path.StartsWith("/dev/vhost-vdpa", StringComparison.Ordinal)) == true;
        bool appArmor = scope.Facts.Kernel is { AppArmor: true };
        return listed && !appArmor
            ? judge.Pass(Id, $"cgroup_device_acl of {scope.Name} has vhost-vdpa nodes for generic devices")
            : judge.Fail(Id,
                $"a generic device through <qemu:commandline> finds no node on {scope.Name}: "
                + string.Join(" and ", new[] { listed ? null : "cgroup_device_acl of qemu.conf does not list it", appArmor ? "AppArmor is on" : null }.OfType<string>()),
                "Add \"/dev/vhost-vdpa-N\" to cgroup_device_acl in qemu.conf and restart the daemon"
                + (appArmor ? "; allow '/dev/vhost-vdpa-* rw,' in /etc/apparmor.d/local/abstractions/libvirt-qemu." : "."));
    }

    private static string Octal(VdpaDeviceFacts device) => Convert.ToString((int)device.Access!.Mode, 8).PadLeft(4, '0');
}
