using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Lifecycle;

/// <summary>
/// One writer per domain, in this process and among the processes of this machine, by one mechanism: whoever changes a domain has bound an abstract socket of
/// the domain's name. The kernel gives the name to one holder, whoever the users are, and takes it back when the holder ends, however it ends; nothing lies about in a
/// file system. Contenders connect to it, learn from the holder what is being done, wait for the connection's end, and may ask the holder to give up.
/// </summary>
/// <remarks>Abstract sockets belong to a network namespace: processes in containers with networks of their own do not see each other's claims.</remarks>
public sealed class DomainClaims
{
    private static readonly TimeSpan Politeness = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly TimeProvider _time;

    /// <summary>Creates the claims of this process.</summary>
    /// <param name="time">The clock of the waits.</param>
    public DomainClaims(TimeProvider? time = null) => _time = time ?? TimeProvider.System;

    /// <summary>Claims a domain or device, or meets the one who has it; does not wait for its release.</summary>
    /// <param name="key">What.</param>
    /// <param name="holder">What contenders are told.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<ClaimAttempt> TryClaimAsync(ClaimKey key, ClaimHolder holder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(holder);
        var name = new UnixDomainSocketEndPoint($"\0{key.Name}");
        long start = _time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Bind(name) is { } listener)
            {
                return new(new DomainClaim(listener, holder), null);
            }

            if (await ConnectAsync(name, cancellationToken).ConfigureAwait(false) is { } connection)
            {
                return new(null, await OtherClaim.MeetAsync(connection, holder, Politeness, _time, cancellationToken).ConfigureAwait(false));
            }

            // The holder has just ended, or has bound the name and does not listen yet; one that never does is none of ours.
            if (_time.GetElapsedTime(start) >= Politeness)
            {
                return new(null, new OtherClaim(leave => UntilFreeAsync(name, leave)));
            }

            await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Meets the one who has a claim; <see langword="null"/> when nobody has. Takes nothing: nobody has to wait for who only looks.</summary>
    internal async Task<OtherClaim?> FindAsync(ClaimKey key, ClaimHolder self, CancellationToken cancellationToken) =>
        await ConnectAsync(new($"\0{key.Name}"), cancellationToken).ConfigureAwait(false) is { } connection
            ? await OtherClaim.MeetAsync(connection, self, Politeness, _time, cancellationToken).ConfigureAwait(false)
            : null;

    private static async Task<Socket?> ConnectAsync(UnixDomainSocketEndPoint name, CancellationToken cancellationToken)
    {
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connection.ConnectAsync(name, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.WouldBlock)
        {
            connection.Dispose();
            return null;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task UntilFreeAsync(UnixDomainSocketEndPoint name, CancellationToken leave)
    {
        while (true)
        {
            using Socket? mine = Bind(name);
            using Socket? theirs = mine is null ? await ConnectAsync(name, leave).ConfigureAwait(false) : null;
            if (mine is not null || theirs is not null)
            {
                return;
            }

            await Task.Delay(Pause * 10, _time, leave).ConfigureAwait(false);
        }
    }

    private static Socket? Bind(UnixDomainSocketEndPoint name)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(name);
            listener.Listen(int.MaxValue);
            return listener;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            listener.Dispose();
            return null;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }
}

/// <summary>Who has a claim, and what for.</summary>
/// <param name="Operation">What is being done.</param>
/// <param name="Domain">The domain's name.</param>
/// <param name="Host">The host on which it is done.</param>
/// <param name="Pid">The process that does it.</param>
/// <param name="User">Its user.</param>
/// <param name="Since">When it began.</param>
public sealed record ClaimHolder(DomainOperation Operation, string Domain, string Host, int Pid, string User, DateTimeOffset Since)
{
    /// <summary>A holder in this process.</summary>
    /// <param name="operation">What is being done.</param>
    /// <param name="domain">The domain's name.</param>
    /// <param name="host">The host on which it is done.</param>
    /// <param name="time">The clock.</param>
    public static ClaimHolder Here(DomainOperation operation, string domain, string host, TimeProvider? time = null) =>
        new(operation, domain, host, Environment.ProcessId, Environment.UserName, (time ?? TimeProvider.System).GetUtcNow());

    /// <summary>In words: <c>migrate of web1 on node1, by pid 4242 of root since 10:11:12</c>.</summary>
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ErrorDocument.CodeOf(Operation)} of {Domain} on {Host}, by pid {Pid} of {User} since {Since.ToLocalTime():HH:mm:ss}");
}

/// <summary>What came of an attempt: one of the two.</summary>
/// <param name="Claim">The claim, to be disposed of when the work is done.</param>
/// <param name="Other">The one who has it.</param>
public sealed record ClaimAttempt(DomainClaim? Claim, OtherClaim? Other);

/// <summary>One line each way: what the holder does, and what a contender who asks for its end wants to do.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ClaimHolder))]
internal sealed partial class ClaimJson : JsonSerializerContext
{
    internal static async Task SendAsync(Socket socket, ClaimHolder holder, CancellationToken cancellationToken)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(holder, Default.ClaimHolder), (byte)'\n'];
        for (int sent = 0; sent < line.Length;)
        {
            sent += await socket.SendAsync(line.AsMemory(sent), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads one line; <see langword="null"/> when it ended before, is no such line, or is longer than any of ours: anybody may bind the name.</summary>
    internal static async Task<ClaimHolder?> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            int end = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            length += read;
            if (end >= 0)
            {
                try
                {
                    return JsonSerializer.Deserialize(buffer.AsSpan(0, length - read + end), Default.ClaimHolder);
                }
                catch (JsonException)
                {
                    return null;
                }
            }

            if (read == 0)
            {
                return null;
            }
        }

        return null;
    }
}
