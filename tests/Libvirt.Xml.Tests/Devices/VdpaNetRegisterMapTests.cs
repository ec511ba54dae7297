using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

public sealed class VdpaNetRegisterMapTests
{
    [Test]
    public void The_documents_layout_is_that_of_its_table()
    {
        VdpaNetRegister[] first =
        [
            new(0x0, "LM_LOGGING_CTRL", 4, null),
            new(0x10, "LM_BASE_ADDR_LOW", 32, null),
            new(0x14, "LM_BASE_ADDR_HIGH", 32, null),
            new(0x18, "LM_END_ADDR_LOW", 32, null),
            new(0x1c, "LM_END_ADDR_HIGH", 32, null),
            new(0x20, "LM_RING_STATE_OFFSET", 32, 0),
            new(0x24, "LM_RING_STATE_OFFSET", 32, 1),
            new(0x28, "LM_RING_STATE_OFFSET", 32, 2),
        ];

        Assert.That(VdpaNetRegisterMap.Document.Registers.Take(8), Is.EqualTo(first));
        Assert.That(VdpaNetRegisterMap.Document.Registers[^1], Is.EqualTo(new VdpaNetRegister(0x20 + (1023 * 4), "LM_RING_STATE_OFFSET", 32, 1023)));
    }

    [Test]
    public void The_codes_layout_has_the_addresses_elsewhere()
    {
        Assert.That(VdpaNetRegisterMap.Code.Registers.Take(6).Select(register => register.Offset), Is.EqualTo(new[] { 0x00, 0x04, 0x08, 0x0c, 0x10, 0x20 }));
        Assert.That(VdpaNetRegisterMap.Code.Registers[5].Name, Is.EqualTo("LM_VRING_STATE_OFFSET"));
    }

    [Test]
    public void Registers_lie_in_the_region_one_behind_the_other()
    {
        foreach (VdpaNetRegisterMap map in (VdpaNetRegisterMap[])[VdpaNetRegisterMap.Document, VdpaNetRegisterMap.Code])
        {
            Assert.That(map.Registers.Select(register => register.Offset), Is.Ordered.And.Unique);
            Assert.That(map.Registers[^1].Offset + 4, Is.EqualTo(VdpaNetRegisterMap.RegionSize));
            Assert.That(map.Registers, Has.Count.EqualTo(5 + 1024));
        }
    }

    [TestCase(0)]
    [TestCase(1023)]
    public void A_queue_has_its_register(int queue) => Assert.That(VdpaNetRegisterMap.Document.RingState(queue).Queue, Is.EqualTo(queue));

    [TestCase(-1)]
    [TestCase(1024)]
    public void A_queue_that_is_none_has_no_register(int queue) => Assert.That(() => VdpaNetRegisterMap.Code.RingState(queue), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void A_ring_state_holds_both_indices()
    {
        Assert.That(VdpaNetRegisterMap.PackRingState(0x1234, 0xabcd), Is.EqualTo(0xabcd1234));
        Assert.That(VdpaNetRegisterMap.UnpackRingState(0xabcd1234), Is.EqualTo(((ushort)0x1234, (ushort)0xabcd)));
    }
}
