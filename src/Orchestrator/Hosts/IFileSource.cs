namespace Orchestrator.Hosts;

/// <summary>Where the files of a host come from: a folder of this machine, or another machine. Paths are the host's own, absolute.</summary>
internal interface IFileSource
{
    /// <summary>Whether a file, folder or device node is there.</summary>
    /// <param name="path">The path.</param>
    bool Exists(string path);

    /// <summary>The text of a file without the white space at its ends; <see langword="null"/> when there is none, or it cannot be read (sysfs refuses some reads).</summary>
    /// <param name="path">The path.</param>
    string? ReadText(string path);

    /// <summary>Writes to a file that is there, as sysfs wants it: in one piece, without truncating first.</summary>
    /// <param name="path">The path.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="IOException">The kernel refused the value; the message is its own.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    void Write(string path, string text);

    /// <summary>The names in a folder, in order; none when it is not there or may not be read.</summary>
    /// <param name="path">The folder.</param>
    IReadOnlyList<string> List(string path);

    /// <summary>Whether this user may list a folder; <see langword="null"/> when it is not there.</summary>
    /// <param name="path">The folder.</param>
    bool? MayList(string path);

    /// <summary>Owner and mode of a file or device node; <see langword="null"/> when it is not there.</summary>
    /// <param name="path">The path.</param>
    FileOwner? Owner(string path);

    /// <summary>The path with every symbolic link followed, as the host sees it; <see langword="null"/> when it leads nowhere.</summary>
    /// <param name="path">The path.</param>
    string? Resolve(string path);

    /// <summary>What a symbolic link says, as it is written; <see langword="null"/> when there is none or it may not be read.</summary>
    /// <param name="path">The link; links on the way to it are followed.</param>
    string? LinkTarget(string path);

    /// <summary>
    /// The same files, with what stands in the folders of a folder (devices, processes) read in one go; listed, the folder has its folders alone then. Meant to be looked at once and dropped: it does not notice changes.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="names">What of each of its folders: an attribute or link; one that ends in a slash is listed, too.</param>
    IFileSource Ahead(string folder, IReadOnlyList<string> names);

    /// <summary>Which processes have which device nodes open, and whether all processes could be looked into.</summary>
    (IReadOnlyList<(int Pid, string Node)> Open, bool Complete) OpenDevices();

    /// <summary>Opens a device node for a moment.</summary>
    /// <param name="node">The node.</param>
    NodeState Try(string node);

    /// <summary>What lets this user do what root may, in a sentence.</summary>
    string RootRemedy { get; }
}

/// <summary>What opening a device node for a moment told.</summary>
internal enum NodeState
{
    /// <summary>Nobody has it.</summary>
    Free,

    /// <summary>Somebody has it: the kernel lets one opener in.</summary>
    Busy,

    /// <summary>This user may not open it.</summary>
    Closed,
}
