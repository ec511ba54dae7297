using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Images;

/// <summary>The files of the emulated machine, kept in the user's cache: made once (640 MB), then shared by all labs, each of which writes to a layer of its own.</summary>
/// <param name="Kernel">The machine's kernel.</param>
/// <param name="Initramfs">Its first file system, in memory.</param>
/// <param name="Disk">Its disk.</param>
/// <param name="Emulator">The command that runs it, a QEMU of the machine's own release; to be followed by arguments.</param>
internal sealed record MachineImage(string Kernel, string Initramfs, string Disk, IReadOnlyList<string> Emulator)
{
    // 500 MB are fetched, and five modules compiled: two minutes on two processors.
    private static readonly TimeSpan BuilderPatience = TimeSpan.FromMinutes(30);

    // Not the guest image's: that one is built under another lock.
    private const string Workshop = ".build-machine-";

    private const string Remedy = "Run 'apt-get update' and try again; about 3 GB are needed in the cache folder while the image is made.";

    /// <summary>Makes sure that the image exists and is of this recipe. Several processes may ask at once.</summary>
    /// <exception cref="LabException">Something that is needed is not installed, or could not be fetched.</exception>
    public static async Task<MachineImage> EnsureAsync(LabOptions options, ILogger log, CancellationToken cancellationToken)
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw new LabException($"The lab's emulated machine is x86-64; this one is {RuntimeInformation.OSArchitecture}.");
        }

        var folder = Path.Combine(options.CacheFolder, $"machine-{MachineRecipe.Key()}");
        if (Directory.Exists(folder))
        {
            return In(folder);
        }

        Directory.CreateDirectory(options.CacheFolder);
        using var alone = await FileLock.AcquireAsync(Path.Combine(options.CacheFolder, "machine.lock"), BuilderPatience, options.Time, cancellationToken).ConfigureAwait(false);
        if (Directory.Exists(folder))
        {
            return In(folder);
        }

        RemoveLeftovers(options.CacheFolder);
        var workshop = Directory.CreateDirectory(Path.Combine(options.CacheFolder, $"{Workshop}{Guid.NewGuid():N}"));
        try
        {
            await BuildAsync(workshop.FullName, log, cancellationToken).ConfigureAwait(false);
            foreach (var old in Directory.GetDirectories(options.CacheFolder, "machine-*"))
            {
                Directory.Delete(old, recursive: true); // of another recipe; machines that run have it open
            }

            // Whoever finds the folder finds all of it.
            Directory.Move(Path.Combine(workshop.FullName, "out"), folder);
        }
        finally
        {
            workshop.Delete(recursive: true);
        }

        return In(folder);
    }

    /// <summary>Deletes what builds that were killed have left: up to 3 GB each. Only under the lock.</summary>
    internal static void RemoveLeftovers(string cache)
    {
        foreach (var workshop in Directory.GetDirectories(cache, Workshop + "*"))
        {
            // A killed build may have left this machine's own /dev mounted in it.
            if (File.ReadLines("/proc/self/mountinfo").Any(line => line.Contains($"/{Path.GetFileName(workshop)}/", StringComparison.Ordinal)))
            {
                continue;
            }

            try
            {
                Directory.Delete(workshop, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Still written to by what the killed one had started, or root's: the next build finds it again.
            }
        }
    }

    private static MachineImage In(string folder)
    {
        var qemu = Path.Combine(folder, "qemu");
        return new(
            Path.Combine(folder, "kernel"), Path.Combine(folder, "initramfs"), Path.Combine(folder, "disk"),
            [Path.Combine(qemu, "lib", "ld-linux-x86-64.so.2"), "--library-path", Path.Combine(qemu, "lib"), Path.Combine(qemu, "qemu-system-x86_64"), "-L", Path.Combine(qemu, "share")]);
    }

    private static async Task BuildAsync(string workshop, ILogger log, CancellationToken cancellationToken)
    {
        if (Posix.EffectiveUserId != 0)
        {
            throw new LabException(
                "The emulated machine's image is not in the cache, and only root can make it: a Debian system is installed into a folder.",
                "Run 'sudo env XDG_CACHE_HOME=FOLDER orchestrator lab up --vdpa' once, with the folder that holds your own cache; afterwards it needs no root.");
        }

        Tool.Require("mmdebstrap", "mmdebstrap");
        Tool.Require("mke2fs", "e2fsprogs");
        Tool.Require("xz", "xz-utils");
        foreach (var file in MachineRecipe.Files)
        {
            await File.WriteAllBytesAsync(Path.Combine(workshop, file), GuestRecipe.Read(file), cancellationToken).ConfigureAwait(false);
        }

        var script = Path.Combine(workshop, MachineRecipe.Script);
        File.SetUnixFileMode(script, GuestImage.ForAll);
        Log.BuildingMachine(log, MachineRecipe.Suite);
        try
        {
            await Tool.RunAsync(script, [MachineRecipe.Suite], workshop, cancellationToken, line => Log.BuildStep(log, line), new() { ["TMPDIR"] = workshop }).ConfigureAwait(false);
        }
        catch (LabException e)
        {
            throw new LabException(e.Message, Remedy, innerException: e);
        }
    }
}
