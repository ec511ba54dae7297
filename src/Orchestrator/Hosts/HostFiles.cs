namespace Orchestrator.Hosts;

/// <summary>
/// The files of a host: of this machine, of a made tree that stands for one in tests, or of another machine over SSH. Paths are the host's own, absolute; a path or a symbolic
/// link cannot lead out of a made tree. Another machine that is lost is a <see cref="HostUnreachableException"/>.
/// </summary>
public sealed class HostFiles
{
    private readonly IFileSource _source;

    /// <summary>The files below a folder of this machine.</summary>
    /// <param name="root">The folder that stands for <c>/</c>.</param>
    public HostFiles(string root = "/")
        : this(new LocalFiles(root))
    {
    }

    internal HostFiles(IFileSource source) => _source = source;

    /// <summary>Whether these are the files of the running machine.</summary>
    public bool IsMachine => _source is LocalFiles { IsMachine: true };

    /// <summary>Whether these are files of this machine, and not of another one: of the running machine, or of a made tree.</summary>
    internal bool AreHere => _source is LocalFiles;

    /// <summary>What lets this user do what root may, in a sentence.</summary>
    internal string RootRemedy => _source.RootRemedy;

    /// <summary>Whether a file, folder or device node is there.</summary>
    /// <param name="path">The path.</param>
    public bool Exists(string path) => _source.Exists(path);

    /// <summary>The text of a file without the white space at its ends; <see langword="null"/> when there is none, or it cannot be read (sysfs refuses some reads).</summary>
    /// <param name="path">The path.</param>
    public string? ReadText(string path) => _source.ReadText(path);

    /// <summary>Writes to a file that is there, as sysfs wants it: in one piece, without truncating first.</summary>
    /// <param name="path">The path.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="IOException">The kernel refused the value; the message is its own.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Write(string path, string text) => _source.Write(path, text);

    /// <summary>The names in a folder, in order; none when it is not there or may not be read.</summary>
    /// <param name="path">The folder.</param>
    public IReadOnlyList<string> List(string path) => _source.List(path);

    /// <summary>Whether this user may list a folder; <see langword="null"/> when it is not there.</summary>
    /// <param name="path">The folder.</param>
    public bool? MayList(string path) => _source.MayList(path);

    /// <summary>Owner and mode of a file or device node; <see langword="null"/> when it is not there.</summary>
    /// <param name="path">The path.</param>
    public FileOwner? Owner(string path) => _source.Owner(path);

    /// <summary>The path with every symbolic link followed, as the host sees it; <see langword="null"/> when it leads nowhere.</summary>
    /// <param name="path">The path.</param>
    public string? Resolve(string path) => _source.Resolve(path);

    /// <summary>What a symbolic link says, as it is written; <see langword="null"/> when there is none or it may not be read.</summary>
    /// <param name="path">The link; links on the way to it are followed.</param>
    public string? LinkTarget(string path) => _source.LinkTarget(path);

    /// <inheritdoc cref="IFileSource.Ahead"/>
    internal HostFiles Ahead(string folder, params IReadOnlyList<string> names) => _source.Ahead(folder, names) is var seen && seen == _source ? this : new(seen);

    /// <inheritdoc cref="IFileSource.OpenDevices"/>
    internal (IReadOnlyList<(int Pid, string Node)> Open, bool Complete) OpenDevices() => _source.OpenDevices();

    /// <inheritdoc cref="IFileSource.Try"/>
    internal NodeState Try(string node) => _source.Try(node);
}
