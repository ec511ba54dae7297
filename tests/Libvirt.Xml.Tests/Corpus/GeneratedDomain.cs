using System.Text;

namespace Libvirt.Xml.Tests.Corpus;

/// <summary>Domain documents by number: libvirt's own layout and ugly ones, with and without devices, command lines, metadata, comments and CDATA. The same number is the same document.</summary>
internal sealed class GeneratedDomain
{
    private static readonly string[] Devices =
    [
        "<emulator>/usr/bin/qemu-system-x86_64</emulator>",
        "<disk type='file' device='disk'>|<driver name='qemu' type='qcow2' discard='unmap'/>|<source file='/var/lib/a.qcow2'/>|<target dev='vda' bus='virtio'/>|<address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>|</disk>",
        "<disk type='network' device='cdrom'>|<source protocol='http' name='x' query='a&amp;b'><host name='h' port='80'/></source>|<target dev='sda' bus='sata'/>|<readonly/>|</disk>",
        "<controller type='pci' index='1' model='pcie-root-port'>|<model name='pcie-root-port'/>|<target chassis='1' port='0x8'/>|</controller>",
        "<interface type='network'>|<mac address='52:54:00:aa:bb:cc'/>|<source network='default'/>|<model type='virtio'/>|</interface>",
        "<interface type='bridge'>|<source bridge='br0'/>|<model type='e1000'/>|</interface>",
        "<interface type='vdpa'>|<source dev='/dev/vhost-vdpa-0'/>|</interface>",
        "<interface type='vhostuser'>|<source type='unix' path='/run/s' mode='client'/>|<model type='virtio'/>|</interface>",
        "<hostdev mode='subsystem' type='vdpa' managed='no' iommufd='1'>|<source dev='/dev/vhost-vdpa-1'/>|</hostdev>",
        "<hostdev mode='subsystem' type='pci' managed='no' migration='on'>|<source>|<address domain='0x0000' bus='0x31' slot='0x00' function='0x1'/>|</source>|<numa node='0'/>|</hostdev>",
        "<hostdev mode='subsystem' type='usb'>|<source startupPolicy='optional'><vendor id='0x1234'/><product id='0xbeef'/></source>|</hostdev>",
        "<hostdev mode='capabilities' type='misc'>|<source><char>/dev/input/event3</char></source>|</hostdev>",
        "<hostdev mode='subsystem' type='pci'>|<driver name='vdpa'/>|<source><address bus='0x04' slot='0x01' function='0x01'/></source>|</hostdev>",
        "<interface type='generic-vdpa'>|<source dev='/dev/vhost-vdpa-0'/>|</interface>",
        "<hostdev mode='subsystem' type='pci'>|<source><address bus='0x100' slot='nonsense'/></source>|</hostdev>",
        "<rng model='virtio'>|<backend model='random'><![CDATA[/dev/random]]></backend>|</rng>",
        "<serial type='pty'>|<target port='0'/>|</serial>",
        "<v:vendor xmlns:v='urn:vendor'>|<v:x/>|</v:vendor>",
        "<memballoon model='none'/>",
    ];

    private static readonly string[] Arguments =
    [
        "--trace", "all_vcpus*", "-device", "virtio-rng-pci", "-device", "vhost-vdpa-device-pci,vhostdev=/dev/vhost-vdpa-7,id=g7", "-netdev", "tap,id=n1,vhost=off", "-device",
        "virtio-net-pci,netdev=n1,vdpa=on", "-device", "{\"driver\":\"vhost-vdpa-device-pci\",\"vhostdev\":\"/dev/vhost-vdpa-8\"}", "-device",
    ];

    private readonly Random _random;
    private readonly StringBuilder _text = new();
    private readonly string? _unit;

    private GeneratedDomain(int seed)
    {
        _random = new Random(seed);
        _unit = _random.Next(6) switch { 0 => null, 1 => "\t", 2 => "    ", 3 => " ", _ => "  " };
    }

