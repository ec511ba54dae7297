using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Orchestrator.Recovery;

/// <summary>
/// What was intended, on the disk before it is done, so that another process can finish or undo it. Several processes and threads may use one journal. Blocks for the
/// milliseconds of a write.
/// </summary>
public sealed class Journal : IDisposable
{
    /// <summary>The journal's file in its folder.</summary>
    public const string FileName = "journal.db";

    private const string Columns = "SELECT id, intent, owner, policy, phase, started, ended, outcome, message FROM operation";

    private readonly JournalFile _file;
    private readonly StoredText _text;
    private readonly TimeProvider _time;

    private Journal(JournalFile file, TimeProvider time)
    {
        _file = file;
        _text = new(file.Damaged);
        _time = time;
    }

    /// <summary>Opens the journal of a folder, and makes both if they are not there.</summary>
    /// <param name="folder">The folder: see <see cref="StateFolder"/>.</param>
    /// <param name="time">Where time comes from.</param>
    /// <exception cref="JournalException">It cannot be used.</exception>
    public static Journal Open(string folder, TimeProvider? time = null) => Open(folder, time, JournalSchema.Scripts);

    /// <summary>Opens the journal of a folder if there is one; <see langword="null"/> when nothing was ever written there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="time">Where time comes from.</param>
    /// <exception cref="JournalException">It cannot be used.</exception>
    public static Journal? OpenExisting(string folder, TimeProvider? time = null) => File.Exists(Path.Combine(folder, FileName)) ? Open(folder, time) : null;

    internal static Journal Open(string folder, TimeProvider? time, IReadOnlyList<string> scripts)
    {
        string full = Path.GetFullPath(folder);
        StateFolder.Create(full);
        return new(JournalFile.Open(Path.Combine(full, FileName), scripts), time ?? TimeProvider.System);
    }

    /// <summary>Writes down what is about to be done; it is on the disk when this returns.</summary>
    /// <param name="intent">What.</param>
    public JournalOperation Begin(JournalIntent intent) => Begin(intent, id: null);

    /// <summary>The same under an id that the log tells already.</summary>
    internal JournalOperation Begin(JournalIntent intent, Guid? id)
    {
        ArgumentNullException.ThrowIfNull(intent);
        DateTimeOffset now = _time.GetUtcNow();
        var operation = new JournalOperation
        {
            Id = id ?? Guid.CreateVersion7(now),
            Intent = intent.Redacted(),
            Owner = OperationOwner.Here,
            Started = now,
            Phase = OperationPhase.Planned,
            Policy = intent.Policy,
            Steps = [],
        };
        _file.Run(
            "INSERT INTO operation (id, domain, intent, owner, policy, phase, started) VALUES ($id, $domain, $intent, $owner, $policy, $phase, $started)",
            ("$id", $"{operation.Id}"), ("$domain", $"{intent.DomainUuid}"), ("$intent", JsonSerializer.Serialize(operation.Intent, JournalJson.Default.JournalIntent)),
            ("$owner", JsonSerializer.Serialize(operation.Owner, JournalJson.Default.OperationOwner)), ("$policy", intent.Policy), ("$phase", StoredText.Of(operation.Phase, JournalJson.Default.OperationPhase)),
            ("$started", StoredText.Of(now)));
        return operation;
    }

    /// <summary>Writes down how far an unfinished operation has come, before its next effect.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="phase">The phase that begins.</param>
    public void SetPhase(Guid id, OperationPhase phase) =>
        Require(_file.Run("UPDATE operation SET phase = $phase WHERE id = $id AND ended IS NULL", ("$id", $"{id}"), ("$phase", StoredText.Of(phase, JournalJson.Default.OperationPhase))), id);

    /// <summary>Writes down an effect that is about to be made, with what undoing it needs.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="kind">What it is: <c>vdpa-create</c>.</param>
    /// <param name="detail">What undoing it needs, as JSON.</param>
    /// <returns>The step's number.</returns>
    public long BeginStep(Guid id, string kind, string detail) => _file.Transact(() =>
    {
        Require(_file.Run(
            "INSERT INTO step (operation, kind, detail, started) SELECT id, $kind, $detail, $started FROM operation WHERE id = $id AND ended IS NULL",
            ("$id", $"{id}"), ("$kind", kind), ("$detail", detail), ("$started", StoredText.Of(_time.GetUtcNow()))), id);
        return _file.Read("SELECT last_insert_rowid()", row => row.GetInt64(0))[0];
    });

