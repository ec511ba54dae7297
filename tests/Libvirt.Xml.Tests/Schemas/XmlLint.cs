using System.Diagnostics;
using System.Xml.Linq;

namespace Libvirt.Xml.Tests.Schemas;

/// <summary>What xmllint says of a document and a RELAX NG grammar.</summary>
internal sealed record XmlLint(bool Valid, string Output)
{
    private const int Refused = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly XNamespace RelaxNg = "http://relaxng.org/ns/structure/1.0";

    /// <summary>openEuler's grammar, ours.</summary>
    internal static string OpenEuler { get; } = Path.Combine(AppContext.BaseDirectory, "schemas", "domain-openeuler.rng");

    /// <summary>The installed libvirt's grammar, which ours includes.</summary>
    internal static string Stock { get; } = (string)Include(XDocument.Load(OpenEuler));

    /// <summary>Where a grammar says what it includes.</summary>
    internal static XAttribute Include(XDocument grammar) => grammar.Root!.Elements(RelaxNg + "include").Single().Attribute("href")!;

    internal static async Task<XmlLint> ValidateAsync(string grammar, string document)
    {
        using Process process = Process.Start(new ProcessStartInfo("xmllint", ["--nonet", "--noout", "--relaxng", grammar, "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var deadline = new CancellationTokenSource(Patience);
        Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.StandardInput.WriteAsync(document.AsMemory(), deadline.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"xmllint did not end within {Patience}");
        }

        // A grammar that doesn't compile or a document that isn't XML must not pass for a refusal.
        string text = await output + await error;
        Assert.That(process.ExitCode, Is.Zero.Or.EqualTo(Refused), text);
        return new(process.ExitCode == 0, text);
    }
}
