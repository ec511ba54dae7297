using System.Text.Json;

namespace Orchestrator.Lab.Records;

/// <summary>The file <c>lab.json</c> in a lab's folder.</summary>
internal static class RecordFile
{
    /// <summary>The record's path.</summary>
    public static string In(string labFolder) => Path.Combine(labFolder, "lab.json");

    /// <summary>Writes the record so that a reader sees the old one or the new one, never a part.</summary>
    public static void Write(string labFolder, LabRecord record)
    {
        var next = In(labFolder) + ".new";
        File.WriteAllText(next, JsonSerializer.Serialize(record, LabJson.Default.LabRecord));
        File.Move(next, In(labFolder), overwrite: true);
    }

    /// <summary>Reads the record.</summary>
    public static RecordReading Read(string labFolder)
    {
        try
        {
            return Parse(File.ReadAllText(In(labFolder)));
        }
        catch (FileNotFoundException)
        {
            return new RecordReading(null, IsMissing: true);
        }
        catch (DirectoryNotFoundException)
        {
            return new RecordReading(null, IsMissing: true);
        }
    }

    /// <summary>Understands a record's text; half a record, or one of a newer format, is no record.</summary>
    public static RecordReading Parse(string text)
    {
        try
        {
            var record = JsonSerializer.Deserialize(text, LabJson.Default.LabRecord);
            return new RecordReading(record is { FormatVersion: <= LabRecord.CurrentFormat, Ports: not null } ? record : null, IsMissing: false);
        }
        catch (JsonException)
        {
            return new RecordReading(null, IsMissing: false);
        }
    }
}

/// <summary>A record as it was found.</summary>
/// <param name="Record">The record; <see langword="null"/> when there is none that can be understood.</param>
/// <param name="IsMissing">Whether there is no file at all.</param>
internal readonly record struct RecordReading(LabRecord? Record, bool IsMissing);
