using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

/// <summary>Devices with values that nobody would write: they are read, checked and judged, and nothing but the documented exceptions comes out.</summary>
public sealed class DeviceFuzzTests
{
    private static readonly string[] Values =
        ["", " ", "on", "off", "yes", "0", "-1", "1", "0x10000", "99999999999999999999", "08", "pci", "vdpa", "/dev/vhost-vdpa-0", "/dev/../x", "virtio", "shared", "é", "a,b=c", "{", "{}", "[1]"];

    [Test]
    public void No_value_makes_a_device_unreadable()
    {
        DomainDocument all = DomainDocument.Parse("<domain type='kvm'><memory>1</memory></domain>");
        foreach (DomainDevice device in EveryDevice.All)
        {
            all.Add(device);
        }

        int attributes = all.Root.DescendantsAndSelf().Attributes().Count();
        int elements = all.Root.Descendants().Count();
        Gen<(int Attribute, int Element, string Value, bool Remove)> damages =
            from attribute in Gen.Choose(0, attributes - 1)
            from element in Gen.Choose(0, elements - 1)
            from value in Gen.Elements(Values)
            from remove in Gen.Elements(true, false)
            select (attribute, element, value, remove);

        Prop.ForAll(damages.ArrayOf(3).ToArbitrary(), damage =>
        {
            DomainDocument document = all.Copy();
            foreach ((int attribute, int element, string value, bool remove) in damage)
            {
                if (remove)
                {
                    document.Root.Descendants().ElementAtOrDefault(element)?.Remove();
                }
                else if (document.Root.DescendantsAndSelf().Attributes().ElementAtOrDefault(attribute) is { IsNamespaceDeclaration: false } found)
                {
                    found.Value = value;
                }
            }

            document.Check();
            DeviceWriting.DialectProblems(document, Dialects.Upstream);
            foreach (DomainDevice device in document.Devices)
            {
                DeviceMigration.Judge(device, Dialects.OpenEuler2403, null);
                if (!document.Copy().Remove(device))
                {
                    return false;
                }

                try
                {
                    document.Copy().Add(device);
                }
                catch (DeviceInvalidException e)
                {
                    if (e.Problems.Count == 0)
                    {
                        return false;
                    }
                }
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }
}
