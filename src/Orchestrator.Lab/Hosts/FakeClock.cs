using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Hosts;

/// <summary>Clocks that go wrong: libfaketime lets one process see another time of day. Its monotonic clock stays what it is, and nobody's real clock is touched.</summary>
internal static class FakeClock
{
    private const string Library = "faketime/libfaketimeMT.so.1";
    private static readonly string[] LibraryFolders = ["/usr/lib", "/usr/lib64"];

    private const string EmulatorFile = "emulator.clock";
    private const string DaemonFile = "daemon.clock";

    /// <summary>The file that holds the clock of a host's emulators; the wrapper of <see cref="WriteEmulator"/> reads it when a guest starts or comes in.</summary>
    public static string OfEmulators(string root) => Path.Combine(root, EmulatorFile);

    /// <summary>The file that holds the clock of a host's libvirt daemon.</summary>
    public static string OfDaemon(string root) => Path.Combine(root, DaemonFile);

    /// <summary>Writes a clock, or removes it.</summary>
    public static void Set(string file, string? clock, LabAccount account)
    {
        if (clock is null)
        {
            File.Delete(file);
            return;
        }

        _ = FindLibrary();
        File.WriteAllText(file, clock);
        account.Give(file);
    }

    /// <summary>What stands before the command of a host's daemon so that it sees the host's clock; nothing when that is right.</summary>
    public static IReadOnlyList<string> Prefix(string root) => File.Exists(OfDaemon(root))
        ? [Tool.Require("env", "coreutils"), $"LD_PRELOAD={FindLibrary()}", $"FAKETIME={File.ReadAllText(OfDaemon(root))}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        : [];

    /// <summary>
    /// Writes the emulator of guests that follow their host's clock. Its path travels with the guest, so that it tells the hosts apart by HOME, which is one of the few
    /// variables that libvirt leaves it.
    /// </summary>
    public static string WriteEmulator(string labFolder)
    {
        var path = Path.Combine(labFolder, "emulator");
        var script = $"""
            #!/bin/sh
            unset LD_PRELOAD
            if [ -r "$HOME/{EmulatorFile}" ]; then
              FAKETIME=$(cat "$HOME/{EmulatorFile}") FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD={FindLibrary()}
              export FAKETIME FAKETIME_DONT_FAKE_MONOTONIC LD_PRELOAD
            fi
            exec {Tool.Require("qemu-system-x86_64", "qemu-system-x86")} "$@"

            """;
        var temporary = $"{path}.{Guid.NewGuid():N}";
        File.WriteAllText(temporary, script);
        File.SetUnixFileMode(temporary, (UnixFileMode)0b111_101_101);
        File.Move(temporary, path, overwrite: true);
        return path;
    }

    private static string FindLibrary() => LibraryFolders
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.GetDirectories(folder, "*-linux-gnu*").Append(folder))
        .Select(folder => Path.Combine(folder, Library))
        .FirstOrDefault(File.Exists) ?? throw new LabException("The lab needs libfaketime to fake a clock, which is not installed.", "Install the Debian package faketime.");
}
