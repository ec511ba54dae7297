using System.Globalization;
using System.Text.RegularExpressions;

namespace Libvirt.Xml.Devices;

/// <summary>A scalable function (sub-function) as the name of a vDPA management device: <c>auxiliary/mlx5_core.sf.2</c>. A slice of a PCI function without an address of its own.</summary>
/// <param name="Driver">The kernel's driver, such as <c>mlx5_core</c>.</param>
/// <param name="Index">The number on the auxiliary bus. The kernel gives it anew after a reboot.</param>
public readonly partial record struct ScalableFunction(string Driver, int Index)
{
    /// <summary>Reads a management device's name.</summary>
    /// <param name="managementDevice">The name as the vdpa tool shows it.</param>
    /// <param name="function">The function.</param>
    /// <returns>Whether it is a scalable function.</returns>
    public static bool TryParse(string? managementDevice, out ScalableFunction function)
    {
        Match match = Form().Match(managementDevice ?? "");
        bool good = int.TryParse(match.Groups["index"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int index);
        function = good ? new(match.Groups["driver"].Value, index) : default;
        return good;
    }

    /// <summary>As the vdpa tool writes it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"auxiliary/{Driver}.sf.{Index}");

    [GeneratedRegex("^auxiliary/(?<driver>[A-Za-z0-9_-]+)\\.sf\\.(?<index>[0-9]+)\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
