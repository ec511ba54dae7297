using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Lifecycle;

/// <summary>What is claimed: a domain, or a device of a host.</summary>
public sealed record ClaimKey
{
    // The name of a socket has room for 107 bytes; what is longer is told apart by its digest.
    private const int LongestResource = 45;

    private ClaimKey(string name) => Name = name;

    /// <summary>The name of the socket, without the NUL that makes it abstract.</summary>
    public string Name { get; }

    /// <summary>A domain, wherever it runs: the two copies of a migrating guest are one domain.</summary>
    /// <param name="uuid">The domain.</param>
    public static ClaimKey OfDomain(Guid uuid) => new($"orchestrator/domain/{uuid}");

    /// <summary>A device of a host, so that it is never given to two domains.</summary>
    /// <param name="host">The host's UUID.</param>
    /// <param name="resource">The device: <c>/dev/vhost-vdpa-0</c>, <c>0000:31:00.1</c>.</param>
    public static ClaimKey OfDevice(Guid host, string resource)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(resource);
        return new($"orchestrator/device/{host}/{(bytes.Length <= LongestResource ? resource : Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16)))}");
    }

    /// <summary>The night of a plan on a host: whoever has it is the process that runs it.</summary>
    /// <param name="plan">The plan's name.</param>
    /// <param name="sourceUri">The source's URI, without a password.</param>
    internal static ClaimKey OfNight(string plan, string sourceUri) =>
        new($"orchestrator/night/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{plan}\n{sourceUri}")).AsSpan(0, 16))}");

    /// <inheritdoc/>
    public override string ToString() => Name;
}
