using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Libvirt.Interop;

namespace Orchestrator.Regression.Running;

/// <summary>By a shell on the guest's serial console, which is opened for each program and closed again: it ends with the QEMU that has it, and belongs to one client at a time.</summary>
/// <param name="open">Opens the console, on whatever host the guest is meanwhile.</param>
/// <param name="name">The guest.</param>
/// <param name="time">The clock.</param>
internal sealed partial class SerialChannel(Func<CancellationToken, Task<Stream>> open, string name, TimeProvider time) : IGuestChannel
{
    // Terminals and line editors take longer lines than this.
    private const int MostCharacters = 200;
    private const int MostOutput = 1 << 20;

    // After this QEMU has certainly seen that somebody is there, and a shell has long answered.
    private static readonly TimeSpan PromptPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ShellPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(300);

    public async Task<GuestResult> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(IGuestChannel.Patience, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await using Stream console = await open(end.Token).ConfigureAwait(false);
            var terminal = new Terminal(console, time);
            await RequireShellAsync(terminal, end.Token).ConfigureAwait(false);

            // In pieces, and run only when all of it has arrived.
            await terminal.SayAsync("_o=", end.Token).ConfigureAwait(false);
            foreach (Rune[] piece in string.Join(' ', command.Select(Hosts.SshCommand.Quote)).EnumerateRunes().Chunk(MostCharacters))
            {
                await terminal.SayAsync($"_o=${{_o}}{Hosts.SshCommand.Quote(string.Concat(piece))}", end.Token).ConfigureAwait(false);
            }

            return await terminal.SayAsync("eval \"unset _o; $_o\" </dev/null 2>&1", end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NightException(OutcomeCode.TimedOut, $"{command[0]} on the console of {name} did not come to an end");
        }
        catch (Exception e) when (e is LibvirtException or IOException)
        {
            throw new NightException(
                OutcomeCode.Failed, $"the console of {name}: {e.Message}", "Its domain needs a serial port of type pty or unix, which no other client, such as virsh console, holds meanwhile.");
        }
    }

    private async Task RequireShellAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        const string Remedy = "The run gives no password: let the guest open a shell on that port by itself, such as agetty --autologin, or use channel ssh or agent.";

        // A line that somebody has begun to type is not sent off with ours.
        await terminal.TypeAsync("\u0015\n", cancellationToken).ConfigureAwait(false);
        if (LogIn().IsMatch(await terminal.ReadPromptAsync(PromptPatience, cancellationToken).ConfigureAwait(false)))
        {
            throw new NightException(OutcomeCode.Refused, $"somebody has to log in on the console of {name} first", Remedy);
        }

        using var deadline = new CancellationTokenSource(ShellPatience, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await terminal.SayAsync(":", end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new NightException(OutcomeCode.Refused, $"no shell answers on the console of {name}", Remedy);
        }
    }

    [GeneratedRegex(@"(login|password):\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LogIn();

    /// <summary>What is typed, and what is seen.</summary>
    private sealed class Terminal(Stream console, TimeProvider time)
    {
        private readonly StringBuilder _seen = new();
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        internal Task TypeAsync(string text, CancellationToken cancellationToken) => console.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).AsTask();

        /// <summary>What stands in the last line once there is something and nothing follows, for a banner comes in pieces; or when it took too long.</summary>
        internal async Task<string> ReadPromptAsync(TimeSpan patience, CancellationToken cancellationToken)
        {
            using var deadline = new CancellationTokenSource(patience, time);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                while (true)
                {
                    using var quiet = new CancellationTokenSource(LastLine().Length > 0 ? Quiet : patience, time);
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(end.Token, quiet.Token);
                    await ReadAsync(either.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // A shell may well have no prompt.
            }

            return LastLine();
        }

        /// <summary>Lets the shell do something. Two marks, each one only once the shell has put it together, tell what it printed from the echo of what was typed.</summary>
        internal async Task<GuestResult> SayAsync(string text, CancellationToken cancellationToken)
        {
            string nonce = Guid.NewGuid().ToString("N");
            (string left, string right) = (nonce[..8], nonce[8..16]);
            _seen.Clear();

            // The blank in front keeps it out of most shells' history.
            await TypeAsync($" printf '\\n%s%s{{\\n' {left} {right}; {text}; printf '\\n%s%s}}%s\\n' {left} {right} $?\n", cancellationToken).ConfigureAwait(false);
            var marks = new Regex($@"{left}{right}\{{\n(?<output>.*)\n{left}{right}\}}(?<code>\d+)\n", RegexOptions.Singleline | RegexOptions.CultureInvariant);
            Match match;
            while (!(match = marks.Match(_seen.ToString())).Success)
            {
                await ReadAsync(cancellationToken).ConfigureAwait(false);
            }

            return new(int.Parse(match.Groups["code"].Value, CultureInfo.InvariantCulture), match.Groups["output"].Value);
        }

        private string LastLine() => _seen.ToString().Split('\n')[^1].Trim();

        private async Task ReadAsync(CancellationToken cancellationToken)
        {
            byte[] bytes = new byte[4096];
            int count = await console.ReadAsync(bytes, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new IOException("it was closed");
            }

            char[] text = new char[Encoding.UTF8.GetMaxCharCount(count)];
            int length = _decoder.GetChars(bytes.AsSpan(0, count), text, flush: false);
            _seen.Append(text, 0, length).Replace("\r", "");
            if (_seen.Length > MostOutput)
            {
                throw new IOException($"it printed more than {MostOutput} characters");
            }
        }
    }
}
