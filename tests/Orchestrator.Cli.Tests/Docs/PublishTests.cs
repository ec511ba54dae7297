using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;

namespace Orchestrator.Cli.Tests.Docs;

/// <summary>What eng/publish hands out is complete and works away from the repository.</summary>
[Category("Long")]
public class PublishTests
{
    private static readonly string[] Libraries = ["Libvirt.Interop", "Libvirt.Xml", "Orchestrator"];

    private string _folder = "";

    [OneTimeSetUp]
    public void Publish()
    {
        _folder = Directory.CreateTempSubdirectory("opub-").FullName;
        string root = typeof(PublishTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;
        (int code, string output) = Run("bash", Path.Combine(root, "eng", "publish"), _folder);
        Assert.That(code, Is.Zero, output);
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Single_file_is_alone_and_starts() => Assert.Multiple(() =>
    {
        string file = Path.Combine(_folder, "linux-x64", "orchestrator");
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(file)!), Is.EqualTo(new[] { file }));
        Assert.That(Run(file, "--version").Code, Is.Zero);
        (int code, string output) = Run(file, "--json", "migrate", "web1", "--from", "qemu+unix:///session?socket=/nonexistent", "--to", "test:///default");
        Assert.That(code, Is.EqualTo(ExitCode.Unreachable), output);
        Assert.That(output, Does.Contain("\"error\""));
    });

    [Test]
    public void Build_for_any_architecture_starts() => Assert.Multiple(() =>
    {
        Assert.That(Run("dotnet", Path.Combine(_folder, "any", "orchestrator.dll"), "--version").Code, Is.Zero);
        Assert.That(Directory.GetFiles(Path.Combine(_folder, "any"), "*.so", SearchOption.AllDirectories), Is.Empty);
    });

    [TestCaseSource(nameof(Libraries))]
    public void Package_brings_its_documentation_and_symbols(string library)
    {
        string[] package = Entries(library + ".*.nupkg");
        string[] symbols = Entries(library + ".*.snupkg");
        string assembly = library == "Orchestrator" ? "Orchestrator.Core" : library;

        Assert.Multiple(() =>
        {
            Assert.That(package, Does.Contain("README.md"));
            Assert.That(package, Does.Contain($"lib/net10.0/{assembly}.dll"));
            Assert.That(package, Does.Contain($"lib/net10.0/{assembly}.xml"));
            Assert.That(symbols, Does.Contain($"lib/net10.0/{assembly}.pdb"));
        });
    }

    [Test]
    public void Tool_package_carries_the_tool() =>
        Assert.That(Entries("Orchestrator.Cli.*.nupkg"), Does.Contain("tools/net10.0/any/orchestrator.dll").And.Contain("tools/net10.0/any/Orchestrator.Core.dll"));

    private string[] Entries(string pattern)
    {
        // Orchestrator.*.nupkg would match Orchestrator.Cli too: a version follows the name.
        string file = Directory.GetFiles(Path.Combine(_folder, "packages"), pattern)
            .Single(f => char.IsAsciiDigit(Path.GetFileName(f)[pattern.IndexOf('*', StringComparison.Ordinal)]));
        using ZipArchive archive = ZipFile.OpenRead(file);
        return [.. archive.Entries.Select(e => e.FullName)];
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
