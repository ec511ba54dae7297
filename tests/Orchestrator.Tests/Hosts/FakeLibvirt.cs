using System.Globalization;
using System.Xml.Linq;
using Libvirt.Interop;

namespace Orchestrator.Tests.Hosts;

/// <summary>
/// The part of a libvirt that reads, refuses, drops and rewrites domain documents, as openEuler's and stock releases do: the rules and texts of host
/// devices are those of openEuler's 9.10 and 6.2 parsers and of libvirt 9.0 and 11.3.
/// </summary>
internal sealed record FakeLibvirt(long Version, long QemuVersion)
{
    private const int FromXml = 5;
    private const int FromDomain = 20;

    internal static FakeLibvirt OpenEuler2203Sp3 { get; } = new(6_002_000, 6_002_000) { VdpaHostDevice = true };

    internal static FakeLibvirt OpenEuler2203Sp4 { get; } = OpenEuler2203Sp3 with { Migration = true };

    internal static FakeLibvirt OpenEuler2403Sp3 { get; } = new(9_010_000, 8_002_000)
    {
        VdpaHostDevice = true,
        Migration = true,
        IommuFd = true,
        VdpaInterface = true,
        VhostVdpaDisk = true,
    };

    internal static FakeLibvirt Stock90 { get; } = new(9_000_000, 7_002_000) { VdpaInterface = true };

    internal static FakeLibvirt Stock113 { get; } = new(11_003_000, 10_000_002) { VdpaInterface = true, VhostVdpaDisk = true };

    internal bool VdpaHostDevice { get; init; }

    internal bool Migration { get; init; }

    internal bool IommuFd { get; init; }

    internal bool VdpaInterface { get; init; }

    internal bool VhostVdpaDisk { get; init; }

    /// <summary>QEMU was built with libblkio.</summary>
    internal bool LibBlkio { get; init; }

    /// <summary>An element that this libvirt does not know, wherever it stands.</summary>
    internal string? Drops { get; init; }

    /// <summary>Its daemon's language.</summary>
    internal Func<string, string> Translate { get; init; } = static text => text;

    /// <summary>Reads a document and writes it as it would be stored.</summary>
    /// <exception cref="LibvirtException">As libvirt refuses it.</exception>
    internal XElement Store(string xml)
    {
        XElement domain = XElement.Parse(xml);
        domain.Descendants().Where(element => element.Name.LocalName == Drops).Remove();
        SetSize(domain, "memory");
        if (domain.Element("os") is { } os && (string?)os.Element("loader")?.Attribute("type") == "pflash" && os.Element("nvram") is null)
        {
            os.Element("loader")!.AddAfterSelf(new XElement("nvram", $"/var/lib/libvirt/qemu/nvram/{(string?)domain.Element("name")}_VARS.fd"));
        }

        foreach (XElement limit in domain.Elements("memtune").Elements())
        {
            SetSize(limit);
        }

        int bus = 1;
        foreach (XElement device in domain.Elements("devices").Elements())
        {
            switch (device.Name.LocalName)
            {
                case "hostdev":
                    HostDevice(device);
                    Address(device, ref bus);
                    break;
                case "interface":
                    Known(device, ["user", "network", "bridge", "ethernet", "hostdev", "vhostuser", .. VdpaInterface ? ["vdpa"] : Array.Empty<string>()], "unknown interface type '{0}'");
                    _ = (string?)device.Attribute("type") == "vdpa" && device.Element("source") is null
                        ? throw Error(LibvirtErrorCode.XmlError, FromDomain, "interface type='vdpa' requires a 'source' element")
                        : 0;
                    Address(device, ref bus);
                    break;
                case "disk":
                    Known(device, ["file", "block", "vhostuser", .. VhostVdpaDisk ? ["vhostvdpa"] : Array.Empty<string>()], "unknown disk type '{0}'");
                    break;
            }
        }

        return domain;
    }

    /// <summary>The command line for a document.</summary>
    internal string CommandLine(string xml)
    {
        XElement domain = Store(xml);
        foreach (XElement disk in domain.Elements("devices").Elements("disk").Where(disk => (string?)disk.Attribute("type") == "vhostvdpa"))
        {
            // As seen with libvirt 11.3: QEMU first, then the cache mode; a good disk it cannot translate, as its node is opened at the start alone.
            throw !LibBlkio ? Error(LibvirtErrorCode.ConfigUnsupported, 10, "vhostvdpa disk is not supported with this QEMU binary")
                : (string?)disk.Element("driver")?.Attribute("cache") is not ("none" or "directsync") ? Error(LibvirtErrorCode.ConfigUnsupported, 10, "disk type 'vhostvdpa' requires cache mode 'directsync' or 'none'")
                : Error(LibvirtErrorCode.InternalError, 10, "argument key 'path' must not have null value");
        }

        // Each translation makes up what the document leaves open.
        return $"qemu -uuid {Guid.NewGuid()} {string.Join(' ', domain.Elements("devices").Elements("hostdev").Select((device, index) => Argument(device, index)))}";
    }

