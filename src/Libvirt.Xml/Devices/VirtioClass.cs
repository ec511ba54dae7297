namespace Libvirt.Xml.Devices;

/// <summary>What a virtio device is to its guest. The values are the virtio specification's device numbers.</summary>
public enum VirtioClass
{
    /// <summary>Network card.</summary>
    Net = 1,

    /// <summary>Block device.</summary>
    Block = 2,

    /// <summary>Console.</summary>
    Console = 3,

    /// <summary>Entropy source.</summary>
    Rng = 4,

    /// <summary>SCSI host.</summary>
    Scsi = 8,

    /// <summary>GPU.</summary>
    Gpu = 16,

    /// <summary>Input device.</summary>
    Input = 18,

    /// <summary>Socket transport.</summary>
    Vsock = 19,

    /// <summary>Crypto device.</summary>
    Crypto = 20,

    /// <summary>File system.</summary>
    FileSystem = 26,
}
