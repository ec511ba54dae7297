using System.Diagnostics;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>Runs programs as their users do: the tool, and <c>ssh</c> into the emulated machine.</summary>
internal static class Tool
{
    // An emulated machine on two busy processors: a migration of four seconds may take a hundred.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    /// <summary>Its lab; and neither the hosts that this user has given names nor this user's journal are part of a test.</summary>
    private static Dictionary<string, string> Own => new()
    {
        ["ORCHESTRATOR_LAB_FOLDER"] = VdpaLab.Folder,
        ["ORCHESTRATOR_STATE_DIR"] = Path.Combine(VdpaLab.Files, "state"),
        ["XDG_CONFIG_HOME"] = Path.Combine(VdpaLab.Folder, "no-configuration"),
    };

    /// <summary>Runs the tool.</summary>
    internal static Task<ToolResult> RunAsync(params string[] arguments) => RunAsync(new Dictionary<string, string>(), arguments);

    /// <summary>Runs the tool with variables.</summary>
    internal static Task<ToolResult> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        ProgramAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "orchestrator.dll"), .. arguments], Own.Concat(environment));

    /// <summary>Runs the tool, which has to end well.</summary>
    internal static async Task<ToolResult> DoAsync(params string[] arguments)
    {
        ToolResult result = await RunAsync(arguments);
        Assert.That(result.ExitCode, Is.Zero, $"{string.Join(' ', arguments)}: {result}");
        return result;
    }

    /// <summary>Starts the tool, for a test that does not let it end in peace.</summary>
    internal static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "orchestrator.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in Own)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a program to its end.</summary>
    internal static async Task<ToolResult> ProgramAsync(string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    /// <summary>Waits for a program to end.</summary>
    internal static async Task<ToolResult> EndAsync(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} did not end. {await output} {await error}");
        }

        return new(process.ExitCode, await output, await error);
    }
}

/// <summary>What a program left.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    internal JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public override string ToString() => $"exit {ExitCode}\n--- output\n{Output}\n--- error\n{Error}";
}
