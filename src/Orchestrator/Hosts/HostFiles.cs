namespace Orchestrator.Hosts;

/// <summary>
/// The files of a host below a root folder: <c>/</c> for this machine, a made tree in tests. Paths are the host's own, absolute; a path or a symbolic
/// link cannot lead out of the root.
/// </summary>
/// <param name="root">The folder that stands for <c>/</c>.</param>
public sealed class HostFiles(string root = "/")
{
    private const int MaxLinks = 40; // as the kernel's

    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    /// <summary>Whether these are the files of the running machine.</summary>
    public bool IsMachine => _root is "/" or "";

    /// <summary>Whether a file, folder or device node is there.</summary>
    /// <param name="path">The path.</param>
    public bool Exists(string path) => Find(path) is { } real && Path.Exists(real);

    /// <summary>The text of a file without the white space at its ends; <see langword="null"/> when there is none, or it cannot be read (sysfs refuses some reads).</summary>
    /// <param name="path">The path.</param>
    public string? ReadText(string path)
    {
        try
        {
            return Find(path) is { } real && File.Exists(real) ? File.ReadAllText(real).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes to a file that is there, as sysfs wants it: in one piece, without truncating first.</summary>
    /// <param name="path">The path.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="IOException">The kernel refused the value; the message is its own.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Write(string path, string text)
    {
        string real = Find(path) ?? throw new FileNotFoundException($"{path} is not there", path);
        using var file = new FileStream(real, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        if (!IsMachine)
        {
            file.SetLength(file.Position); // a plain file in the place of a kernel's attribute
        }
    }

    /// <summary>The names in a folder, in order; none when it is not there or may not be read.</summary>
    /// <param name="path">The folder.</param>
    public IReadOnlyList<string> List(string path)
    {
        try
        {
            return Find(path) is { } real && Directory.Exists(real)
                ? [.. Directory.EnumerateFileSystemEntries(real).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)]
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Whether this user may list a folder; <see langword="null"/> when it is not there.</summary>
    /// <param name="path">The folder.</param>
    public bool? MayList(string path)
    {
        if (Find(path) is not { } real || !Directory.Exists(real))
        {
            return null;
        }

        try
        {
            using IEnumerator<string> entries = Directory.EnumerateFileSystemEntries(real).GetEnumerator();
            entries.MoveNext();
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return null; // gone in between, as a process's folder is
        }
    }

    /// <summary>Owner and mode of a file or device node; <see langword="null"/> when it is not there.</summary>
    /// <param name="path">The path.</param>
    public FileOwner? Owner(string path) => Find(path) is { } real ? Posix.Owner(real) : null;

    /// <summary>The path with every symbolic link followed, as the host sees it; <see langword="null"/> when it leads nowhere.</summary>
    /// <param name="path">The path.</param>
    public string? Resolve(string path) => Find(path) is { } real && Path.Exists(real) ? (IsMachine ? real : real[_root.Length..]) : null;

    /// <summary>What a symbolic link says, as it is written; <see langword="null"/> when there is none or it may not be read.</summary>
    /// <param name="path">The link; links on the way to it are followed.</param>
    public string? LinkTarget(string path)
    {
        try
        {
            return Find(Path.GetDirectoryName(path) ?? "/") is { } folder ? new FileInfo(Path.Combine(folder, Path.GetFileName(path))).LinkTarget : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The real path of a host's path, links followed inside the root.</summary>
    private string? Find(string path)
    {
        if (!path.StartsWith('/'))
        {
            throw new ArgumentException($"'{path}' is not an absolute path", nameof(path));
        }

        var open = new Stack<string>(Parts(path).Reverse());
        var done = new List<string>();
        for (int links = 0; open.TryPop(out string? part);)
        {
            if (part == "..")
            {
                if (done.Count > 0)
                {
                    done.RemoveAt(done.Count - 1);
                }

                continue;
            }

            string here = $"{(_root == "/" ? "" : _root)}/{string.Join('/', done.Append(part))}";
            if (new FileInfo(here).LinkTarget is not { } target)
            {
                done.Add(part);
                continue;
            }

            if (++links > MaxLinks)
            {
                return null;
            }

            if (target.StartsWith('/'))
            {
                done.Clear();
            }

            foreach (string next in Parts(target).Reverse())
            {
                open.Push(next);
            }
        }

        return $"{(_root == "/" ? "" : _root)}/{string.Join('/', done)}";

        static IEnumerable<string> Parts(string text) => text.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");
    }
}
