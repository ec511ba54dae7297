using System.Xml.Linq;
using Libvirt.Xml.Devices;

namespace Libvirt.Xml;

public sealed partial class DomainDocument
{
    /// <summary>
    /// The devices as they stand now, in the document's order, those of QEMU's command line last. What can't be read as its kind is an <see cref="OtherDevice"/>, and <see cref="Check"/> says why.
    /// </summary>
    public IReadOnlyList<DomainDevice> Devices => [.. DeviceSlot.ReadAll(Root, null).Select(slot => slot.Device)];

    /// <summary>What libvirt or QEMU would refuse or drop in the devices and in what they require of the rest of the document; in no particular order. Pure: asks no host.</summary>
    public IReadOnlyList<DeviceProblem> Check()
    {
        var problems = new List<DeviceProblem>();
        List<DeviceSlot> slots = DeviceSlot.ReadAll(Root, problems);
        DocumentRules.Check(this, slots, problems);
        return problems;
    }

    /// <summary>Adds a device behind the others. <see cref="Remove"/> takes it out again without a trace.</summary>
    /// <param name="device">The device.</param>
    /// <exception cref="DeviceInvalidException">No libvirt would take it; the document is as it was.</exception>
    public void Add(DomainDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Refuse(device, device.Problems(Root));
        if (device is VdpaNetSimulation { WithIntelIommu: true } && DocumentRules.HasIommu(Root))
        {
            Refuse(device, [new(DeviceProblemSeverity.Error, "/domain", 0, 0, "the document has an IOMMU already, and a guest can have one only: leave WithIntelIommu off")]);
        }

        device.AddTo(Root);
    }

    /// <summary>
    /// Removes a device, found as libvirt finds it: vDPA host devices by their node, PCI functions by the host's address, interfaces by MAC address, disks by target, others by their
    /// whole text. Of several the one that is equal in everything goes, or the last. Says whether there was one.
    /// </summary>
    /// <param name="device">The device, as it was read or made by hand.</param>
    public bool Remove(DomainDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (Find(device) is not { } slot)
        {
            return false;
        }

        TakeOut(slot, device);
        return true;
    }

    /// <summary>Writes a device in another one's place. What the element holds beside the device's own properties (its <c>rom</c>, a vendor's attributes) stays when both are of a kind.</summary>
    /// <param name="device">The device that is there.</param>
    /// <param name="replacement">What it becomes.</param>
    /// <exception cref="DeviceInvalidException">No libvirt would take the replacement; the document is as it was.</exception>
    /// <returns>Whether the device was there.</returns>
    public bool Replace(DomainDevice device, DomainDevice replacement)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(replacement);
        if (Find(device) is not { } slot)
        {
            return false;
        }

        Refuse(replacement, replacement.Problems(Root));
        switch (replacement)
        {
            case ElementDevice element when slot.Device is not UntypedDevice && element.GetType() == slot.Device.GetType():
                element.Update(slot.Elements[0]);
                break;
            case ElementDevice element when slot.Device is ElementDevice:
                DocumentEdit.Replace(slot.Elements[0], element.ToElement());
                break;
            default:
                TakeOut(slot, device);
                replacement.AddTo(Root);
                break;
        }

        return true;
    }

    private static void TakeOut(DeviceSlot slot, DomainDevice device)
    {
        // The IOMMU that stands in front of a simulation device goes only with a device that says it brought it.
        bool keepsIommu = slot.Device is VdpaNetSimulation { WithIntelIommu: true } && device is VdpaNetSimulation { WithIntelIommu: false };
        foreach (XElement element in slot.Elements.Skip(keepsIommu ? 2 : 0).Reverse())
        {
            DocumentEdit.Remove(element);
        }
    }

    private static void Refuse(DomainDevice device, IEnumerable<DeviceProblem> problems)
    {
        List<DeviceProblem> errors = [.. problems.Where(problem => problem.Severity == DeviceProblemSeverity.Error)];
        if (errors.Count > 0)
        {
            throw new DeviceInvalidException(device, errors);
        }
    }

    private DeviceSlot? Find(DomainDevice device)
    {
        List<DeviceSlot> slots = DeviceSlot.ReadAll(Root, null);
        return slots.LastOrDefault(slot => slot.Device == device) ?? slots.LastOrDefault(slot => device.IsSameAs(slot.Device));
    }
}
