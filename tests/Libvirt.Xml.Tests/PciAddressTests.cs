using FsCheck;
using FsCheck.Fluent;

namespace Libvirt.Xml.Tests;

public sealed class PciAddressTests
{
    [Test]
    public void What_is_written_is_read_back()
    {
        var addresses = from domain in Gen.Choose(0, 0xffff)
                        from bus in Gen.Choose(0, 0xff)
                        from slot in Gen.Choose(0, 0x1f)
                        from function in Gen.Choose(0, 7)
                        select new PciAddress(domain, bus, slot, function);
        Prop.ForAll(addresses.ToArbitrary(), address => PciAddress.Parse(address.ToString()) == address).QuickCheckThrowOnFailure();
    }

    [Test]
    public void The_domain_may_be_absent() => Assert.That(PciAddress.Parse("31:00.1"), Is.EqualTo(new PciAddress(0, 0x31, 0, 1)));

    [TestCase("0000:31:20.0", "slot")]
    [TestCase("0000:31:00.8", "function")]
    public void A_part_out_of_range_is_named(string text, string part) =>
        Assert.That(() => PciAddress.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(part));

    [TestCase("")]
    [TestCase("31")]
    [TestCase("0000:31:00")]
    [TestCase("0000:31:00.1\n")]
    [TestCase("../0000:31:00.1")]
    [TestCase("10000:31:00.1")]
    public void Anything_else_is_no_address(string text)
    {
        Assert.That(PciAddress.TryParse(text, out _), Is.False);
        Assert.That(() => PciAddress.Parse(text), Throws.TypeOf<FormatException>());
    }
}
