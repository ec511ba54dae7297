namespace Orchestrator.Lab.Hosts;

/// <summary>The end of a log, for an error message.</summary>
internal static class LogTail
{
    private const int Lines = 8;

    /// <summary>The last lines of a log, in a sentence that names it.</summary>
    public static string Quote(string path)
    {
        try
        {
            var lines = File.ReadLines(path).TakeLast(Lines).ToList();
            return lines.Count > 0 ? $"{path} ends with: {string.Join(" | ", lines)}" : $"{path} is empty.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be read: {e.Message}";
        }
    }
}
