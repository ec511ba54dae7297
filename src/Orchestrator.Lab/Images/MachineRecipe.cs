using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Lab.Images;

/// <summary>What the emulated machine is made of, apart from Debian's packages. It travels inside this assembly.</summary>
internal static class MachineRecipe
{
    /// <summary>The Debian release of the machine: the first one with a kernel, a libvirt and a QEMU that are new enough together.</summary>
    public const string Suite = "trixie";

    /// <summary>The script that makes the image.</summary>
    public const string Script = "image.sh";

    /// <summary>The files of the recipe.</summary>
    public static readonly IReadOnlyList<string> Files =
        [Script, "tree.sh", "first.sh", "machine.sh", "host.sh", "70-vhost-vdpa.rules", "sudoers", "init.sh", "ticker.c"];

    /// <summary>A short name for exactly this recipe.</summary>
    public static string Key()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Suite));
        foreach (var file in Files)
        {
            hash.AppendData(GuestRecipe.Read(file));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
