using System.Xml.Linq;

namespace Libvirt.Xml.Devices;

/// <summary>libvirt's two-valued attributes.</summary>
internal static class XmlSwitch
{
    internal static void SetYesNo(XElement element, XName name, bool? value) => Set(element, name, value, "yes", "no");

    internal static void SetOnOff(XElement element, XName name, bool? value) => Set(element, name, value, "on", "off");

    private static void Set(XElement element, XName name, bool? value, string on, string off)
        => element.SetAttributeValue(name, value switch { true => on, false => off, null => null });
}
