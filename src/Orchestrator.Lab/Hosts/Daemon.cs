using System.Diagnostics;
using System.Net.Sockets;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Hosts;

/// <summary>Starts processes that outlive us if they must.</summary>
internal static class Daemon
{
    // In a session of its own a Ctrl-C at our terminal does not reach it, and nothing of ours that it inherited stays open: a
    // "lab up | head" would wait for it for ever.
    private const string Script = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Starts a process and waits until it accepts connections on its socket.</summary>
    /// <exception cref="LabException">It ended, or did not listen in time; the message quotes its log.</exception>
    public static async Task StartAsync(DaemonStart start, TimeProvider time, CancellationToken cancellationToken)
    {
        string[] command = [.. start.Account.Prefix(), "/bin/sh", "-c", Script, "sh", start.Log, .. start.Command];
        var info = new ProcessStartInfo(Tool.Require("setsid", "util-linux"), command) { WorkingDirectory = "/" };
        info.Environment.Clear();
        foreach (var (name, value) in start.Environment)
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        var deadline = time.GetUtcNow() + start.Patience;
        while (!await AcceptsAsync(start.Socket, cancellationToken).ConfigureAwait(false))
        {
            if (process.HasExited)
            {
                throw Failed($"ended with exit code {process.ExitCode}");
            }

            if (time.GetUtcNow() > deadline)
            {
                throw Failed($"did not listen on {start.Socket} within {start.Patience.TotalSeconds:0} s");
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }

        LabException Failed(string how) =>
            new($"{Path.GetFileName(start.Command[0])} {how}. {LogTail.Quote(start.Log)}", start.Remedy, start.Host);
    }

    /// <summary>Whether someone accepts connections on a socket.</summary>
    public static async Task<bool> AcceptsAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>What to start.</summary>
internal sealed record DaemonStart
{
    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Its whole environment.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The account it runs as.</summary>
    public required LabAccount Account { get; init; }

    /// <summary>Where what it writes goes.</summary>
    public required string Log { get; init; }

    /// <summary>The socket it listens on when it is ready.</summary>
    public required string Socket { get; init; }

    /// <summary>The lab's host it belongs to.</summary>
    public string? Host { get; init; }

    /// <summary>What may help if it does not start.</summary>
    public string? Remedy { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);
}
