namespace Libvirt.Xml.Tests.Devices;

/// <summary>Small documents for the tests.</summary>
internal static class Domain
{
    internal static DomainDocument With(string devices) => DomainDocument.Parse($"<domain type='kvm'>\n  <devices>\n    {devices}\n  </devices>\n</domain>");

    internal static DomainDocument WithArguments(params string[] arguments) => DomainDocument.Parse(
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n  <qemu:commandline>\n"
        + string.Concat(arguments.Select(argument => $"    <qemu:arg value='{argument}'/>\n")) + "  </qemu:commandline>\n</domain>");
}
