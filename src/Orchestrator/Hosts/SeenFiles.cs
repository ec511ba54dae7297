namespace Orchestrator.Hosts;

/// <summary>What stands in the folders of a folder, as it was read in one go; what it does not hold is asked for one by one.</summary>
internal sealed class SeenFiles : IFileSource
{
    private readonly IFileSource _behind;
    private readonly Dictionary<string, string> _text = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _folders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _lists = new(StringComparer.Ordinal);
    private readonly HashSet<string> _absent = new(StringComparer.Ordinal);

    private SeenFiles(IFileSource behind) => _behind = behind;

    /// <inheritdoc/>
    public string RootRemedy => _behind.RootRemedy;

    /// <summary>
    /// The command: the shell itself follows links and reads attributes, as a process for each would take a slow machine tens of milliseconds, and there are thousands. Of each folder it prints the name, where it
    /// really is, and its parts: <c>d</c> and the real path of a folder, the names in it if they are wanted and a slash; <c>t</c> and the text of a file; <c>u</c> for an unreadable one; <c>-</c> for none.
    /// </summary>
    /// <param name="folder">The folder, quoted.</param>
    /// <param name="names">The parts.</param>
    /// <param name="list">What prints the names in the working folder.</param>
    internal static string Question(string folder, IReadOnlyList<string> names, string list) => $$"""
        n='
        '
        for e in {{folder}}/*; do
        cd -P "$e" 2>/dev/null || continue
        o=$PWD; printf '%s\0%s\0' "${e##*/}" "$o"
        for a in {{SshCommand.Line(names)}}; do
        if [ -d "$a" ]; then
        cd -P "$a" 2>/dev/null || { printf 'u\0'; continue; }
        printf 'd%s\0' "$PWD"
        case $a in */) {{list}}; printf '/\0';; esac
        cd "$o" || break
        elif [ -r "$a" ]; then
        v=; while IFS= read -r l || [ -n "$l" ]; do v=$v$l$n; l=; done 2>/dev/null <"$a"; printf 't%s\0' "$v"
        elif [ -e "$a" ]; then printf 'u\0'
        else printf -- '-\0'; fi
        done
        done
        """.ReplaceLineEndings("\n");

    /// <summary>What the command printed.</summary>
    /// <param name="behind">Where the rest is asked for.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="names">The parts.</param>
    /// <param name="fields">The fields.</param>
    internal static IFileSource Parse(IFileSource behind, string folder, IReadOnlyList<string> names, IReadOnlyList<string> fields)
    {
        var seen = new SeenFiles(behind);
        var entries = new List<string>();
        for (int i = 0; i < fields.Count;)
        {
            if (i + 1 + names.Count >= fields.Count)
            {
                return behind; // it broke off: nothing of it is taken for the whole
            }

            entries.Add(fields[i++]);
            string entry = $"{folder}/{entries[^1]}";
            seen._folders[entry] = fields[i++];
            foreach (string name in names)
            {
                string path = name == "./" ? entry : $"{entry}/{name.TrimEnd('/')}";
                switch (i < fields.Count ? fields[i++] : "")
                {
                    case ['d', .. var real]:
                        seen._folders[path] = real;
                        if (name.EndsWith('/'))
                        {
                            int end = i;
                            while (end < fields.Count && fields[end] != "/")
                            {
                                end++;
                            }

                            if (end == fields.Count)
                            {
                                return behind;
                            }

                            seen._lists[path] = [.. fields.Skip(i).Take(end - i).Order(StringComparer.Ordinal)];
                            i = end + 1;
                        }

                        break;
                    case ['t', .. var text]:
                        seen._text[path] = text.Trim();
                        break;
                    case "-":
                        seen._absent.Add(path);
                        break;
                    case "u":
                        break;
                    default:
                        return behind;
                }
            }
        }

        seen._lists[folder] = [.. entries.Order(StringComparer.Ordinal)];
        return seen;
    }

    /// <inheritdoc/>
    public bool Exists(string path) => _text.ContainsKey(path) || _folders.ContainsKey(path) || (!_absent.Contains(path) && _behind.Exists(path));

    /// <inheritdoc/>
    public string? ReadText(string path) => _text.TryGetValue(path, out string? text) ? text : _absent.Contains(path) || _folders.ContainsKey(path) ? null : _behind.ReadText(path);

    /// <inheritdoc/>
    public void Write(string path, string text) => _behind.Write(path, text);

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) => _lists.TryGetValue(path, out IReadOnlyList<string>? names) ? names : _absent.Contains(path) || _text.ContainsKey(path) ? [] : _behind.List(path);

    /// <inheritdoc/>
    public bool? MayList(string path) => _behind.MayList(path);

    /// <inheritdoc/>
    public FileOwner? Owner(string path) => _behind.Owner(path);

    /// <inheritdoc/>
    public string? Resolve(string path) => _folders.TryGetValue(path, out string? real) ? real : _absent.Contains(path) ? null : _behind.Resolve(path);

    /// <inheritdoc/>
    public string? LinkTarget(string path) => _absent.Contains(path) ? null : _behind.LinkTarget(path);

    /// <inheritdoc/>
    public IFileSource Ahead(string folder, IReadOnlyList<string> names) =>
        _behind.Ahead(folder, names) is SeenFiles more ? more.With(this) : this;

    /// <inheritdoc/>
    public (IReadOnlyList<(int Pid, string Node)> Open, bool Complete) OpenDevices() => _behind.OpenDevices();

    /// <inheritdoc/>
    public NodeState Try(string node) => _behind.Try(node);

    /// <summary>Adds what was seen before.</summary>
    private SeenFiles With(SeenFiles before)
    {
        foreach ((string path, string text) in before._text)
        {
            _text.TryAdd(path, text);
        }

        foreach ((string path, string real) in before._folders)
        {
            _folders.TryAdd(path, real);
        }

        foreach ((string path, IReadOnlyList<string> names) in before._lists)
        {
            _lists.TryAdd(path, names);
        }

        _absent.UnionWith(before._absent);
        return this;
    }
}
