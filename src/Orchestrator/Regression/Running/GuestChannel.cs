using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirt.Interop;
using Orchestrator.Hosts;

namespace Orchestrator.Regression.Running;

/// <summary>A way into a guest.</summary>
internal interface IGuestChannel
{
    /// <summary>Starts a program in the guest.</summary>
    /// <exception cref="NightException">It cannot be started.</exception>
    Task<IGuestProcess> StartAsync(IReadOnlyList<string> command, CancellationToken cancellationToken);

    /// <summary>What proves that a program is there: a command of the guest's shell.</summary>
    static IReadOnlyList<string> Presence(string program) => ["/bin/sh", "-c", "command -v -- \"$1\" >/dev/null", "sh", program];
}

/// <summary>A program that was started in a guest.</summary>
internal interface IGuestProcess : IAsyncDisposable
{
    /// <summary>How it ended; <see langword="null"/> while it runs.</summary>
    /// <exception cref="NightException">The guest does not tell.</exception>
    Task<int?> ExitCodeAsync(CancellationToken cancellationToken);

    /// <summary>Ends it.</summary>
    Task KillAsync();
}

/// <summary>By QEMU's guest agent, on whatever host the guest is meanwhile.</summary>
/// <param name="findHost">Finds the host that the guest runs on.</param>
/// <param name="uuid">The guest.</param>
/// <param name="name">Its name.</param>
internal sealed class AgentChannel(Func<Task<IHost>> findHost, Guid uuid, string name) : IGuestChannel
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(10);

    public async Task<IGuestProcess> StartAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var arguments = new JsonObject { ["path"] = command[0], ["arg"] = new JsonArray([.. command.Skip(1).Select(argument => JsonValue.Create(argument))]) };
        JsonElement answer = await AskAsync("guest-exec", arguments, cancellationToken).ConfigureAwait(false);
        return new AgentProcess(this, answer.GetProperty("pid").GetInt64());
    }

    private async Task<JsonElement> AskAsync(string command, JsonObject arguments, CancellationToken cancellationToken)
    {
        try
        {
            IHost host = await findHost().ConfigureAwait(false);
            string answer = await host.QemuAgentCommandAsync(uuid, new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString(), Answer, cancellationToken).ConfigureAwait(false);
            using JsonDocument document = JsonDocument.Parse(answer);
            return document.RootElement.GetProperty("return").Clone();
        }
        catch (Exception e) when (e is LibvirtException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new NightException(
                OutcomeCode.Failed, $"the agent in {name} did not do {command}: {e.Message}",
                "Its domain needs a channel org.qemu.guest_agent.0, and qemu-guest-agent has to run in the guest and to allow guest-exec.");
        }
    }

    private sealed class AgentProcess(AgentChannel channel, long pid) : IGuestProcess
    {
        public async Task<int?> ExitCodeAsync(CancellationToken cancellationToken)
        {
            JsonElement status = await channel.AskAsync("guest-exec-status", new() { ["pid"] = pid }, cancellationToken).ConfigureAwait(false);
            return !status.GetProperty("exited").GetBoolean() ? null
                : status.TryGetProperty("exitcode", out JsonElement code) ? code.GetInt32()
                : status.TryGetProperty("signal", out JsonElement signal) ? 128 + signal.GetInt32()
                : -1;
        }

        public async Task KillAsync()
        {
            string number = pid.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await channel.StartAsync(["/bin/sh", "-c", "kill -TERM \"$1\"; sleep 1; kill -KILL \"$1\"", "sh", number], CancellationToken.None).ConfigureAwait(false);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>By the system's <c>ssh</c>.</summary>
/// <param name="ssh">The program.</param>
/// <param name="target">Where the guest is reached.</param>
internal sealed class SshChannel(string ssh, string target) : IGuestChannel
{
    // What ssh itself ends with when it could not connect, or lost the connection.
    private const int ConnectionFailed = 255;

    public Task<IGuestProcess> StartAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        string program = HostProgram.Find(ssh) ?? throw new NightException(OutcomeCode.Failed, $"{ssh} is not installed on this machine", "Install the OpenSSH client.");

        // With a terminal there, the program is hung up when the connection ends.
        var start = new ProcessStartInfo(program, SshCommand.Arguments(target, command, terminal: true)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = new Process { StartInfo = start };
        process.Start();
        return Task.FromResult<IGuestProcess>(new SshProcess(process, target));
    }

    private sealed class SshProcess : IGuestProcess
    {
        private readonly Process _process;
        private readonly string _target;
        private readonly Task _drain;

        internal SshProcess(Process process, string target)
        {
            (_process, _target) = (process, target);

            // Nobody reads it, but a full pipe would stop the program.
            _drain = Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(Stream.Null), process.StandardError.BaseStream.CopyToAsync(Stream.Null));
        }

        public Task<int?> ExitCodeAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(!_process.HasExited ? null
            : _process.ExitCode != ConnectionFailed ? _process.ExitCode
            : throw new NightException(OutcomeCode.Failed, $"ssh could not reach {_target}, or lost it", $"Try it: ssh -o BatchMode=yes {_target} true"));

        public async Task KillAsync()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await KillAsync().ConfigureAwait(false);
            await _drain.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _process.Dispose();
        }
    }
}
