using System.Globalization;
using Libvirt.Xml;

namespace Orchestrator.Checks;

/// <summary>Figures and lists as people read them.</summary>
internal static class Words
{
    /// <summary>A version: <c>11.3.0</c>; <c>unknown</c> for 0.</summary>
    internal static string Version(long version) => version == 0 ? "unknown" : HostDialect.VersionText(version);

    /// <summary>The family of domain documents.</summary>
    internal static string Dialect(HostDialect dialect) => dialect.Name == DialectName.OpenEuler ? "openEuler" : "upstream";

    /// <summary>A limit of memory.</summary>
    internal static string Memory(long bytes) => bytes == long.MaxValue ? "unlimited"
        : bytes >= 1L << 30 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.#} MiB");

    /// <summary>The first few of a list.</summary>
    internal static string Some(IEnumerable<string> items, int most = 4)
    {
        string[] all = [.. items];
        return string.Join(", ", all.Take(most)) + (all.Length > most ? $" and {all.Length - most} more" : "");
    }
}
