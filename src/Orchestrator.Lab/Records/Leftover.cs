namespace Orchestrator.Lab.Records;

/// <summary>What shall become of a lab's folder that another process made.</summary>
internal enum LabFate
{
    /// <summary>It is somebody's.</summary>
    Keep,

    /// <summary>Nobody's: end its processes and remove it.</summary>
    Remove,

    /// <summary>Unknown whose: something lives in it, so it stays, and a person is told.</summary>
    Report,
}

/// <summary>Decides what is left over.</summary>
internal static class Leftover
{
    /// <summary>
    /// A record is written, under the lock, together with its folder: a folder without one is what a killed creator left. A record that
    /// cannot be understood names no owner, so what lives there is not ours to end.
    /// </summary>
    public static LabFate Judge(RecordReading reading, bool ownerIsAlive, bool somethingLives) => reading switch
    {
        { Record: { Owner: null } } => LabFate.Keep,
        { Record: not null } => ownerIsAlive ? LabFate.Keep : LabFate.Remove,
        { IsMissing: true } => LabFate.Remove,
        _ => somethingLives ? LabFate.Report : LabFate.Remove,
    };
}