    /// <summary>Settles an effect: it is kept for good, or it is undone. Once; what was settled before stays so.</summary>
    /// <param name="step">The step.</param>
    /// <param name="undone">Whether it was undone, or never came about.</param>
    public void EndStep(long step, bool undone) => _file.Run(
        "UPDATE step SET ended = $ended, undone = $undone WHERE id = $id AND ended IS NULL",
        ("$id", step), ("$ended", StoredText.Of(_time.GetUtcNow())), ("$undone", undone ? 1 : 0));

    /// <summary>Sets another policy for an unfinished operation, whoever drives it: the driver looks for it.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="policy">The policy, as JSON.</param>
    public void SetPolicy(Guid id, string policy) =>
        Require(_file.Run("UPDATE operation SET policy = $policy WHERE id = $id AND ended IS NULL", ("$id", $"{id}"), ("$policy", policy)), id);

    /// <summary>The policy that holds for an operation, as JSON; <see langword="null"/> when it has none. One look into an index: cheap enough for every poll.</summary>
    /// <param name="id">The operation.</param>
    public string? GetPolicy(Guid id) => _file.Read("SELECT policy FROM operation WHERE id = $id", row => TextAt(row, 0), ("$id", $"{id}")).FirstOrDefault();

    /// <summary>Writes down the end of an operation. Once; what ended before stays as it is.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="outcome">How it ended: <c>completed</c>.</param>
    /// <param name="message">The same in a sentence.</param>
    public void End(Guid id, string outcome, string message) => _file.Run(
        "UPDATE operation SET ended = $ended, outcome = $outcome, message = $message WHERE id = $id AND ended IS NULL",
        ("$id", $"{id}"), ("$ended", StoredText.Of(_time.GetUtcNow())), ("$outcome", outcome), ("$message", message));

    /// <summary>The operations that have not ended, the oldest first. Some may be running right now: their domains' claims tell.</summary>
    public IReadOnlyList<JournalOperation> Unfinished() => Operations("WHERE ended IS NULL ORDER BY started, id");

    /// <summary>The operations of a domain, the oldest first.</summary>
    /// <param name="domain">The domain.</param>
    public IReadOnlyList<JournalOperation> Find(Guid domain) => Operations("WHERE domain = $domain ORDER BY started, id", ("$domain", $"{domain}"));

    /// <summary>One operation; <see langword="null"/> when there is none of this id.</summary>
    /// <param name="id">The operation.</param>
    public JournalOperation? Get(Guid id) => Operations("WHERE id = $id", ("$id", $"{id}")).FirstOrDefault();

    /// <summary>Forgets operations that ended long ago.</summary>
    /// <param name="age">How long ago.</param>
    /// <returns>How many were forgotten.</returns>
    public int Prune(TimeSpan age) => _file.Run("DELETE FROM operation WHERE ended IS NOT NULL AND ended < $before", ("$before", StoredText.Of(_time.GetUtcNow() - age)));

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    // One transaction: an operation and its steps are of one moment.
    private List<JournalOperation> Operations(string where, params (string Name, object? Value)[] parameters) => _file.Transact(
        () => _file.Read($"{Columns} {where}", Operation, parameters).ConvertAll(operation => operation with { Steps = Steps(operation.Id) }), writes: false);

    private List<JournalStep> Steps(Guid operation) => _file.Read(
        "SELECT id, kind, detail, started, ended, undone FROM step WHERE operation = $operation ORDER BY id",
        row => new JournalStep(row.GetInt64(0), row.GetString(1), row.GetString(2), _text.Time(row.GetString(3)), TextAt(row, 4) is { } ended ? _text.Time(ended) : null, row.GetInt64(5) != 0),
        ("$operation", $"{operation}"));

    private JournalOperation Operation(SqliteDataReader row) => new()
    {
        Id = Guid.Parse(row.GetString(0)),
        Intent = _text.Parse(row.GetString(1), JournalJson.Default.JournalIntent),
        Owner = _text.Parse(row.GetString(2), JournalJson.Default.OperationOwner),
        Policy = TextAt(row, 3),
        Phase = _text.Name(row.GetString(4), JournalJson.Default.OperationPhase),
        Started = _text.Time(row.GetString(5)),
        Ended = TextAt(row, 6) is { } ended ? _text.Time(ended) : null,
        Outcome = TextAt(row, 7),
        Message = TextAt(row, 8),
        Steps = [],
    };

    private static string? TextAt(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static void Require(int changed, Guid id)
    {
        if (changed == 0)
        {
            throw new InvalidOperationException($"The journal has no unfinished operation {id}.");
        }
    }
}
