using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

/// <summary>Adds one device of every kind to a document and removes each again: one after the other, and all at once in another order.</summary>
internal static class RoundTrip
{
    /// <summary>What went wrong; nothing when the document is what it was.</summary>
    internal static string? Problem(DomainDocument document)
    {
        string before = Canonical.Of(document.ToString());
        int count = document.Devices.Count;
        document.Check();
        foreach (DomainDevice device in EveryDevice.All)
        {
            document.Add(device);
            if (document.Devices.Count != count + 1 || !document.Devices.Any(present => present.IsSameAs(device)))
            {
                return $"{device.Kind} was not added";
            }

            if (!document.Remove(device) || Canonical.Of(document.ToString()) != before)
            {
                return $"{device.Kind} left a trace";
            }
        }

        foreach (DomainDevice device in EveryDevice.All)
        {
            document.Add(device);
        }

        // What is written is what is read again from the text.
        DomainDocument read = DomainDocument.Parse(document.ToString());
        foreach (DomainDevice device in EveryDevice.All)
        {
            if (!read.Devices.Any(present => present.AsWritten() == device.AsWritten()))
            {
                return $"{device.Kind} was not read back";
            }
        }

        foreach (DomainDevice device in EveryDevice.All)
        {
            if (!document.Remove(device))
            {
                return $"{device.Kind} was not found";
            }
        }

        return Canonical.Of(document.ToString()) == before ? null : "all together left a trace";
    }
}
