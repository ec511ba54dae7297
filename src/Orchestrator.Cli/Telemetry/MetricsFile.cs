namespace Orchestrator.Cli;

/// <summary>
/// The file for node_exporter's textfile collector. Each process adds what it measured to what stands there, so that the counters count all of them; the file is replaced
/// in one step, so that nobody reads half of it.
/// </summary>
internal static class MetricsFile
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Adds what was measured.</summary>
    /// <exception cref="IOException">The file cannot be read or written, or another process keeps it too long.</exception>
    /// <exception cref="FormatException">The file holds something else; it was left as it is.</exception>
    internal static async Task AddAsync(string path, IReadOnlyList<MetricFamily> measured, TimeProvider time)
    {
        string full = Path.GetFullPath(path);
        string hidden = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}");
        await using FileStream held = await LockAsync($"{hidden}.lock", time).ConfigureAwait(false);
        IReadOnlyList<MetricFamily> before = File.Exists(full) ? PrometheusText.Read(await File.ReadAllTextAsync(full).ConfigureAwait(false)) : [];
        string made = $"{hidden}.new";
        await File.WriteAllTextAsync(made, PrometheusText.Write(MetricFamily.Sum(before, measured))).ConfigureAwait(false);
        File.Move(made, full, overwrite: true);
    }

    /// <summary>The lock's file stays: if it were removed, two processes could each hold one of the same name.</summary>
    private static async Task<FileStream> LockAsync(string path, TimeProvider time)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path) && time.GetElapsedTime(began) < LockPatience)
            {
                await Task.Delay(LockInterval, time).ConfigureAwait(false); // another process adds its own
            }
        }
    }
}
