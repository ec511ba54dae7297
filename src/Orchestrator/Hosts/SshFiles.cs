using System.Globalization;

namespace Orchestrator.Hosts;

/// <summary>The files of another machine, over SSH. Each question is one command there, most of them without a process of its own.</summary>
/// <param name="shell">The way there.</param>
internal sealed class SshFiles(SshShell shell) : IFileSource
{
    private const int Unreadable = 67;

    // Prints the names in the working folder, with those that begin with a dot, each ended by a NUL.
    private const string Names = """for f in .* *; do case $f in .|..) continue;; esac; if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\0' "$f"; fi; done""";

    /// <inheritdoc/>
    public string RootRemedy => shell.RootRemedy;

    /// <inheritdoc/>
    public bool Exists(string path) => Ask($"[ -e {Quote(path)} ]").ExitCode == 0;

    /// <inheritdoc/>
    public string? ReadText(string path)
    {
        string quoted = Quote(path);
        ShellAnswer answer = Ask($"[ -e {quoted} ] && ! [ -d {quoted} ] || exit {SshShell.Absent}; [ -r {quoted} ] || exit {Unreadable}; cat {quoted}");
        if (path == RootCommands.QemuConfiguration && answer.ExitCode is SshShell.Absent or Unreadable && shell.Target.Sudo)
        {
            answer = Ask(SshShell.AsRoot(RootCommands.ReadConfiguration)); // Debian closes its folder, too
        }

        return answer.ExitCode == 0 ? answer.Text.Trim() : null;
    }

    /// <inheritdoc/>
    public void Write(string path, string text)
    {
        // printf makes one write of it, and tee makes one of that.
        ShellAnswer answer = Ask(
            $"[ -e {Quote(path)} ] || exit {SshShell.Absent}; printf %s {SshCommand.Quote(text)} | {SshShell.AsRoot(RootCommands.Write(path))} >/dev/null", Timeout.InfiniteTimeSpan);
        switch (answer)
        {
            case { ExitCode: 0 }:
                return;
            case { ExitCode: SshShell.Absent, Error: "" }:
                throw new FileNotFoundException($"{path} is not there on {shell.Host}", path);
            case var refused when SshFailure.IsSudo(refused.Error) || refused.Error.EndsWith(": Permission denied", StringComparison.Ordinal):
                throw new UnauthorizedAccessException($"{shell.Host}: {refused.Error}");
            default:
                throw new IOException(answer.Error.Length > 0 ? answer.Error : string.Create(CultureInfo.InvariantCulture, $"tee ended with {answer.ExitCode}"));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) =>
        Ask($"cd {Quote(path)} || exit; {Names}") is { ExitCode: 0 } answer ? [.. answer.Fields.Order(StringComparer.Ordinal)] : [];

    /// <inheritdoc/>
    public bool? MayList(string path)
    {
        if (path == RootCommands.Logs && shell.Target.Sudo)
        {
            ShellAnswer listed = Ask(SshShell.AsRoot(RootCommands.ListLogs));
            return listed.ExitCode == 0 ? true : SshFailure.IsSudo(listed.Error) ? false : null;
        }

        string quoted = Quote(path);
        return Ask($"[ -d {quoted} ] || exit {SshShell.Absent}; ls -A {quoted} >/dev/null").ExitCode switch { 0 => true, SshShell.Absent => null, _ => false };
    }

    /// <inheritdoc/>
    public FileOwner? Owner(string path) =>
        Ask($"stat -L -c '%u %g %f' {Quote(path)}") is { ExitCode: 0, Text: var text } && text.Trim().Split(' ') is [var user, var group, var mode]
        && uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint uid) && uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint gid)
        && int.TryParse(mode, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int bits)
            ? new(uid, gid, (UnixFileMode)(bits & 0xfff))
            : null;

    /// <inheritdoc/>
    public string? Resolve(string path)
    {
        string quoted = Quote(path);
        return Line(Ask($"if [ -d {quoted} ]; then cd -P {quoted} && printf '%s\\n' \"$PWD\"; else [ -e {quoted} ] && readlink -f {quoted}; fi"));
    }

    /// <inheritdoc/>
    public string? LinkTarget(string path) => Line(Ask($"readlink {Quote(path)}"));

    /// <inheritdoc/>
    public IFileSource Ahead(string folder, IReadOnlyList<string> names) =>
        Ask(SeenFiles.Question(Quote(folder), names, Names)) is { ExitCode: 0 } answer ? SeenFiles.Parse(this, folder, names, answer.Fields) : this;

    /// <inheritdoc/>
    public (IReadOnlyList<(int Pid, string Node)> Open, bool Complete) OpenDevices()
    {
        ShellAnswer answer = Ask(SshShell.AsRoot(RootCommands.OpenDevices));
        IReadOnlyList<string> fields = answer.Fields;
        var found = new List<(int, string)>();
        for (int i = 0; i + 1 < fields.Count; i += 2)
        {
            if (fields[i].Split('/') is ["", "proc", var process, "fd", _] && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
            {
                found.Add((pid, fields[i + 1]));
            }
        }

        // find ends with 1 also when a process ended meanwhile. A /proc that hides other users' processes (hidepid) hides the first one too.
        string[] said = answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        bool complete = answer.ExitCode is 0 or 1 && Array.TrueForAll(said, line => line.StartsWith("find: ", StringComparison.Ordinal)
            && (line.EndsWith(": No such file or directory", StringComparison.Ordinal) || line.EndsWith(": No such process", StringComparison.Ordinal)))
            && (shell.Target.Sudo || MayList("/proc/1/fd") == true);
        return (found, complete);
    }

    /// <inheritdoc/>
    public NodeState Try(string node)
    {
        ShellAnswer answer = Ask($"[ -e {Quote(node)} ] || exit {SshShell.Absent}; {SshShell.AsRoot(RootCommands.Open(node))} >/dev/null");
        return answer switch
        {
            { ExitCode: 0 or SshShell.Absent } => NodeState.Free,
            { Error: var error } when error.Contains(": Device or resource busy", StringComparison.Ordinal) => NodeState.Busy,

            // A group that may not be opened for another reason (not all of it is bound to VFIO) has no user. Whatever else was said tells nothing of the node.
            { Error: var error } when error.StartsWith("dd: ", StringComparison.Ordinal) && error.Contains("open", StringComparison.Ordinal)
                && !error.Contains(": Permission denied", StringComparison.Ordinal) && !error.Contains(": Operation not permitted", StringComparison.Ordinal) => NodeState.Free,
            _ => NodeState.Closed,
        };
    }

    private ShellAnswer Ask(string command, TimeSpan? limit = null) => shell.Ask(command, limit);

    private static string Quote(string path) => path.StartsWith('/') ? SshCommand.Quote(path) : throw new ArgumentException($"'{path}' is not an absolute path", nameof(path));

    private static string? Line(ShellAnswer answer) => answer.ExitCode == 0 && answer.Text is [.. var line, '\n'] ? line : null;
}
