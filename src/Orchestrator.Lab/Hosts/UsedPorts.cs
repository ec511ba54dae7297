using System.Globalization;

namespace Orchestrator.Lab.Hosts;

/// <summary>Which local TCP ports are in use.</summary>
internal static class UsedPorts
{
    /// <summary>Asks the kernel.</summary>
    public static IReadOnlySet<int> Read() =>
        ((string[])["/proc/net/tcp", "/proc/net/tcp6"]).Where(File.Exists).SelectMany(f => Parse(File.ReadLines(f))).ToHashSet();

    /// <summary>Understands the lines of <c>/proc/net/tcp</c>: <c>0: 0100007F:5000 00000000:0000 0A …</c>.</summary>
    public static IEnumerable<int> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 1 && fields[1].LastIndexOf(':') is var colon and > 0
                && int.TryParse(fields[1].AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port))
            {
                yield return port;
            }
        }
    }
}
