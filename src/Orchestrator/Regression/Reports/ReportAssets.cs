using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Regression.Reports;

/// <summary>The style and the script of the page, which stand in it.</summary>
internal static class ReportAssets
{
    public static string Style { get; } = Read("report.css");

    public static string Script { get; } = Read("report.js");

    /// <summary>
    /// What the page may do: show itself. This style and this script alone are allowed, by their digests, so that nothing that came with a name could run even if it had been
    /// written unescaped; nothing is fetched from anywhere.
    /// </summary>
    public static string Policy { get; } =
        $"default-src 'none'; img-src data:; style-src '{Digest(Style)}'; script-src '{Digest(Script)}'; base-uri 'none'; form-action 'none'";

    private static string Digest(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Read(string name)
    {
        using Stream stream = typeof(ReportAssets).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the assembly");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
