using System.Reflection;
using System.Security.Cryptography;

namespace Orchestrator.Lab.Images;

/// <summary>What the guest and its collector are made of, apart from the kernel. It travels inside this assembly.</summary>
internal static class GuestRecipe
{
    /// <summary>The kernel modules the guest loads, by file name without extension, if the kernel has them as modules: the power button and the device that reports it.</summary>
    public static readonly IReadOnlyList<string> Modules = ["button", "evdev"];

    /// <summary>The package that depends on the newest kernel for clouds.</summary>
    public const string KernelPackage = "linux-image-cloud-amd64";

    // Part of the key of the cache: to be raised when the code that follows the recipe changes what comes out.
    private const string Version = "1";

    private static readonly string[] Sources = ["init.sh", "ticker.c", "collector.c"];

    /// <summary>The text of a source.</summary>
    public static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in this assembly.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A short name for exactly this recipe.</summary>
    public static string Key()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(string.Join(' ', [Version, KernelPackage, .. Modules])));
        foreach (var source in Sources)
        {
            hash.AppendData(Read(source));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
