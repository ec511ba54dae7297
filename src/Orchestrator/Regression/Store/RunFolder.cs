using System.Text;
using System.Text.Json;
using Orchestrator.Recovery;
using Orchestrator.Regression.Runs;

namespace Orchestrator.Regression.Store;

/// <summary>The folder of a run's artefacts: <c>regress/PLAN/RUN</c> in the state folder, with <c>run.json</c>, its evidence and its reports.</summary>
public static class RunFolder
{
    /// <summary>The run's document in it.</summary>
    public const string FileName = "run.json";

    /// <summary>Where it is. A character of the plan's name that could lead elsewhere is written as <c>%</c> and its number.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="plan">The plan's name.</param>
    /// <param name="id">The run.</param>
    public static string Of(string stateFolder, string plan, string id) => Path.Combine(stateFolder, "regress", Segment(plan), Segment(id));

    /// <summary>Makes the folder, for its owner alone, and writes the run's document into it, at once or not at all.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="run">The run.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">We may not write it.</exception>
    public static string Write(string stateFolder, RegressionRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        StateFolder.Create(stateFolder);
        string folder = Of(stateFolder, run.Plan, run.Id);
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, FileName);
        File.WriteAllText($"{file}.new", JsonSerializer.Serialize(run, RunJson.Default.RegressionRun));
        File.Move($"{file}.new", file, overwrite: true);
        return folder;
    }

    /// <summary>Removes the folder with all that is in it, and that of its plan when it was the last.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="plan">The plan's name.</param>
    /// <param name="id">The run.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">We may not remove it.</exception>
    public static bool Remove(string stateFolder, string plan, string id)
    {
        string folder = Of(stateFolder, plan, id);
        if (!Directory.Exists(folder))
        {
            return false;
        }

        Directory.Delete(folder, recursive: true);
        string parent = Path.GetDirectoryName(folder)!;
        if (!Directory.EnumerateFileSystemEntries(parent).Any())
        {
            Directory.Delete(parent);
        }

        return true;
    }

    private static string Segment(string name)
    {
        var segment = new StringBuilder(name.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            // A dot is one of a name, but for the first, which could be that of the folder above.
            bool plain = char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' || (b == (byte)'.' && segment.Length > 0);
            segment.Append(plain ? (char)b : $"%{b:X2}");
        }

        return segment.Length > 0 ? segment.ToString() : "%";
    }
}