    private static string Argument(XElement device, int index) => (string?)device.Attribute("type") == "vdpa"
        ? $"-device {{\"driver\":\"vhost-vdpa-device-pci\",\"id\":\"hostdev{index}\",\"vhostdev\":\"{(string?)device.Element("source")!.Attribute("dev")}\"}}"
        : $"-device {{\"driver\":\"vfio-pci\",\"id\":\"hostdev{index}\"{((string?)device.Attribute("migration") is { } migration ? $",\"enable-migration\":\"{migration}\"" : "")}}}";

    private void HostDevice(XElement device)
    {
        Known(device, ["pci", "usb", "scsi", "scsi_host", "mdev", .. VdpaHostDevice ? ["vdpa"] : Array.Empty<string>()], "unknown host device source address type '{0}'");
        string type = (string)device.Attribute("type")!;
        ReadMigration(device);
        ReadIommuFd(device);
        if (device.Attribute("model") is not null && type != "mdev")
        {
            throw Error(LibvirtErrorCode.XmlError, FromDomain, "'model' attribute in <hostdev> is only supported when type='mdev'");
        }

        XElement source = device.Element("source") ?? throw Error(LibvirtErrorCode.XmlError, FromDomain, "Missing <source> element in hostdev device");
        if (source.Attribute("startupPolicy") is not null && type != "usb")
        {
            throw Error(LibvirtErrorCode.XmlError, FromDomain, "Setting startupPolicy is only allowed for USB devices");
        }

        if (device.Element("teaming") is not null && type != "pci")
        {
            throw Error(LibvirtErrorCode.ConfigUnsupported, FromDomain, "teaming is only supported for pci hostdev devices");
        }

        if (type == "vdpa" && source.Attribute("dev") is null)
        {
            throw Error(LibvirtErrorCode.ConfigUnsupported, FromDomain, "Missing 'dev' attribute for element <source>");
        }

        // As the formatter prints: mode, type, managed always, migration right behind it if it was set.
        string?[] attributes = ["mode", "type", "managed", "migration", "iommufd"];
        var values = attributes.Select(name => (name, (string?)device.Attribute(name!) ?? name switch { "mode" => "subsystem", "managed" => "no", _ => null })).ToList();
        device.Attributes().Remove();
        foreach ((string? name, string? value) in values)
        {
            device.SetAttributeValue(name!, value);
        }

        foreach (XElement unknown in device.Elements().Where(child => child.Name.LocalName is not ("source" or "driver" or "alias" or "boot" or "address" or "rom" or "teaming" or "numa" or "acpi")
            || (child.Name.LocalName == "driver" && type == "vdpa")
            || (child.Name.LocalName == "alias" && ((string?)child.Attribute("name"))?.StartsWith("ua-", StringComparison.Ordinal) != true)).ToList())
        {
            unknown.Remove();
        }

        foreach (XElement address in source.Elements("address").Concat(device.Elements("address")))
        {
            foreach ((string part, int digits) in new[] { ("domain", 4), ("bus", 2), ("slot", 2), ("function", 1) })
            {
                address.SetAttributeValue(part, $"0x{Number((string?)address.Attribute(part) ?? "0").ToString($"x{digits}", CultureInfo.InvariantCulture)}");
            }
        }
    }

    private void ReadMigration(XElement device)
    {
        if (!Migration)
        {
            device.Attribute("migration")?.Remove(); // without a word
        }
        else if ((string?)device.Attribute("migration") is { } value and not ("on" or "off"))
        {
            throw Error(LibvirtErrorCode.XmlError, FromXml, $"Invalid value for attribute 'migration' in element 'hostdev': '{value}'.");
        }
    }

    private void ReadIommuFd(XElement device)
    {
        if (!IommuFd)
        {
            device.Attribute("iommufd")?.Remove();
        }
        else if ((string?)device.Attribute("iommufd") is { } value && !(uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number > 0))
        {
            throw Error(LibvirtErrorCode.XmlError, FromDomain, "The 'iommufd' attribute in <hostdev> element cannot be resolved.");
        }
    }

    private void Known(XElement device, string[] types, string oldText)
    {
        string type = (string?)device.Attribute("type") ?? "";
        if (!types.Contains(type))
        {
            throw Version >= 9_010_000
                ? Error(LibvirtErrorCode.XmlError, FromXml, $"Invalid value for attribute 'type' in element '{device.Name.LocalName}': '{type}'.")
                : Error(LibvirtErrorCode.ConfigUnsupported, FromDomain, string.Format(CultureInfo.InvariantCulture, oldText, type));
        }
    }

    private LibvirtException Error(LibvirtErrorCode code, int domain, string text) => new(code, domain, "fake", Translate(text));

    private static void Address(XElement device, ref int bus)
    {
        if (device.Element("address") is null)
        {
            device.Add(new XElement(
                "address", new XAttribute("type", "pci"), new XAttribute("domain", "0x0000"), new XAttribute("bus", $"0x{bus++:x2}"), new XAttribute("slot", "0x00"), new XAttribute("function", "0x0")));
        }
    }

    private static void SetSize(XElement domain, string name)
    {
        if (domain.Element(name) is { } size)
        {
            SetSize(size);
        }
    }

    private static void SetSize(XElement size)
    {
        long factor = (string?)size.Attribute("unit") switch { "MiB" or "M" => 1024, "GiB" or "G" => 1024 * 1024, _ => 1 };
        size.Value = (long.Parse(size.Value, CultureInfo.InvariantCulture) * factor).ToString(CultureInfo.InvariantCulture);
        size.SetAttributeValue("unit", "KiB");
    }

    private static int Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? int.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : int.Parse(text, CultureInfo.InvariantCulture);
}
