using System.Text.Json.Serialization;

namespace Orchestrator.Devices;

/// <summary>The engines of the Kunpeng accelerator (KAE) that virtual machines can have functions of.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AcceleratorEngine>))]
public enum AcceleratorEngine
{
    /// <summary>Compression.</summary>
    [JsonStringEnumMemberName("zip")]
    Zip,

    /// <summary>Symmetric ciphers and digests.</summary>
    [JsonStringEnumMemberName("sec")]
    Sec,

    /// <summary>RSA, Diffie-Hellman and elliptic curves.</summary>
    [JsonStringEnumMemberName("hpre")]
    Hpre,
}

/// <summary>What the kernel calls the engines.</summary>
internal static class Accelerator
{
    internal const int Vendor = 0x19e5;

    private static readonly (AcceleratorEngine Engine, int Physical, int Virtual, string Driver)[] Engines =
    [
        (AcceleratorEngine.Zip, 0xa250, 0xa251, "hisi_zip"),
        (AcceleratorEngine.Sec, 0xa255, 0xa256, "hisi_sec2"),
        (AcceleratorEngine.Hpre, 0xa258, 0xa259, "hisi_hpre"),
    ];

    /// <summary>The engine that a function belongs to, by its ids.</summary>
    internal static AcceleratorEngine? EngineOf(int? vendor, int? product) =>
        vendor == Vendor && Engines.FirstOrDefault(engine => engine.Physical == product || engine.Virtual == product) is { Driver: not null } found ? found.Engine : null;

    /// <summary>Whether a function is the physical one of an engine.</summary>
    internal static bool IsPhysical(int? vendor, int? product) => vendor == Vendor && Engines.Any(engine => engine.Physical == product);

    /// <summary>The driver of an engine on the host itself, which is its module too.</summary>
    internal static string DriverOf(AcceleratorEngine engine) => Engines.First(known => known.Engine == engine).Driver;

    /// <summary>Reads the name of an engine; <see langword="null"/> for a name of none.</summary>
    internal static AcceleratorEngine? Parse(string name) =>
        name.ToLowerInvariant() switch { "zip" => AcceleratorEngine.Zip, "sec" => AcceleratorEngine.Sec, "hpre" => AcceleratorEngine.Hpre, _ => null };

    /// <summary>The name of an engine, as it is written on command lines and in documents.</summary>
    internal static string NameOf(AcceleratorEngine engine) => engine.ToString().ToLowerInvariant();
}