    internal static string Make(int seed)
    {
        var domain = new GeneratedDomain(seed);
        domain.Write();
        return domain._text.ToString();
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(params ReadOnlySpan<T> values) => values[_random.Next(values.Length)];

    private void Write()
    {
        if (Chance(30))
        {
            _text.Append("<?xml version='1.0' encoding='utf-8'?>\n<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n\n");
        }

        bool declared = Chance(40);
        string prefix = declared && Chance(20) ? "q" : "qemu";
        _text.Append("<domain type='").Append(Pick("kvm", "qemu")).Append('\'').Append(declared ? $" xmlns:{prefix}='http://libvirt.org/schemas/domain/qemu/1.0'" : "").Append('>');
        Line(1, "<name>g</name>");
        Some(1, "<title>a &lt; b &amp; c &#x9;&#13;</title>", "<metadata><app:a xmlns:app='urn:a' app:b='&quot;c&#10;&quot;'>text <i/> mixed</app:a></metadata>", "<memory unit='MiB'>512</memory>",
            "<vcpu placement='static'>2</vcpu>", "<os><type arch='" + Pick("x86_64", "aarch64") + "' machine='q35'>hvm</type><boot dev='hd'/></os>", "<features><acpi/></features>");
        switch (_random.Next(8))
        {
            case 0:
                break;
            case 1:
                Line(1, "<devices/>");
                break;
            case 2:
                Line(1, "<devices></devices>");
                break;
            case 3:
                Line(1, "<devices>");
                Line(1, "</devices>");
                break;
            case 4:
                Line(1, "<devices><!-- none --></devices>");
                break;
            default:
                WriteDevices();
                break;
        }

        Some(1, "<seclabel type='none'/>", "<x:foreign xmlns:x='urn:x' x:a='1'/>", "<!-- end of it -->");
        if (declared && Chance(60) || Chance(20))
        {
            WriteCommandLine(declared ? prefix : "qemu", declared);
        }

        if (Chance(30))
        {
            Line(1, "<!-- last -->");
        }

        Break(0);
        _text.Append("</domain>").Append(Chance(50) ? "\n" : "");
    }

    private void WriteDevices()
    {
        Line(1, "<devices>");
        for (int count = _random.Next(1, 8); count > 0; count--)
        {
            string[] parts = Pick(Devices).Split('|');
            var depth = 2;
            foreach (string part in parts)
            {
                bool ends = part.StartsWith("</", StringComparison.Ordinal);
                depth -= ends ? 1 : 0;
                Line(depth, part);
                depth += !ends && !part.EndsWith("/>", StringComparison.Ordinal) && !part.Contains("</", StringComparison.Ordinal) ? 1 : 0;
            }

            Some(2, "<!-- after <a> device -->", "<?keep this?>", "<![CDATA[ ]]>", "stray text");
        }

        Line(1, "</devices>");
    }

    private void WriteCommandLine(string prefix, bool declared)
    {
        string open = $"<{prefix}:commandline" + (declared ? "" : $" xmlns:{prefix}='http://libvirt.org/schemas/domain/qemu/1.0'");
        if (Chance(20))
        {
            Line(1, open + "/>");
            return;
        }

        Line(1, open + ">");
        foreach (string argument in Arguments.Take(_random.Next(Arguments.Length + 1)))
        {
            Line(2, $"<{prefix}:arg value='{argument}'/>");
        }

        Some(2, $"<{prefix}:env name='A' value='B'/>", "<!-- env -->");
        Line(1, $"</{prefix}:commandline>");
    }

    private void Some(int depth, params ReadOnlySpan<string> lines)
    {
        foreach (string line in lines)
        {
            if (Chance(35))
            {
                Line(depth, line);
            }
        }
    }

    private void Line(int depth, string text)
    {
        Break(depth);
        _text.Append(text);
    }

    // One layout per document, with a slip now and then.
    private void Break(int depth)
    {
        int slip = _random.Next(40);
        if (_unit is not null && slip != 0)
        {
            _text.Append(slip == 1 ? "\n\n" : slip == 2 ? "\r\n" : "\n").Insert(_text.Length, slip == 3 ? "\t" : _unit, depth);
        }
        else if (slip == 1)
        {
            _text.Append(' ');
        }
    }
}
