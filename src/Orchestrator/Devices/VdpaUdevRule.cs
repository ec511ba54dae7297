namespace Orchestrator.Devices;

/// <summary>
/// The udev rule that gives a group the vhost-vdpa nodes. A node has neither a class nor a bus, so the kernel announces it to no rule of its own; the device on the
/// vDPA bus is announced when it has been bound, and the node is there by then.
/// </summary>
internal static class VdpaUdevRule
{
    /// <summary>The file for it.</summary>
    internal const string File = "/etc/udev/rules.d/70-vhost-vdpa.rules";

    /// <summary>Puts it to use, for the devices that are there too.</summary>
    internal const string Apply = "udevadm control --reload; udevadm trigger --action=bind --subsystem-match=vdpa";

    /// <summary>The rule.</summary>
    /// <param name="group">The name or number of a group of QEMU's account.</param>
    internal static string For(string group) => $$"""
        ACTION=="add|bind|change", SUBSYSTEM=="vdpa", DRIVER=="vhost_vdpa", RUN+="/bin/sh -c 'for n in /sys%p/vhost-vdpa-*; do n=/dev/$${n##*/}; chgrp {{group}} $$n && chmod 0660 $$n; done'"
        """;
}
