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
    /// <param name="file">The program's path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Where it works.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="heard">Hears each line of its standard error when it is written.</param>
    /// <param name="variables">What its environment has beside ours.</param>
    /// <exception cref="LabException">It failed; the message quotes what it wrote.</exception>
    public static async Task<string> RunAsync(
        string file, IReadOnlyList<string> arguments, string folder, CancellationToken cancellationToken, Action<string>? heard = null, Dictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = ReadAsync(process.StandardError, heard, cancellationToken);
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

    private static async Task<string> ReadAsync(StreamReader reader, Action<string>? heard, CancellationToken cancellationToken)
    {
        if (heard is null)
        {
            return await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        }

        var text = new System.Text.StringBuilder();
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            heard(line);
            text.AppendLine(line);
        }

        return text.ToString();
    }
}
