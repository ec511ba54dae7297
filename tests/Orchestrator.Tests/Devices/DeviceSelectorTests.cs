using Libvirt.Xml;
using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

/// <summary>A guest that bonds a function with another card has one MAC address twice: each is found, and never the other.</summary>
public sealed class DeviceSelectorTests
{
    private const string Mac = "<mac address='52:54:00:00:00:01'/>";
    private const string Function = $"<interface type='hostdev' managed='yes'>{Mac}<source><address type='pci' domain='0x0000' bus='0x41' slot='0x10' function='0x0'/></source></interface>";
    private const string Card = $"<interface type='bridge'>{Mac}<source bridge='br0'/><model type='virtio'/></interface>";

    [TestCase(Function + Card)]
    [TestCase(Card + Function)]
    public void Of_two_cards_with_one_address_the_document_tells_which(string devices)
    {
        DomainDocument domain = Domain(devices);
        Assert.That(TypesOf(domain, DeviceSelector.Of(DeviceDocument.Parse(Function))), Is.EqualTo(new[] { "hostdev" }));
        Assert.That(TypesOf(domain, DeviceSelector.Of(DeviceDocument.Parse(Card))), Is.EqualTo(new[] { "bridge" }));
    }

    [Test]
    public void A_function_that_is_gone_is_not_the_card_with_its_address() => Assert.That(TypesOf(Domain(Card), DeviceSelector.Of(DeviceDocument.Parse(Function))), Is.Empty);

    [Test]
    public void The_counterpart_of_a_function_may_be_the_pool_that_it_is_of()
    {
        PlacedDevice running = Domain(Card + Function).PlacedDevices[^1];
        Assert.That(TypesOf(Domain(Card + $"<interface type='network'>{Mac}<source network='functions'/></interface>"), DeviceSelector.CounterpartOf(running)), Is.EqualTo(new[] { "network" }));
        Assert.That(TypesOf(Domain(Card + Function), DeviceSelector.CounterpartOf(running)), Is.EqualTo(new[] { "hostdev" }));
    }

    private static DomainDocument Domain(string devices) => DomainDocument.Parse($"<domain type='kvm'><name>web1</name><devices>{devices}</devices></domain>");

    private static IEnumerable<string> TypesOf(DomainDocument domain, DeviceSelector selector) => domain.PlacedDevices.Where(selector.Matches).Select(placed => (string)placed.Element!.Attribute("type")!);
}
