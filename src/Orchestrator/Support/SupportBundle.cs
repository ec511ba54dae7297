using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Libvirt.Interop;
using Orchestrator.Configuration;
using Orchestrator.Hosts;
using Orchestrator.Recovery;
using Orchestrator.Regression.Reports;
using Orchestrator.Regression.Runs;
using Orchestrator.Regression.Store;

namespace Orchestrator.Support;

/// <summary>
/// One file for whoever is to find out what went wrong: versions, the configuration, the journal's open operations, a run with its evidence. All of it without secrets, as far as
/// they can be told; what cannot be read as text is left out, since nobody could say what is in it.
/// </summary>
public static class SupportBundle
{
    private const int MaxFile = 64 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private static readonly string[] Emulators = ["qemu-system-x86_64", "qemu-system-aarch64", "/usr/libexec/qemu-kvm", "qemu-kvm"];

    /// <summary>Writes a bundle, readable by its owner alone, whole or not at all.</summary>
    /// <param name="path">The file, <c>.tar.gz</c>.</param>
    /// <param name="sources">What it is made of.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The file could not be written, or one that was asked for could not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to.</exception>
    public static async Task<SupportContents> WriteAsync(string path, SupportSources sources, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(time);
        DateTimeOffset now = time.GetUtcNow();
        var bundle = new Collected();
        RegressionRun? run = AddRun(bundle, sources.RunFile);
        bundle.Add("versions.txt", await VersionsAsync(run, time, cancellationToken).ConfigureAwait(false));
        AddConfiguration(bundle, sources);
        AddJournal(bundle, sources.StateFolder);
        foreach (string file in sources.Files)
        {
            bundle.AddFile($"files/{Path.GetFileName(file)}", file, isAskedFor: true);
        }

        bundle.Entries.Insert(0, ("contents.txt", Contents(bundle)));
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full) || full.StartsWith("/dev/", StringComparison.Ordinal) || full.StartsWith("/proc/", StringComparison.Ordinal))
        {
            throw new IOException($"{path} is no regular file: a bundle can't be written there");
        }

        string temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            await WriteAsync(temporary, bundle.Entries, now, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return new(path, [.. bundle.Entries.Select(entry => new SupportEntry(entry.Name, Strict.GetByteCount(entry.Text)))], bundle.LeftOut);
    }

    private static async Task WriteAsync(string file, IReadOnlyList<(string Name, string Text)> entries, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string root = $"orchestrator-support-{now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
        var stream = new FileStream(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        await using (stream.ConfigureAwait(false))
        {
            var zip = new GZipStream(stream, CompressionLevel.Optimal);
            await using (zip.ConfigureAwait(false))
            {
                var tar = new TarWriter(zip, TarEntryFormat.Pax);
                await using (tar.ConfigureAwait(false))
                {
                    foreach ((string name, string text) in entries)
                    {
                        var entry = new PaxTarEntry(TarEntryType.RegularFile, $"{root}/{name}")
                        {
                            DataStream = new MemoryStream(Strict.GetBytes(text)),
                            ModificationTime = now,
                            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                        };
                        await tar.WriteEntryAsync(entry, cancellationToken).ConfigureAwait(false);
                    }
                }
            }
        }
    }

    private static RegressionRun? AddRun(Collected bundle, string? file)
    {
        if (file is null)
        {
            return null;
        }

        RegressionRun? run = null;
        try
        {
            run = RunFile.Load(file);
        }
        catch (InvalidDataException e)
        {
            bundle.LeftOut.Add($"the run's environment: {e.Message}"); // the file itself is put in: it may be the fault
        }

        string full = Path.GetFullPath(file);
        string folder = Path.GetDirectoryName(full)!;
        IEnumerable<string> files = Path.GetFileName(full) == RunFolder.FileName ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [full];
        foreach (string one in files)
        {
            bundle.AddFile($"run/{Path.GetRelativePath(folder, one)}", one, isAskedFor: one == full);
        }

        return run;
    }

    private static void AddConfiguration(Collected bundle, SupportSources sources)
    {
        (string Name, string? File)[] files = [("system-hosts.yaml", sources.Configuration.SystemFile), ("user-hosts.yaml", sources.Configuration.UserFile)];
        foreach ((string name, string? file) in files)
        {
            if (file is not null && File.Exists(file))
            {
                bundle.AddFile($"configuration/{name}", file, isAskedFor: false);
            }
        }

        if (sources.Configuration.Hosts is { } hosts)
        {
            bundle.Add($"configuration/{ConfigurationSources.HostsVariable}.yaml", Redaction.Of(hosts));
        }

        bundle.Add("configuration/environment.txt", string.Concat(sources.Variables
            .Where(variable => variable.Key.StartsWith("ORCHESTRATOR_", StringComparison.Ordinal) || variable.Key.StartsWith("LIBVIRT_", StringComparison.Ordinal) || variable.Key.StartsWith("XDG_", StringComparison.Ordinal)
                || variable.Key is "HOME" or "PATH" or "TZ" or "LANG" or "LC_ALL")
            .Where(variable => variable.Key != ConfigurationSources.HostsVariable)
            .OrderBy(variable => variable.Key, StringComparer.Ordinal)
            .Select(variable => $"{variable.Key}={(Redaction.IsSecret(variable.Key) ? Redaction.Mask : Redaction.OfText(variable.Value))}\n")));
    }

    private static void AddJournal(Collected bundle, string stateFolder)
    {
        try
        {
            using var journal = Journal.OpenExisting(stateFolder);
            if (journal is null)
            {
                bundle.LeftOut.Add($"the journal's open operations: there is no journal in {stateFolder}");
                return;
            }

            bundle.Add("journal.json", Redaction.Of(JsonSerializer.Serialize(journal.Unfinished(), SupportJson.Default.IReadOnlyListJournalOperation)));
        }
        catch (JournalException e)
        {
            bundle.LeftOut.Add($"the journal's open operations: {e.Message}");
        }
    }

    private static async Task<string> VersionsAsync(RegressionRun? run, TimeProvider time, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        Line("orchestrator", typeof(SupportBundle).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion);
        Line("runtime", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}");
        Line("system", Read("/etc/os-release")?.Split('\n').FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?["PRETTY_NAME=".Length..].Trim('"'));
        Line("kernel", Read("/proc/version"));
        Line("libvirt library", LibraryVersion());
        Line("libvirt daemon", await FirstLineAsync("libvirtd").ConfigureAwait(false) ?? await FirstLineAsync("virtqemud").ConfigureAwait(false));
        foreach (string emulator in Emulators)
        {
            if (await FirstLineAsync(emulator).ConfigureAwait(false) is { } version)
            {
                Line(emulator, version);
            }
        }

        if (run is not null)
        {
            Line("\nthe run was measured by", run.Environment.Tool);
            foreach ((string host, IReadOnlyDictionary<string, string> facts) in new[] { ("source", run.Environment.Source), ("destination", run.Environment.Destination) })
            {
                foreach ((string name, string value) in facts.OrderBy(fact => fact.Key, StringComparer.Ordinal))
                {
                    Line($"{host} {name}", value);
                }
            }
        }

        return Redaction.OfText(text.ToString());

        void Line(string name, string? value) => text.Append(CultureInfo.InvariantCulture, $"{name}: {value?.Trim() ?? "unknown"}\n");

        async Task<string?> FirstLineAsync(string program) =>
            (await HostProgram.OutputAsync(program, ["--version"], Patience, time, cancellationToken).ConfigureAwait(false))?.Split('\n')[0];
    }

    private static string? LibraryVersion()
    {
        try
        {
            long version = LibvirtConnection.LibraryVersion;
            return string.Create(CultureInfo.InvariantCulture, $"{version / 1_000_000}.{version / 1000 % 1000}.{version % 1000}");
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            return "not installed";
        }
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Contents(Collected bundle)
    {
        var text = new StringBuilder("Made by orchestrator support bundle. What sounds like a secret is masked (***); look through it all the same before you give it away.\n\n");
        foreach ((string name, string entry) in bundle.Entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Strict.GetByteCount(entry),10} {name}\n");
        }

        foreach (string reason in bundle.LeftOut)
        {
            text.Append(CultureInfo.InvariantCulture, $"left out: {reason}\n");
        }

        return text.ToString();
    }

    private sealed class Collected
    {
        internal List<(string Name, string Text)> Entries { get; } = [];

        internal List<string> LeftOut { get; } = [];

        internal void Add(string name, string text)
        {
            string unique = name;
            for (int i = 2; Entries.Exists(entry => entry.Name == unique); i++)
            {
                unique = $"{Path.ChangeExtension(name, null)}-{i.ToString(CultureInfo.InvariantCulture)}{Path.GetExtension(name)}";
            }

            Entries.Add((unique, text));
        }

        internal void AddFile(string name, string file, bool isAskedFor)
        {
            var info = new FileInfo(file);
            if (info.LinkTarget is not null && !isAskedFor)
            {
                LeftOut.Add($"{name}: a link to {info.LinkTarget}"); // what it leads to was not asked for
                return;
            }

            try
            {
                if (info.Length > MaxFile)
                {
                    LeftOut.Add($"{name}: longer than {MaxFile >> 20} MiB");
                    return;
                }

                string text = Strict.GetString(File.ReadAllBytes(file));
                if (text.Contains('\0', StringComparison.Ordinal))
                {
                    LeftOut.Add($"{name}: no text");
                    return;
                }

                Add(name, Redaction.Of(text));
            }
            catch (DecoderFallbackException)
            {
                LeftOut.Add($"{name}: no text");
            }
            catch (Exception e) when (!isAskedFor && e is (IOException or UnauthorizedAccessException))
            {
                LeftOut.Add($"{name}: {e.Message}");
            }
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<JournalOperation>))]
internal sealed partial class SupportJson : JsonSerializerContext;
