using System.Text;

namespace Orchestrator.Configuration;

/// <summary>Where the configuration is read from.</summary>
public sealed record ConfigurationSources
{
    /// <summary>The variable that names a file in the place of the user's own.</summary>
    public const string FileVariable = "ORCHESTRATOR_CONFIG";

    /// <summary>The variable that holds hosts itself.</summary>
    public const string HostsVariable = "ORCHESTRATOR_HOSTS";

    /// <summary>The machine's file; <see langword="null"/> for none. Need not be there.</summary>
    public string? SystemFile { get; init; } = "/etc/orchestrator/hosts.yaml";

    /// <summary>The user's file; <see langword="null"/> for none.</summary>
    public string? UserFile { get; init; }

    /// <summary>Whether the user's file has to be there, because it was named.</summary>
    public bool IsUserFileNamed { get; init; }

    /// <summary>Hosts as the variable holds them; <see langword="null"/> for none.</summary>
    public string? Hosts { get; init; }

    /// <summary>The sources of this process: the XDG base directories and the variables.</summary>
    /// <param name="variable">Reads a variable.</param>
    public static ConfigurationSources Of(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string? named = Text(FileVariable);

        // The base directory specification: a relative path is invalid, and ignored.
        string? folder = Text("XDG_CONFIG_HOME") is { } xdg && Path.IsPathRooted(xdg) ? xdg
            : Text("HOME") is { } home && Path.IsPathRooted(home) ? Path.Combine(home, ".config")
            : null;
        return new()
        {
            UserFile = named ?? (folder is null ? null : Path.Combine(folder, "orchestrator", "hosts.yaml")),
            IsUserFileNamed = named is not null,
            Hosts = Text(HostsVariable),
        };

        string? Text(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>The documents that are there, the weakest first.</summary>
    /// <exception cref="ConfigurationException">One cannot be read, is too long, or is not UTF-8.</exception>
    internal IReadOnlyList<(SettingOrigin Source, string? Text)> Read()
    {
        var documents = new List<(SettingOrigin, string?)>();
        if (SystemFile is { } system)
        {
            Add(new(ConfigurationLayer.SystemFile, system), mustExist: false);
        }

        if (UserFile is { } user)
        {
            Add(new(ConfigurationLayer.UserFile, user), IsUserFileNamed);
        }

        if (Hosts is { } hosts)
        {
            var source = new SettingOrigin(ConfigurationLayer.Variable, HostsVariable);
            documents.Add((source, Encoding.UTF8.GetByteCount(hosts) > HostsDocument.MaxLength ? throw TooLong(source) : hosts));
        }

        return documents;

        void Add(SettingOrigin source, bool mustExist) => documents.Add((source, ReadFile(source, mustExist)));
    }

    private static string? ReadFile(SettingOrigin source, bool mustExist)
    {
        try
        {
            using FileStream file = File.OpenRead(source.Source);
            var bytes = new byte[HostsDocument.MaxLength + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length > HostsDocument.MaxLength ? throw TooLong(source) : Decode(bytes.AsSpan(0, length), source);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return mustExist ? throw new ConfigurationException(source, null, "there is no such file", $"{FileVariable} names it.") : null;
        }
        catch (UnauthorizedAccessException)
        {
            throw Directory.Exists(source.Source)
                ? new ConfigurationException(source, null, "this is a folder, not a file", "Name a file in it.")
                : new ConfigurationException(source, null, "this user may not read it", "Mend its permissions.");
        }
        catch (IOException e)
        {
            throw new ConfigurationException(source, null, $"it cannot be read: {e.Message}");
        }
    }

    /// <summary>The text of a file; says in which line and column it stops being UTF-8.</summary>
    internal static string Decode(ReadOnlySpan<byte> bytes, SettingOrigin source)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            ReadOnlySpan<byte> before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            int line = before.LastIndexOf((byte)'\n') + 1;
            throw new ConfigurationException(
                source with { Line = before.Count((byte)'\n') + 1, Column = Encoding.UTF8.GetCharCount(before[line..]) + 1 }, null, "this is not UTF-8", "Save the file as UTF-8.");
        }
    }

    private static ConfigurationException TooLong(SettingOrigin source) =>
        new(source, null, $"it is longer than {HostsDocument.MaxLength / 1024} KiB, and so no list of hosts");
}
