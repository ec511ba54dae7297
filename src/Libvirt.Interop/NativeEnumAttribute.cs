namespace Libvirt.Interop;

/// <summary>
/// Says which C constants an enumeration mirrors: the prefix and the member's name, without regard to case and underscores, are the C name.
/// A test checks every value against the installed libvirt.
/// </summary>
[AttributeUsage(AttributeTargets.Enum)]
internal sealed class NativeEnumAttribute(string prefix) : Attribute
{
    public string Prefix { get; } = prefix;
}
