using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Hosts;

/// <summary>
/// Runs commands on another machine, in POSIX shells at the other end of the system's <c>ssh</c>. A shell takes one command at a time and is kept for the next; while one is busy, or hangs, another one is
/// opened, so that nothing waits behind a command that the kernel keeps. Nothing is installed there, and nothing is left there but what a command itself leaves.
/// </summary>
/// <param name="host">The host's name, for messages.</param>
/// <param name="target">Where to.</param>
/// <param name="program">The <c>ssh</c> to run: its path, or its name on the <c>PATH</c>.</param>
/// <param name="time">The clock of the deadlines.</param>
internal sealed class SshShell(string host, SshTarget target, string program = "ssh", TimeProvider? time = null) : IDisposable
{
    /// <summary>How long a question may take, and how long a shell may take to open.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>What a command of ours ends with when the thing that it asks for is not there.</summary>
    internal const int Absent = 66;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Stack<Session> _idle = new();
    private readonly List<Session> _all = [];
    private bool _disposed;

    /// <summary>The host's name.</summary>
    internal string Host => host;

    /// <summary>Where to.</summary>
    internal SshTarget Target => target;

    /// <summary>What lets this account do there what root may, in a sentence.</summary>
    internal string RootRemedy => target.Sudo
        ? $"Let {target.Host} run it through sudo without a password: samples/sudoers/orchestrator has the lines."
        : $"On {host} it needs root: reach it as root, or set side_channel.sudo in hosts.yaml and give the account the lines of samples/sudoers/orchestrator.";

    /// <summary>A command that is run as root: by sudo, unless the account is root itself. Without sudo it is tried as it is, and the kernel says no.</summary>
    /// <param name="command">One of <see cref="RootCommands"/>.</param>
    internal static string AsRoot(IReadOnlyList<string> command) => $"root {SshCommand.Line(command)}";

