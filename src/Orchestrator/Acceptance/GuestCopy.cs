using System.Xml.Linq;
using Libvirt.Xml;

namespace Orchestrator.Acceptance;

/// <summary>Copies of a plan's guest. Pure. A copy names nothing that libvirt would remove with it, and that is not its own.</summary>
internal static class GuestCopy
{
    /// <summary>A copy of a template.</summary>
    /// <param name="template">The template's document.</param>
    /// <param name="name">The copy's name.</param>
    /// <param name="uuid">The copy's UUID.</param>
    /// <param name="isOnly">Whether no other copy runs at the same time: one that is not has no disks, and MACs of its own.</param>
    internal static DomainDocument Of(string template, string name, Guid uuid, bool isOnly = true)
    {
        var document = DomainDocument.Parse(template);
        document.Name = name;
        document.Uuid = uuid;

        // Undefining removes the firmware's variables and the TPM's state. Where the document names none, libvirt names them after the copy; a type is that of the source.
        foreach (XElement nvram in document.Root.Elements("os").Elements("nvram"))
        {
            nvram.RemoveNodes();
            nvram.SetAttributeValue("type", null);
        }

        XElement[] devices = [.. document.Root.Elements("devices")];
        devices.Elements("tpm").Elements("backend").Where(backend => (string?)backend.Attribute("type") == "emulator").Elements("source").Remove();
        if (!isOnly)
        {
            devices.Elements("disk").Remove();
            devices.Elements("interface").Elements("mac").Remove();
        }

        return document;
    }

    /// <summary>Whether a copy that shares its disks with none has anything to boot from: a disk, or what the host gives it.</summary>
    internal static bool CanBoot(DomainDocument copy) => copy.Root.Elements("devices").Elements("disk").Any() || copy.Root.Elements("os").Elements("kernel").Any();
}
