namespace Orchestrator.Migration.Mapping;

/// <summary>How a device that does not migrate is taken out of the guest for the migration, and put in again.</summary>
/// <param name="Why">Why it does not migrate.</param>
/// <param name="SourceXml">What is attached again on the source where the guest stays there.</param>
/// <param name="DestinationXml">What is attached on the destination; <see langword="null"/> when nothing there fits.</param>
/// <param name="QemuId">QEMU's id of a device that libvirt does not know; <see langword="null"/> for one that libvirt detaches.</param>
public sealed record DeviceDetachment(string Why, string SourceXml, string? DestinationXml, string? QemuId)
{
    /// <summary>Which of QEMU's reasons not to migrate go with it.</summary>
    internal IReadOnlyList<string> Reasons { get; init; } = [];
}
