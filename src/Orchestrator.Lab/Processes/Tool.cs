using System.Diagnostics;

namespace Orchestrator.Lab.Processes;

/// <summary>Runs programs of the system.</summary>
internal static class Tool
{
    /// <summary>Where programs are looked for: the user's own path, and the folders of daemons that it often lacks.</summary>
    public static string SearchPath { get; } =
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";

    /// <summary>The path of a program, or <see langword="null"/>.</summary>
    public static string? Find(string name) =>
        SearchPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>The path of a program.</summary>
    /// <exception cref="LabException">It is not installed; the remedy names the Debian package.</exception>
    public static string Require(string name, string package) =>
        Find(name) ?? throw new LabException($"The lab needs {name}, which is not installed.", $"Install the Debian package {package}.");

    /// <summary>Runs a program to its end and returns what it wrote to its standard output.</summary>
    /// <exception cref="LabException">It failed; the message quotes what it wrote.</exception>
    public static async Task<string> RunAsync(string file, IReadOnlyList<string> arguments, string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            if (process.ExitCode != 0)
            {
                throw new LabException(
                    $"{file} {string.Join(' ', arguments)} failed ({process.ExitCode}): {(await errors.ConfigureAwait(false)).Trim()}");
            }

            return await output.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
