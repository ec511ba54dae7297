using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Faults;

/// <summary>A run of the tool, as its users run it.</summary>
internal sealed class ToolProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Task<string> _output;
    private readonly Task _reading;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly TaskCompletionSource _works = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _verifies = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ToolProcess(IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "orchestrator.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _reading = ReadErrorsAsync();
    }

    internal int Pid => _process.Id;

    internal bool HasEnded => _process.HasExited;

    /// <summary>Completes when it has reported any progress, and has begun to work by that.</summary>
    internal Task Works => _works.Task;

    /// <summary>Completes when it looks for what has become of the guest.</summary>
    internal Task Verifies => _verifies.Task;

    /// <summary>What it wrote to standard error.</summary>
    internal string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    internal static ToolProcess Start(IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments) => new(environment, arguments);

    internal static async Task<ToolRun> RunAsync(IReadOnlyDictionary<string, string> environment, TimeSpan patience, params IEnumerable<string> arguments)
    {
        await using ToolProcess tool = Start(environment, arguments);
        return await tool.EndAsync(patience);
    }

    /// <summary>Waits for its end; one that does not come is the result, too.</summary>
    internal async Task<ToolRun> EndAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return new(null, null, null, LastWords(), Stopwatch.GetElapsedTime(_began));
        }

        await _reading;
        return Understand(_process.ExitCode, await _output, Stopwatch.GetElapsedTime(_began));
    }

    /// <summary>Ends it, if it has not ended.</summary>
    internal async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private ToolRun Understand(int code, string output, TimeSpan took)
    {
        try
        {
            JsonElement document = JsonDocument.Parse(output).RootElement;
            document = document is { ValueKind: JsonValueKind.Array } several && several.GetArrayLength() > 0 ? several[0] : document; // a recovery tells of several
            JsonElement? error = Member(document, "error");
            return new(code, Text(document, "outcome"), Text(error, "code"), Text(error, "message") ?? Text(document, "message"), took)
            {
                DowntimeMs = Member(Member(document, "downtime"), "value_ms") is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null,
                Remedy = Text(error, "remedy") ?? Text(document, "remedy"),
                Output = output,
            };
        }
        catch (JsonException)
        {
            return new(code, null, null, LastWords(), took) { HasDocument = false, Output = output };
        }
    }

    private string LastWords() => string.Join(" | ", Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(3));

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                _errors.AppendLine(line);
            }

            if (line.Contains("\"stage\":", StringComparison.Ordinal))
            {
                _works.TrySetResult();
                if (line.Contains("\"stage\":\"verifying\"", StringComparison.Ordinal))
                {
                    _verifies.TrySetResult();
                }
            }
        }
    }

    private static JsonElement? Member(JsonElement? of, string name) =>
        of is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out JsonElement member) ? member : null;

    private static string? Text(JsonElement? of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
