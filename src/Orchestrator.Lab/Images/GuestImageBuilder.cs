using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Images;

/// <summary>Makes the guest image in a folder of its own.</summary>
internal sealed class GuestImageBuilder(string workshop, ILogger log)
{
    private const string NoKernel = "Run 'apt-get update', and look whether 'apt-get download " + GuestRecipe.KernelPackage + "' works.";

    /// <summary>Makes <c>out/kernel</c>, <c>out/initramfs</c> and <c>out/collector</c>; returns the kernel package's name and version.</summary>
    public async Task<string> BuildAsync(CancellationToken cancellationToken)
    {
        var output = Directory.CreateDirectory(Path.Combine(workshop, "out")).FullName;
        var busybox = await ReadBusyboxAsync(cancellationToken).ConfigureAwait(false);
        var (package, root) = await FetchKernelAsync(cancellationToken).ConfigureAwait(false);
        var ticker = await CompileAsync("ticker", workshop, cancellationToken).ConfigureAwait(false);
        await CompileAsync("collector", output, cancellationToken).ConfigureAwait(false);

        File.Copy(Directory.GetFiles(Path.Combine(root, "boot"), "vmlinuz-*").Single(), Path.Combine(output, "kernel"));
        await using var file = File.Create(Path.Combine(output, "initramfs"));
        var archive = new CpioArchive(file);
        foreach (var folder in (string[])["bin", "dev", "modules", "proc", "sys"])
        {
            archive.AddFolder(folder);
        }

        archive.AddFile("init", GuestRecipe.Read("init.sh"));
        archive.AddFile("ticker", await File.ReadAllBytesAsync(ticker, cancellationToken).ConfigureAwait(false));
        archive.AddFile("bin/busybox", busybox);
        foreach (var module in GuestRecipe.Modules)
        {
            if (await ReadModuleAsync(root, module, cancellationToken).ConfigureAwait(false) is { } content)
            {
                archive.AddFile($"modules/{module}.ko", content);
            }
        }

        archive.Finish();
        return package;
    }

    /// <summary>The real package in the answer of <c>apt-cache depends METAPACKAGE</c>; <see langword="null"/> when none is named.</summary>
    internal static string? ParseDependency(string answer) => answer.Split('\n')
        .Select(line => line.Trim())
        .Where(line => line.StartsWith("Depends: linux-image-", StringComparison.Ordinal))
        .Select(line => line["Depends: ".Length..])
        .FirstOrDefault();

    private async Task<(string Package, string Root)> FetchKernelAsync(CancellationToken cancellationToken)
    {
        var answer = await Tool.RunAsync(Tool.Require("apt-cache", "apt"), ["depends", GuestRecipe.KernelPackage], workshop, cancellationToken)
            .ConfigureAwait(false);
        var name = ParseDependency(answer) ?? throw new LabException($"apt does not know {GuestRecipe.KernelPackage}.", NoKernel);
        Log.FetchingKernel(log, name);
        var download = Directory.CreateDirectory(Path.Combine(workshop, "download")).FullName;
        try
        {
            await Tool.RunAsync(Tool.Require("apt-get", "apt"), ["-qq", "download", name], download, cancellationToken).ConfigureAwait(false);
        }
        catch (LabException e)
        {
            throw new LabException(e.Message, NoKernel, innerException: e);
        }

        var package = Directory.GetFiles(download, "*.deb").Single();
        var root = Path.Combine(workshop, "root");
        await Tool.RunAsync(Tool.Require("dpkg-deb", "dpkg"), ["-x", package, root], workshop, cancellationToken).ConfigureAwait(false);
        return (Path.GetFileNameWithoutExtension(package), root);
    }

    // Not every kernel has it as a module. From Debian 13 on, modules are compressed.
    private static async Task<byte[]?> ReadModuleAsync(string root, string module, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(root, "lib", "modules");
        var path = Directory.EnumerateFiles(folder, module + ".ko*", SearchOption.AllDirectories).FirstOrDefault();
        if (path is not null && path.EndsWith(".xz", StringComparison.Ordinal))
        {
            await Tool.RunAsync(Tool.Require("xz", "xz-utils"), ["-d", path], root, cancellationToken).ConfigureAwait(false);
            path = path[..^3];
        }

        return path is null ? null : await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
    }

    private async Task<string> CompileAsync(string name, string folder, CancellationToken cancellationToken)
    {
        Log.Compiling(log, name);
        var source = Path.Combine(workshop, name + ".c");
        await File.WriteAllBytesAsync(source, GuestRecipe.Read(name + ".c"), cancellationToken).ConfigureAwait(false);
        var program = Path.Combine(folder, name);
        var compiler = Tool.Find("cc") ?? Tool.Require("gcc", "gcc (and libc6-dev)");
        await Tool.RunAsync(compiler, ["-O2", "-static", "-o", program, source], workshop, cancellationToken).ConfigureAwait(false);
        return program;
    }

    private static async Task<byte[]> ReadBusyboxAsync(CancellationToken cancellationToken)
    {
        var path = Tool.Require("busybox", "busybox-static");
        var program = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        // The package "busybox" has the same path, but needs libraries that the guest lacks; its header names their loader.
        return program.AsSpan(0, Math.Min(4096, program.Length)).IndexOf("/ld-linux"u8) < 0
            ? program
            : throw new LabException($"{path} is not statically linked.", "Install the Debian package busybox-static.");
    }
}
