using System.Text.RegularExpressions;

namespace Libvirt.Xml.Devices;

/// <summary>What is wrong with paths of the host. libvirt hands them on unread, so a bad one would show only when QEMU starts.</summary>
internal static partial class HostPath
{
    private const string Prefix = "/dev/vhost-vdpa-";

    /// <summary>A vhost-vdpa node.</summary>
    internal static void CheckVdpaNode(DeviceElement element, string attribute, string? path)
    {
        if (!Check(element, attribute, path))
        {
            return;
        }

        if (path!.StartsWith(Prefix, StringComparison.Ordinal) && !Number().IsMatch(path.AsSpan(Prefix.Length)))
        {
            element.Error($"'{path}' has no device number: the kernel's nodes are {Prefix}0, {Prefix}1, …", attribute);
        }
        else if (!path.StartsWith(Prefix, StringComparison.Ordinal) && !path.StartsWith("/dev/fdset/", StringComparison.Ordinal))
        {
            element.Warn($"'{path}' is not the kernel's own name of a vhost-vdpa node ({Prefix}N): a link works, but libvirt finds the device for detaching only by this exact text", attribute);
        }
    }

    /// <summary>A path that has to be absolute and to name one place. Says whether it does.</summary>
    internal static bool Check(DeviceElement element, string attribute, string? path)
    {
        string? problem = path switch
        {
            null or "" => $"the '{attribute}' attribute is missing; libvirt says \"Missing '{attribute}' attribute for element <{element.Xml.Name.LocalName}>\"",
            _ when path[0] != '/' => $"'{path}' is not an absolute path",
            _ when path.Any(char.IsControl) => "the path holds a control character",
            _ when path.Split('/') is var parts && parts.Contains("..") => $"'{path}' holds '..': write the path that it leads to",
            _ => null,
        };
        if (problem is not null)
        {
            element.Error(problem, string.IsNullOrEmpty(path) ? null : attribute);
        }

        return problem is null;
    }

    [GeneratedRegex("^(?:0|[1-9][0-9]{0,5})\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
