using System.Globalization;

namespace Orchestrator.Hosts;

/// <summary>Files below a root folder of this machine: <c>/</c>, or a made tree. A path or a symbolic link cannot lead out of the root.</summary>
/// <param name="root">The folder that stands for <c>/</c>.</param>
internal sealed class LocalFiles(string root) : IFileSource
{
    private const int Busy = 16; // EBUSY
    private const int MaxLinks = 40; // as the kernel's

    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    /// <summary>Whether these are the files of the running machine.</summary>
    internal bool IsMachine => _root is "/" or "";

    /// <inheritdoc/>
    public bool Exists(string path) => Find(path) is { } real && Path.Exists(real);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
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

    /// <inheritdoc/>
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

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public FileOwner? Owner(string path) => Find(path) is { } real ? Posix.Owner(real) : null;

    /// <inheritdoc/>
    public string? Resolve(string path) => Find(path) is { } real && Path.Exists(real) ? (IsMachine ? real : real[_root.Length..]) : null;

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public string RootRemedy => "Do it as root.";

    /// <inheritdoc/>
    public IFileSource Ahead(string folder, IReadOnlyList<string> names) => this;

    /// <inheritdoc/>
    public (IReadOnlyList<(int Pid, string Node)> Open, bool Complete) OpenDevices()
    {
        var found = new List<(int, string)>();

        // A /proc that hides other users' processes (hidepid) hides the first one too.
        bool complete = !IsMachine || MayList("/proc/1/fd") == true;
        foreach (string entry in List("/proc"))
        {
            if (int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
            {
                IReadOnlyList<string> open = List($"/proc/{pid}/fd");
                complete &= open.Count > 0 || MayList($"/proc/{pid}/fd") != false; // null is a process that has ended
                found.AddRange(open.Select(fd => LinkTarget($"/proc/{pid}/fd/{fd}")).OfType<string>().Where(target => target.StartsWith("/dev/", StringComparison.Ordinal)).Select(target => (pid, target)));
            }
        }

        return (found, complete);
    }

    /// <inheritdoc/>
    public NodeState Try(string node)
    {
        // Plain files of a made tree would always open.
        if (!IsMachine || !Exists(node))
        {
            return NodeState.Free;
        }

        try
        {
            File.OpenHandle(node, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return NodeState.Free;
        }
        catch (IOException e)
        {
            // A group that may not be opened for another reason (not all of it is bound to VFIO) has no user.
            return e.HResult == Busy ? NodeState.Busy : NodeState.Free;
        }
        catch (UnauthorizedAccessException)
        {
            return NodeState.Closed;
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
