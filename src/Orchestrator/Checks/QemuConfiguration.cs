using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Checks;

/// <summary>The settings of a host's <c>qemu.conf</c> that matter to migrations and devices. What it does not set has libvirt's default.</summary>
public sealed partial record QemuConfiguration
{
    /// <summary>The account of QEMU processes, by name or <c>+number</c>; <see langword="null"/> for the distribution's own.</summary>
    public string? User { get; init; }

    /// <summary>The first port of incoming migrations.</summary>
    public int MigrationPortMin { get; init; } = 49152;

    /// <summary>The last port of incoming migrations.</summary>
    public int MigrationPortMax { get; init; } = 49215;

    /// <summary>Whether lines of QEMU's log carry their time.</summary>
    public bool LogTimestamp { get; init; } = true;

    /// <summary>The device nodes that every guest may open; <see langword="null"/> for libvirt's own list.</summary>
    public IReadOnlyList<string>? DeviceAcl { get; init; }

    /// <summary>Reads a <c>qemu.conf</c>.</summary>
    /// <param name="text">The file.</param>
    public static QemuConfiguration Parse(string text)
    {
        var defaults = new QemuConfiguration();
        string? user = null;
        int min = defaults.MigrationPortMin;
        int max = defaults.MigrationPortMax;
        bool timestamp = true;
        IReadOnlyList<string>? acl = null;
        foreach (Match setting in Setting().Matches(text))
        {
            string value = setting.Groups["value"].Value;
            switch (setting.Groups["name"].Value)
            {
                case "user":
                    user = value.Trim('"', '\'');
                    break;
                case "migration_port_min":
                    min = Number(value, min);
                    break;
                case "migration_port_max":
                    max = Number(value, max);
                    break;
                case "log_timestamp":
                    timestamp = Number(value, 1) != 0;
                    break;
                case "cgroup_device_acl":
                    acl = [.. Item().Matches(value).Where(item => item.Groups["text"].Success).Select(item => item.Groups["text"].Value)];
                    break;
            }
        }

        return new() { User = user, MigrationPortMin = min, MigrationPortMax = max, LogTimestamp = timestamp, DeviceAcl = acl };
    }

    private static int Number(string text, int otherwise) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    // libvirt's grammar: NAME = number, "text" or [ "text", … ] over several lines; a # begins a comment, also inside a list.
    [GeneratedRegex("""^[ \t]*(?<name>\w+)[ \t]*=[ \t]*(?<value>\[[^\]]*\]|"[^"\n]*"|'[^'\n]*'|\d+)""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Setting();

    [GeneratedRegex("""#[^\n]*|"(?<text>[^"\n]*)"|'(?<text>[^'\n]*)'""", RegexOptions.CultureInvariant)]
    private static partial Regex Item();
}
