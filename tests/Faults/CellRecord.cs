using System.Text.Json.Serialization;

namespace Faults;

/// <summary>What became of a cell: a line of the record.</summary>
internal sealed record CellRecord
{
    public required string Mode { get; init; }

    public required string Fault { get; init; }

    public required string Phase { get; init; }

    /// <summary>Whether the fault struck inside its phase.</summary>
    public required bool Hit { get; init; }

    /// <summary>In which phase it struck.</summary>
    public required string Struck { get; init; }

    public required int Tries { get; init; }

    public int? ExitCode { get; init; }

    public string? Outcome { get; init; }

    public string? Message { get; init; }

    /// <summary>Where the guest was in the end.</summary>
    public required string Place { get; init; }

    /// <summary>Whether both hosts had a copy after the first recovery, and a person chose.</summary>
    public bool Chosen { get; init; }

    public int? RecoverExitCode { get; init; }

    public double RecoverSeconds { get; init; }

    public double? NextDowntimeMs { get; init; }

    public required double Seconds { get; init; }

    public required IReadOnlyList<string> Problems { get; init; }

    public required BothFacts AtItsEnd { get; init; }

    public required BothFacts Settled { get; init; }

    /// <summary>The events, and what the tool said: only of a cell with problems.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    public string? RecoverOutput { get; init; }

    internal static CellRecord Of(CellEvidence evidence, IReadOnlyList<string> problems, int tries, TimeSpan took, IReadOnlyList<string> events) => new()
    {
        Mode = FaultCell.Word(evidence.Cell.Mode),
        Fault = FaultCell.Word(evidence.Cell.Fault),
        Phase = FaultCell.Word(evidence.Cell.Phase),
        Hit = evidence.Struck == evidence.Cell.Phase,
        Struck = FaultCell.Word(evidence.Struck),
        Tries = tries,
        ExitCode = evidence.Migration?.ExitCode,
        Outcome = evidence.Migration is null ? "(killed)" : evidence.Migration.Outcome ?? evidence.Migration.ErrorCode,
        Message = evidence.Migration?.Message,
        Place = FaultCell.Word(evidence.Settled.Place),
        Chosen = evidence.Undecided is not null,
        RecoverExitCode = evidence.Recovery?.ExitCode,
        RecoverSeconds = Math.Round(evidence.Recovery?.Took.TotalSeconds ?? 0, 1),
        NextDowntimeMs = evidence.Next?.DowntimeMs,
        Seconds = Math.Round(took.TotalSeconds, 1),
        Problems = problems,
        AtItsEnd = evidence.AtItsEnd,
        Settled = evidence.Settled,
        Events = problems.Count > 0 ? events : null,
        RecoverOutput = problems.Count > 0 ? evidence.Undecided?.Recovery.Output + evidence.Recovery?.Output : null,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CellRecord))]
internal sealed partial class CellJson : JsonSerializerContext;
