using System.Text.Json;

namespace Orchestrator.Downtime;

/// <summary>Evidence on disk, to be judged again later.</summary>
public static class EvidenceFile
{
    /// <summary>The format that this version writes and reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>Writes the evidence whole or not at all: into a new file beside the target, renamed onto it in the end.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="evidence">The evidence.</param>
    /// <exception cref="IOException">The file could not be written, or the path is not that of a regular file.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to write it.</exception>
    public static void Save(string path, MigrationEvidence evidence)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(evidence);
        var target = Path.GetFullPath(path);

        // Renaming onto a device would replace the device for everyone.
        if (Directory.Exists(target) || target.StartsWith("/dev/", StringComparison.Ordinal) || target.StartsWith("/proc/", StringComparison.Ordinal))
        {
            throw new IOException($"{path} is not a regular file: evidence can't be saved there");
        }

        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                JsonSerializer.Serialize(file, evidence, DowntimeJson.Default.MigrationEvidence);
                file.WriteByte((byte)'\n');
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads evidence that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is not evidence of a known format; the message says why.</exception>
    /// <exception cref="IOException">The file could not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no right to read it.</exception>
    public static MigrationEvidence Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().Trim(" \t\r\n\0"u8).IsEmpty)
        {
            throw new InvalidDataException($"{path} is empty");
        }

        using var document = Read(path, bytes);
        CheckFormat(path, document.RootElement);
        try
        {
            return document.RootElement.Deserialize(DowntimeJson.Default.MigrationEvidence)
                ?? throw new InvalidDataException($"{path} holds no evidence");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is not an evidence file: {e.Message}", e);
        }
    }

    private static JsonDocument Read(string path, byte[] bytes)
    {
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException e) when (IsBeginOfJson(bytes))
        {
            throw new InvalidDataException($"{path} is truncated: it ends in the middle of the document", e);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is not an evidence file: {e.Message}", e);
        }
    }

    private static void CheckFormat(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format_version", out var version))
        {
            throw new InvalidDataException($"{path} is not an evidence file: it has no format_version");
        }

        if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number != FormatVersion)
        {
            throw new InvalidDataException($"{path} has format_version {version.GetRawText()}; this version reads {FormatVersion}");
        }
    }

    /// <summary>Whether the bytes are JSON as far as they go.</summary>
    private static bool IsBeginOfJson(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, state: default);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
