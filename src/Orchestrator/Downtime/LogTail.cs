using System.Text;

namespace Orchestrator.Downtime;

/// <summary>Reads a slice of a log of which only the end of each part can be fetched: over SSH, or through libvirt.</summary>
internal static class LogTail
{
    /// <summary>How much of a part is fetched at the most. virtlogd begins a new one at 2 MiB.</summary>
    public const int MostBytes = 16 << 20;

    private const int OldestRotation = 9;
    private const int HeadBytes = 16 * 1024;

    /// <summary>The lines that matter since a time, from as many parts as hold them.</summary>
    /// <param name="path">The log's path on its host.</param>
    /// <param name="earliest">The earliest time that matters, on the host's clock.</param>
    /// <param name="fetch">Gives the end of a part, by its path; <see langword="null"/> when there is no such part.</param>
    public static async Task<LogEvidence> ReadAsync(string path, DateTimeOffset earliest, Func<string, Task<byte[]?>> fetch)
    {
        var parts = new Stack<byte[]>();
        for (var n = -1; n <= OldestRotation; n++)
        {
            if (await fetch(n < 0 ? path : $"{path}.{n}").ConfigureAwait(false) is not { } part)
            {
                break;
            }

            parts.Push(part);
            var head = Encoding.Latin1.GetString(part, 0, Math.Min(part.Length, HeadBytes)).Split('\n');
            if (part.Length >= MostBytes || head.Select(LogStamp.Find).FirstOrDefault(stamp => stamp is not null) < earliest)
            {
                break;
            }
        }

        return parts.Count == 0 ? new LogEvidence { Path = path, Problem = $"{path} does not exist there" } : QemuLog.ReadParts(path, parts.Select(part => new MemoryStream(part)), earliest);
    }
}
