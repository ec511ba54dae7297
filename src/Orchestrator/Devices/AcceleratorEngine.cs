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
