using System.Globalization;
using System.Text.RegularExpressions;

namespace Orchestrator.Regression.Running;

/// <summary>
/// A program that goes on in a guest, whatever becomes of the channel meanwhile: a session of its own there, which keeps its process, its end and the beginning of what it prints in a folder.
/// </summary>
/// <param name="channel">The way into the guest; another one of the same kind will do later.</param>
/// <param name="id">The job's name: whoever knows it can end the job.</param>
internal sealed partial class GuestJob(IGuestChannel channel, string id)
{
    private const string MaxOutput = "32768";
    private const int NotThere = 99;

    // POSIX sh, one line each: a console reads them too. $d is the job's folder, $p its process group. BusyBox and others sleep whole seconds only.
    private const string Wait = "n=$((n+1)); sleep 0.1 2>/dev/null || { sleep 1; n=$((n+10)); }";
    private const string Begin = """d=$1; shift; command -v setsid >/dev/null || { echo "there is no setsid"; exit 1; }; mkdir -m 700 -- "$d" 2>&1 || exit 1; """
        + """setsid /bin/sh -c 'd=$1; shift; { "$@" 2>&1; echo $? >"$d/code"; mv "$d/code" "$d/status"; } | """

        // The last words of a load that is ended are kept: nobody knows whom to end before this can bear it.
        + """{ trap "" HUP INT TERM; echo $$ >"$d/pid"; head -c """ + MaxOutput + """ >"$d/output"; cat >/dev/null; }' sh "$d" "$@" </dev/null >/dev/null 2>&1 & """
        + """n=0; until [ -s "$d/pid" ]; do [ $n -lt 50 ] || exit 1; """ + Wait + "; done";

    // Another process may have its number after a restart of the guest.
    private const string Alive = """alive() { read -r p <"$d/pid" && case $(tr '\0' ' ' <"/proc/$p/cmdline") in *"$d"*) ;; *) false ;; esac; } 2>/dev/null; """;
    private const string Look = "d=$1; " + Alive + """s=gone; alive && s=running; [ -f "$d/status" ] && s="ended $(cat "$d/status")"; echo "load $s" """;

    // No -- before the group: BusyBox takes it for a process, and all take the group without it after -TERM.
    private const string Finish = "d=$1; [ -d \"$d\" ] || exit 99; n=0; until [ -s \"$d/pid\" ] || [ $n -ge 50 ]; do " + Wait + "; done; " + Alive
        + """{ if alive; then kill -TERM "-$p"; n=0; while kill -0 "-$p" && [ $n -lt 50 ]; do """ + Wait + """; done; kill -KILL "-$p"; fi; cat "$d/output"; } 2>/dev/null; rm -rf -- "$d" """;

    private string Folder => $"/tmp/orchestrator-load-{id}";

    /// <summary>A name for a job that nobody guesses.</summary>
    internal static string NewId() => Guid.NewGuid().ToString("N");

    /// <summary>Starts it.</summary>
    /// <exception cref="NightException">It cannot be started.</exception>
    internal async Task StartAsync(IReadOnlyList<string> command)
    {
        // Not to be given up half-way: nobody would know whether it had begun.
        GuestResult answer = await RunAsync(Begin, command, CancellationToken.None).ConfigureAwait(false);
        if (answer.ExitCode != 0)
        {
            throw new NightException(
                OutcomeCode.Failed, $"{command[0]} could not be started in the guest: {(answer.Output.Trim() is { Length: > 0 } said ? said : $"its shell ended with {answer.ExitCode}")}",
                "It needs /bin/sh, setsid and a /tmp that can be written.");
        }
    }

    /// <summary>How it ended; <see langword="null"/> while it runs.</summary>
    /// <exception cref="NightException">The guest does not tell, or it was ended by another.</exception>
    internal async Task<int?> ExitCodeAsync(CancellationToken cancellationToken)
    {
        GuestResult answer = await RunAsync(Look, [], cancellationToken).ConfigureAwait(false);
        Match told = Told().Match(answer.Output);
        return told.Groups["code"] is { Success: true } code ? int.Parse(code.Value, CultureInfo.InvariantCulture)
            : told.Groups["running"].Success ? null
            : throw new NightException(
                OutcomeCode.Failed, told.Success ? "the load was ended by another, or the guest was restarted" : $"the guest does not tell how the load is: {answer.Output.Trim()}");
    }

    /// <summary>Ends it with all that it has started, if it runs still, and leaves nothing of it.</summary>
    /// <returns>What it printed, to begin with; <see langword="null"/> when there is no such job.</returns>
    /// <exception cref="NightException">The guest cannot be asked.</exception>
    internal async Task<string?> EndAsync() =>
        await RunAsync(Finish, [], CancellationToken.None).ConfigureAwait(false) is { ExitCode: not NotThere } ended ? ended.Output : null;

    private Task<GuestResult> RunAsync(string script, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        channel.RunAsync(["/bin/sh", "-c", script, "sh", Folder, .. arguments], cancellationToken);

    [GeneratedRegex(@"^load (gone|(?<running>running)|ended (?<code>\d{1,3}))\r?$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Told();
}
