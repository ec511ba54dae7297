namespace Orchestrator.Tests.Devices;

/// <summary>A <c>vdpa</c> on a PATH of its own that plays back what the real one wrote: a script of sh.</summary>
internal sealed class RecordedVdpa : IDisposable
{
    internal const string NoDevices = """{"dev":{}}""";

    private readonly List<(string Arguments, string Body)> _cases = [];
    private bool _hangs;

    internal RecordedVdpa() => Directory.CreateDirectory(Folder);

    /// <summary>The folder to put on the PATH.</summary>
    internal string Folder { get; } = Path.Combine(Path.GetTempPath(), $"vdpa-{Guid.NewGuid():n}");

    /// <summary>A PATH with the tool first.</summary>
    internal string SearchPath => $"{Folder}:{Environment.GetEnvironmentVariable("PATH")}";

    /// <summary>The arguments of each call, in order.</summary>
    internal IReadOnlyList<string> Calls => File.Exists(Path.Combine(Folder, "calls")) ? File.ReadAllLines(Path.Combine(Folder, "calls")) : [];

    /// <summary>The simulators of a host that has them, and no device.</summary>
    internal static RecordedVdpa Simulators() => new RecordedVdpa()
        .Answers("mgmtdev show -j", VdpaRecordings.ManagementDevices)
        .Answers("dev show -j", NoDevices)
        .Answers("dev config show -j", """{"config":{}}""");

    /// <summary>A call that succeeds; the latest recording of the same arguments holds.</summary>
    internal RecordedVdpa Answers(string arguments, string output) => Does(arguments, $"printf '%s\\n' {Quote(output)}");

    /// <summary>A call that fails; with -j the real tool prints an empty list beside the error.</summary>
    internal RecordedVdpa Fails(string arguments, string error, string output = "") =>
        Does(arguments, $"printf '%s' {Quote(output)}\nprintf '%s\\n' {Quote(error)} >&2\nexit 1");

    /// <summary>A call that does not come back until its process is ended.</summary>
    internal RecordedVdpa Hangs(string arguments)
    {
        _hangs = true;
        return Does(arguments, $"echo $$ > {Quote(Path.Combine(Folder, "hanging"))}\nexec sleep 300");
    }

    /// <summary>A call that does something.</summary>
    internal RecordedVdpa Does(string arguments, string body)
    {
        _cases.RemoveAll(known => known.Arguments == arguments);
        _cases.Add((arguments, body));
        string script = Path.Combine(Folder, "vdpa");
        File.WriteAllText(
            script,
            $"#!/bin/sh\necho \"$*\" >> {Quote(Path.Combine(Folder, "calls"))}\ncase \"$*\" in\n"
            + string.Concat(_cases.Select(known => $"{Quote(known.Arguments)})\n{known.Body}\nexit 0;;\n"))
            + "*) echo \"no recording of $*\" >&2; exit 99;;\nesac\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return this;
    }

    internal static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    public void Dispose()
    {
        // A call that was given up may have begun only just now: it is awaited, to be ended.
        if (_hangs && HangingProcess() is > 0 and var pid && Directory.Exists($"/proc/{pid}"))
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            process.Kill();
            process.WaitForExit();
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The process of the call that hangs; 0 when none began.</summary>
    internal int HangingProcess()
    {
        int pid = 0;
        SpinWait.SpinUntil(() => int.TryParse(Try(Path.Combine(Folder, "hanging")), out pid), TimeSpan.FromSeconds(10));
        return pid;

        static string Try(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
    }

    /// <summary>Whether the call that hung is no more, or a moment later.</summary>
    internal bool HasEnded() => HangingProcess() is > 0 and var pid && SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{pid}"), TimeSpan.FromSeconds(10));
}
