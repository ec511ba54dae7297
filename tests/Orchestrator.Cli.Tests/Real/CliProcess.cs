using System.Diagnostics;
using System.Text;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The tool as its users run it: a process of its own.</summary>
internal sealed class CliProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan NightPatience = TimeSpan.FromMinutes(15);

    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly StringBuilder _output = new();
    private readonly Task _reading;

    private CliProcess(string[] arguments, IReadOnlyDictionary<string, string>? environment = null, string? redirection = null, bool group = false)
    {
        var start = new ProcessStartInfo(group ? "setsid" : redirection is null ? "dotnet" : "/bin/sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (redirection is not null)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"exec \"$0\" \"$@\" {redirection}");
            start.ArgumentList.Add("dotnet");
        }

        if (group)
        {
            start.ArgumentList.Add("dotnet");
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "orchestrator.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[LabFolderOption.Variable] = CliLab.Folder;

        // The hosts that this user has given names are no part of a test.
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(CliLab.Folder, "no-configuration");
        start.Environment.Remove("ORCHESTRATOR_CONFIG");
        start.Environment.Remove("ORCHESTRATOR_HOSTS");
        start.Environment.Remove("ORCHESTRATOR_STATE_DIR"); // the lab's folder has one
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput, _output), ReadAsync(_process.StandardError, _error));
    }

    internal int Pid => _process.Id;

    internal string Output => TextOf(_output);

    internal string Error => TextOf(_error);

    internal static CliProcess Start(params string[] arguments) => new(arguments);

    internal static CliProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) => new(arguments, environment);

    /// <summary>Starts it as a shell does: as the leader of a group of processes.</summary>
    internal static CliProcess StartGroup(IReadOnlyDictionary<string, string> environment, params string[] arguments) => new(arguments, environment, group: true);

    internal static async Task<CliResult> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = new CliProcess(arguments, environment);
        return await process.EndAsync();
    }

    internal static async Task<CliResult> RunAsync(params string[] arguments)
    {
        using CliProcess process = Start(arguments);
        return await process.EndAsync();
    }

    /// <summary>Runs it with its descriptors as a shell redirects them: <c>&gt;&amp;-</c>.</summary>
    internal static async Task<CliResult> RunRedirectedAsync(string redirection, params string[] arguments)
    {
        using var process = new CliProcess(arguments, redirection: redirection);
        return await process.EndAsync();
    }

    /// <summary>Waits until standard error contains a text.</summary>
    internal Task SeeAsync(string text) => SeeAsync(() => Error, text);

    /// <summary>Waits until standard output contains a text.</summary>
    internal Task SeeOutputAsync(string text) => SeeAsync(() => Output, text);

    private async Task SeeAsync(Func<string> written, string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!written().Contains(text, StringComparison.Ordinal))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > Patience)
            {
                Assert.Fail($"'{text}' never appeared. Standard output: {Output} Standard error: {Error}");
            }

            await Task.Delay(10);
        }
    }

    internal void Signal(string signal, bool group = false)
    {
        using Process kill = Process.Start("kill", ["-s", signal, "--", $"{(group ? "-" : "")}{_process.Id}"]);
        kill.WaitForExit();
        Assert.That(kill.ExitCode, Is.Zero);
    }

    /// <summary>Runs a plan, which takes as long as its migrations do.</summary>
    internal static async Task<CliResult> RunNightAsync(params string[] arguments)
    {
        using CliProcess process = Start(arguments);
        return await process.EndAsync(NightPatience);
    }

    internal async Task<CliResult> EndAsync(TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Patience);
        await _process.WaitForExitAsync(deadline.Token);
        await _reading;
        return new(_process.ExitCode, Output, Error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static async Task ReadAsync(StreamReader from, StringBuilder to)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer) is var read and > 0)
        {
            lock (to)
            {
                to.Append(buffer, 0, read);
            }
        }
    }

    private static string TextOf(StringBuilder written)
    {
        lock (written)
        {
            return written.ToString();
        }
    }
}

/// <summary>What a run of the tool left.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    internal System.Text.Json.JsonElement Json => System.Text.Json.JsonDocument.Parse(Output).RootElement;

    public override string ToString() => $"exit {ExitCode}\n--- output\n{Output}\n--- error\n{Error}";
}
