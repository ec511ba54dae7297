using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Images;

/// <summary>The files of the ticking guest, kept in the user's cache: made once, then shared by all labs.</summary>
/// <param name="Kernel">The guest's kernel.</param>
/// <param name="Initramfs">Its file system, in memory.</param>
/// <param name="Collector">The program that collects what the guest says.</param>
public sealed record GuestImage(string Kernel, string Initramfs, string Collector)
{
    // Slow machines and slow mirrors: 27 MB are fetched, and two C files compiled.
    private static readonly TimeSpan BuilderPatience = TimeSpan.FromMinutes(5);

    /// <summary>Where images are kept: <c>$XDG_CACHE_HOME/orchestrator</c>, or <c>~/.cache/orchestrator</c>.</summary>
    public static string DefaultCacheFolder { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache)
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "orchestrator");

    /// <summary>
    /// Makes sure that the image exists: with a warm cache at once, else in some seconds, by fetching Debian's kernel for clouds (without
    /// installing it) and compiling the guest's programs. Several processes may ask at once.
    /// </summary>
    /// <param name="options">Where the cache is.</param>
    /// <param name="loggerFactory">Hears about the steps.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LabException">Something that is needed is not installed, or the kernel could not be fetched.</exception>
    public static async Task<GuestImage> EnsureAsync(LabOptions options, ILoggerFactory? loggerFactory, CancellationToken cancellationToken)
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw new LabException($"The lab's guest is made for x86-64; this machine is {RuntimeInformation.OSArchitecture}.");
        }

        var cache = options.CacheFolder;
        if (Find(cache) is { } present)
        {
            return present;
        }

        Directory.CreateDirectory(cache);
        using var alone = await FileLock.AcquireAsync(Path.Combine(cache, "lock"), BuilderPatience, options.Time, cancellationToken).ConfigureAwait(false);
        if (Find(cache) is { } built)
        {
            return built;
        }

        var workshop = Directory.CreateDirectory(Path.Combine(cache, $".build-{Guid.NewGuid():N}"));
        try
        {
            var kernel = await new GuestImageBuilder(workshop.FullName, Log.For(loggerFactory)).BuildAsync(cancellationToken).ConfigureAwait(false);
            // Whoever finds the folder finds all of it.
            Directory.Move(Path.Combine(workshop.FullName, "out"), Path.Combine(cache, $"{Prefix()}{kernel}"));
        }
        finally
        {
            workshop.Delete(recursive: true);
        }

        return Find(cache) ?? throw new LabException($"The guest image was made, but is not in {cache}.");
    }

    /// <summary>Copies the image to where the lab's account can read it: a user's own cache is often closed to others.</summary>
    internal GuestImage CopyTo(string folder)
    {
        LabFolder.Make(folder);
        return new GuestImage(Copy(Kernel), Copy(Initramfs), Copy(Collector));

        string Copy(string file)
        {
            var copy = Path.Combine(folder, Path.GetFileName(file));
            if (!File.Exists(copy))
            {
                var partial = copy + ".new";
                File.Copy(file, partial, overwrite: true);
                File.SetUnixFileMode(partial, ForAll);
                File.Move(partial, copy);
            }

            return copy;
        }
    }

    internal const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static string Prefix() => $"guest-{GuestRecipe.Key()}-";

    // Any kernel will do: asking apt for the newest each time would cost more than the rest of a lab's start.
    private static GuestImage? Find(string cache) => Directory.Exists(cache)
        && Directory.GetDirectories(cache, Prefix() + "*").Order(StringComparer.Ordinal).LastOrDefault() is { } folder
            ? new GuestImage(Path.Combine(folder, "kernel"), Path.Combine(folder, "initramfs"), Path.Combine(folder, "collector"))
            : null;
}