    /// <summary>Runs a command and waits, for callers that ask as they would ask a file system.</summary>
    /// <param name="command">The command, for a POSIX shell.</param>
    /// <param name="limit">How long it may take; <see langword="null"/> for <see cref="Patience"/>.</param>
    /// <exception cref="HostUnreachableException">The machine could not be reached, was lost, or did not answer in time.</exception>
    internal ShellAnswer Ask(string command, TimeSpan? limit = null)
    {
        try
        {
            // Nothing in there needs this thread: its continuations run on others.
            return AskAsync(command, limit, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (TimeoutException e)
        {
            throw new HostUnreachableException(host, e.Message, e) { IsUnderway = true };
        }
    }

    /// <summary>Runs a command.</summary>
    /// <param name="command">The command, for a POSIX shell.</param>
    /// <param name="limit">How long it may take; <see langword="null"/> for <see cref="Patience"/>.</param>
    /// <param name="cancellationToken">Ends the wait for a shell, and for the answer to a question.</param>
    /// <param name="changes">Whether it changes something: then its outcome is waited for once it has begun, and it is left alone when it is late.</param>
    /// <exception cref="HostUnreachableException">The machine could not be reached, or was lost: then the command may have been run.</exception>
    /// <exception cref="TimeoutException">It did not come back in time.</exception>
    internal async Task<ShellAnswer> AskAsync(string command, TimeSpan? limit, CancellationToken cancellationToken, bool changes = false)
    {
        Session session = Take() ?? await OpenAsync(cancellationToken).ConfigureAwait(false);
        TimeSpan patience = limit ?? Patience;
        using var late = new CancellationTokenSource(patience, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, changes ? CancellationToken.None : cancellationToken);
        try
        {
            ShellAnswer answer = await session.AskAsync(command, end.Token).ConfigureAwait(false);
            Give(session);
            return answer;
        }
        catch (OperationCanceledException e)
        {
            if (changes)
            {
                _ = LeaveAsync(session);
            }
            else
            {
                Drop(session);
                cancellationToken.ThrowIfCancellationRequested();
            }

            throw new TimeoutException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{host}: a command over ssh to {target.Host} did not come back within {patience.TotalSeconds:0.#} s"), e);
        }
        catch (IOException)
        {
            throw SshFailure.Explain(host, target, await EndAsync(session).ConfigureAwait(false), isUnderway: true);
        }
        catch (InvalidDataException e)
        {
            Drop(session);
            throw new HostUnreachableException(host, $"{host}: what came over ssh from {target.Host} cannot be read: {e.Message}", e) { IsUnderway = true };
        }
    }

    public void Dispose()
    {
        Session[] idle, busy;
        lock (_lock)
        {
            _disposed = true;
            idle = [.. _idle];
            busy = [.. _all.Except(idle)];
            _idle.Clear();
        }

        Array.ForEach(idle, Drop);
        Array.ForEach(busy, session => session.Kill()); // whoever waits for it sees its end, and drops it
    }

    private Session? Take()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            while (_idle.TryPop(out Session? session))
            {
                if (!session.HasEnded)
                {
                    return session;
                }

                _all.Remove(session); // lost while nobody asked
                session.Dispose();
            }

            return null;
        }
    }

    private void Give(Session session)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(session);
                return;
            }
        }

        Drop(session);
    }

    /// <summary>Ends one that cannot be asked any more. A process and its pipes are not for the finalizer to close: this host may be asked for months.</summary>
    private void Drop(Session session)
    {
        lock (_lock)
        {
            _all.Remove(session);
        }

        session.Dispose();
    }

    /// <summary>Ends one whose connection was lost, and gives what <c>ssh</c> said.</summary>
    private async Task<string> EndAsync(Session session)
    {
        string said = await session.SaidAsync().ConfigureAwait(false);
        Drop(session);
        return said;
    }

    /// <summary>A change must not be ended in its middle: its shell ends after it.</summary>
    private async Task LeaveAsync(Session session)
    {
        await session.EndedAsync().ConfigureAwait(false);
        Drop(session);
    }

    private async Task<Session> OpenAsync(CancellationToken cancellationToken)
    {
        string ssh = target.Program ?? program;
        string file = HostProgram.Find(ssh) ?? throw new HostUnreachableException(host, $"{host}: {ssh} is not installed on this machine. Install the OpenSSH client (package openssh-client, or openssh-clients).");
        Session session;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            session = Session.Start(host, file, SshCommand.Arguments(target, ["sh"]));
            _all.Add(session);
        }

        using var late = new CancellationTokenSource(Patience, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await session.GreetAsync(target.Sudo, end.Token).ConfigureAwait(false);
            return session;
        }
        catch (OperationCanceledException e)
        {
            Drop(session);
            cancellationToken.ThrowIfCancellationRequested();
            throw new HostUnreachableException(
                host, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{host}: ssh to {target.Host} gave no shell within {Patience.TotalSeconds:0} s. Is a command forced for the key there?"), e);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw SshFailure.Explain(host, target, await EndAsync(session).ConfigureAwait(false));
        }
    }

    /// <summary>One shell.</summary>
    private sealed class Session : IDisposable
    {
        private const int MostError = 16 * 1024;

        private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

        private readonly Process _process;
        private readonly Lock _lock = new();
        private readonly StringBuilder _said = new();
        private readonly Task _reading;
        private readonly string _mark = $"m{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        private readonly ShellFrames _frames;
        private bool _disposed;

        private Session(Process process)
        {
            _process = process;
            _frames = new(_mark);
            _reading = ReadErrorAsync(process.StandardError);
        }

        internal bool HasEnded => _process.HasExited;

        internal static Session Start(string host, string file, IReadOnlyList<string> arguments)
        {
            // In a session of its own a Ctrl-C at our terminal does not reach it: what is under way is ours to end, or to wait for. setsid becomes what it runs.
            ProcessStartInfo start = HostProgram.Find("setsid") is { } setsid ? new(setsid, [file, .. arguments]) : new(file, arguments);
            start.RedirectStandardInput = true;
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
            start.StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false); // whatever this process's terminal has
            start.StandardErrorEncoding = Encoding.UTF8;
            start.Environment["LC_ALL"] = "C"; // its own texts
            try
            {
                return new(Process.Start(start)!);
            }
            catch (Win32Exception e)
            {
                throw new HostUnreachableException(host, $"{host}: {file} cannot be run: {e.Message}", e);
            }
        }

        /// <summary>Waits for the shell, drops what the account's start-up files printed, and says what it has to know.</summary>
        internal async Task GreetAsync(bool sudo, CancellationToken cancellationToken)
        {
            // Ordinary accounts lack the folders of vdpa and ethtool.
            string root = sudo ? "if [ \"$(id -u)\" = 0 ]; then root() { \"$@\"; }; else root() { sudo -n -- \"$@\"; }; fi" : "root() { \"$@\"; }";
            await _process.StandardInput.WriteAsync($"LC_ALL=C; PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin; export LC_ALL PATH; unset CDPATH; unalias -a; {root}\n".AsMemory(), cancellationToken).ConfigureAwait(false);
            await AskAsync(":", cancellationToken).ConfigureAwait(false);
        }

        /// <exception cref="IOException">The connection, or the shell, has ended.</exception>
        internal async Task<ShellAnswer> AskAsync(string command, CancellationToken cancellationToken)
        {
            await _process.StandardInput.WriteAsync(_frames.Question(command).AsMemory(), cancellationToken).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync(cancellationToken).ConfigureAwait(false);
            byte[] buffer = new byte[64 * 1024];
            while (true)
            {
                int count = await _process.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new EndOfStreamException();
                }

                _frames.Add(buffer.AsSpan(0, count));
                if (_frames.TryTake() is { } answer)
                {
                    return answer;
                }
            }
        }

        /// <summary>What <c>ssh</c> said before it ended.</summary>
        internal async Task<string> SaidAsync()
        {
            try
            {
                // Something that it started may hold the pipe for ever: the command of a proxy, or the master of a shared connection.
                await _reading.WaitAsync(EndPatience).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
            }

            lock (_lock)
            {
                return _said.ToString();
            }
        }

        /// <summary>Lets the shell end after what it does now, and waits for that.</summary>
        internal Task EndedAsync()
        {
            _process.StandardInput.BaseStream.Dispose();
            return _process.WaitForExitAsync();
        }

        /// <summary>The shell at the other end sees the end of its input, and ends; a command that the kernel keeps there is left alone.</summary>
        internal void Kill()
        {
            lock (_lock)
            {
                if (_disposed)
                {
                    return;
                }

                try
                {
                    _process.Kill(entireProcessTree: true);
                }
                catch (Exception e) when (e is Win32Exception or AggregateException)
                {
                    // The command of a proxy may be another account's.
                }
            }
        }

        public void Dispose()
        {
            Kill();
            lock (_lock)
            {
                _disposed = true;
                _process.StandardInput.BaseStream.Dispose(); // the process does not close what it gave away
                _process.StandardOutput.BaseStream.Dispose();
                _process.StandardError.BaseStream.Dispose();
                _process.Dispose();
            }
        }

        private async Task ReadErrorAsync(StreamReader reader)
        {
            char[] buffer = new char[1024];
            try
            {
                while (await reader.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
                {
                    lock (_lock)
                    {
                        _said.Append(buffer, 0, Math.Min(count, MostError - _said.Length)); // read on: a full pipe would stop ssh
                    }
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
            {
                // Closed by Dispose, while somebody else holds the other end.
            }
        }
    }
}
