using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Regression.Plans;

namespace Orchestrator.Regression.Running;

/// <summary>A way into a guest, for programs that come to an end at once: what goes on is a <see cref="GuestJob"/>.</summary>
internal interface IGuestChannel
{
    /// <summary>How long a program may take.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program in the guest.</summary>
    /// <returns>How it ended, and what it printed.</returns>
    /// <exception cref="NightException">It cannot be run, or did not come to an end.</exception>
    Task<GuestResult> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken);

    /// <summary>The way that a load goes.</summary>
    /// <param name="load">The load.</param>
    /// <param name="hosts">The hosts; <see langword="null"/> where the way does not lead over them.</param>
    /// <param name="ssh">The program <c>ssh</c>.</param>
    /// <param name="time">The clock.</param>
    static IGuestChannel Of(LoadStarted load, NightHosts? hosts, string ssh, TimeProvider time)
    {
        Task<IHost> FindAsync() => hosts!.FindRunningAsync(load.Uuid, load.Name);
        return load.Channel switch
        {
            LoadChannel.Ssh => new SshChannel(ssh, load.Ssh!, time),
            LoadChannel.Serial => new SerialChannel(
                async cancellationToken => await (await FindAsync().ConfigureAwait(false)).OpenConsoleAsync(load.Uuid, load.Console, cancellationToken).ConfigureAwait(false), load.Name, time),
            _ => new AgentChannel(FindAsync, load.Uuid, load.Name, time),
        };
    }
}

/// <summary>What a program in a guest came to.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">What it printed.</param>
internal sealed record GuestResult(int ExitCode, string Output);

/// <summary>By QEMU's guest agent, on whatever host the guest is meanwhile.</summary>
/// <param name="findHost">Finds the host that the guest runs on.</param>
/// <param name="uuid">The guest.</param>
/// <param name="name">Its name.</param>
/// <param name="time">The clock.</param>
internal sealed class AgentChannel(Func<Task<IHost>> findHost, Guid uuid, string name, TimeProvider time) : IGuestChannel
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async Task<GuestResult> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var arguments = new JsonObject
        {
            ["path"] = command[0],
            ["arg"] = new JsonArray([.. command.Skip(1).Select(argument => JsonValue.Create(argument))]),
            ["capture-output"] = true,
        };
        long pid = await AskAsync("guest-exec", arguments, answer => answer.GetProperty("pid").GetInt64(), cancellationToken).ConfigureAwait(false);
        long began = time.GetTimestamp();
        while (true)
        {
            if (await AskAsync("guest-exec-status", new() { ["pid"] = pid }, Ended, cancellationToken).ConfigureAwait(false) is { } ended)
            {
                return ended;
            }

            if (time.GetElapsedTime(began) > IGuestChannel.Patience)
            {
                throw new NightException(OutcomeCode.TimedOut, $"{command[0]} in {name} did not come to an end");
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static GuestResult? Ended(JsonElement status) => !status.GetProperty("exited").GetBoolean() ? null : new(
        status.TryGetProperty("exitcode", out JsonElement code) ? code.GetInt32() : status.TryGetProperty("signal", out JsonElement signal) ? 128 + signal.GetInt32() : -1,
        status.TryGetProperty("out-data", out JsonElement output) ? Encoding.UTF8.GetString(output.GetBytesFromBase64()) : "");

    private async Task<T> AskAsync<T>(string command, JsonObject arguments, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        IHost host = await findHost().ConfigureAwait(false);
        try
        {
            string answer = await host.QemuAgentCommandAsync(uuid, new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString(), Answer, cancellationToken).ConfigureAwait(false);
            using JsonDocument document = JsonDocument.Parse(answer);
            return read(document.RootElement.GetProperty("return"));
        }
        catch (Exception e) when (e is LibvirtException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new NightException(
                OutcomeCode.Failed, $"the agent in {name} did not do {command}: {e.Message}",
                "Its domain needs a channel org.qemu.guest_agent.0, and qemu-guest-agent has to run in the guest and to allow guest-exec.");
        }
    }
}

/// <summary>By the system's <c>ssh</c>.</summary>
/// <param name="ssh">The program.</param>
/// <param name="target">Where the guest is reached.</param>
/// <param name="time">The clock.</param>
internal sealed class SshChannel(string ssh, string target, TimeProvider time) : IGuestChannel
{
    // What ssh itself ends with when it could not connect, or lost the connection.
    private const int ConnectionFailed = 255;

    public async Task<GuestResult> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        if (HostProgram.Find(ssh) is not { } program)
        {
            throw new NightException(OutcomeCode.Failed, $"{ssh} is not installed on this machine", "Install the OpenSSH client.");
        }

        return await HostProgram.RunAsync(program, SshCommand.Arguments(new(target), command), IGuestChannel.Patience, time, cancellationToken).ConfigureAwait(false) switch
        {
            { ExitCode: not ConnectionFailed } ended => new(ended.ExitCode, ended.Output),
            null => throw new NightException(OutcomeCode.TimedOut, $"{command[0]} on {target} did not come to an end"),
            _ => throw new NightException(OutcomeCode.Failed, $"ssh could not reach {target}, or lost it", $"Try it: ssh -o BatchMode=yes {target} true"),
        };
    }
}
