using System.Diagnostics;

namespace Benchmarks;

/// <summary>Runs another program to its end.</summary>
internal static class Command
{
    /// <summary>Runs a program; what it prints on standard output. Throws when it fails.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await EndAsync(program, arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with code {exitCode}: {errors}");
    }

    /// <summary>Runs a program; what it prints on standard output, however it ends. Throws when that is nothing.</summary>
    public static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await EndAsync(program, arguments);
        return output.Length > 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with code {exitCode}: {errors}");
    }

    /// <summary>Runs a program; the milliseconds from its start to its end.</summary>
    public static async Task<double> TimeAsync(string program, params string[] arguments)
    {
        long start = Stopwatch.GetTimestamp();
        _ = await RunAsync(program, arguments);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<(int ExitCode, string Output, string Errors)> EndAsync(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C" },
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, errors);
    }
}
