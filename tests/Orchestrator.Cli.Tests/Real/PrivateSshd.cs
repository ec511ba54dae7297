using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>An OpenSSH server for tests alone: on 127.0.0.1, with keys of its own, in a folder that goes with it. This user reaches it by the name <see cref="Name"/>.</summary>
internal sealed class PrivateSshd : IAsyncDisposable
{
    /// <summary>The name by which the configuration of <c>ssh</c> knows it.</summary>
    internal const string Name = "guest";

    private const string PrivilegeSeparation = "/run/sshd";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder;
    private readonly bool _madeFolder;
    private Process? _server;

    private PrivateSshd(string folder)
    {
        _folder = folder;

        // A server of root's wants this folder, which its service makes.
        _madeFolder = Environment.UserName == "root" && !Directory.Exists(PrivilegeSeparation);
        if (_madeFolder)
        {
            Directory.CreateDirectory(PrivilegeSeparation, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>The <c>ssh</c> that a user has who has configured it for the server: the system's own.</summary>
    internal string Ssh => Path.Combine(_folder, "bin", "ssh");

    /// <summary>The configuration that the user has.</summary>
    internal string Configuration => Path.Combine(_folder, "ssh_config");

    /// <summary>A key that the server does not know.</summary>
    internal string OtherKey => Path.Combine(_folder, "host_key");

    /// <summary>Known hosts with another key for the server.</summary>
    internal string OtherHosts => Path.Combine(_folder, "other_hosts");

    /// <summary>Where a program of the machine behind the server is, if <see cref="Make"/> made it.</summary>
    internal string Program(string name) => Path.Combine(_folder, "programs", name);

    /// <summary>Makes a program of the machine behind the server, found before those of the system.</summary>
    internal void Make(string name, string script)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "programs"));
        WriteScript(Program(name), script);
    }

    /// <summary>An <c>ssh</c> to an account whose start-up files print something.</summary>
    internal string Noisy()
    {
        string path = Path.Combine(_folder, "bin", "noisy");
        WriteScript(path, $"printf 'Welcome!\nm 0\n\nno line feed'\nexec {Ssh} \"$@\"");
        return path;
    }

    /// <summary>Its port.</summary>
    internal int Port { get; private set; }

    /// <summary>What the server said.</summary>
    internal string Log => File.ReadAllText(Path.Combine(_folder, "sshd.log"));

    internal static async Task<PrivateSshd> StartAsync()
    {
        var server = new PrivateSshd(Directory.CreateTempSubdirectory("osshd-").FullName);
        try
        {
            await server.BeginAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the server and every connection to it.</summary>
    internal async Task StopAsync()
    {
        if (_server is not null)
        {
            _server.Kill(entireProcessTree: true);
            await _server.WaitForExitAsync();
            _server.Dispose();
            _server = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
        if (_madeFolder)
        {
            Directory.Delete(PrivilegeSeparation);
        }
    }

    private async Task BeginAsync()
    {
        foreach (string key in new[] { "host_key", "user_key" })
        {
            using Process made = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(_folder, key)]);
            await made.WaitForExitAsync();
            Assert.That(made.ExitCode, Is.Zero);
        }

        // The port may be taken by another between the two: then the next one.
        for (int i = 0; i < 5 && _server is null; i++)
        {
            Port = FreePort();
            await WriteAsync();
            _server = Process.Start(new ProcessStartInfo("/usr/sbin/sshd", ["-D", "-e", "-f", Path.Combine(_folder, "sshd_config"), "-E", Path.Combine(_folder, "sshd.log")]));
            if (!await AcceptsAsync())
            {
                await StopAsync();
            }
        }

        Assert.That(_server, Is.Not.Null, () => Log);
    }

    private async Task WriteAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "sshd_config"), $"""
            ListenAddress 127.0.0.1:{Port}
            HostKey {_folder}/host_key
            AuthorizedKeysFile {_folder}/user_key.pub
            PidFile none
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            MaxStartups 100
            SetEnv PATH={_folder}/programs:/usr/sbin:/usr/bin:/sbin:/bin

            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "known_hosts"), $"[127.0.0.1]:{Port} {await File.ReadAllTextAsync(Path.Combine(_folder, "host_key.pub"))}");
        await File.WriteAllTextAsync(OtherHosts, $"[127.0.0.1]:{Port} {await File.ReadAllTextAsync(Path.Combine(_folder, "user_key.pub"))}");
        await File.WriteAllTextAsync(Configuration, $"""
            Host {Name}
                HostName 127.0.0.1
                Port {Port}
                User {Environment.UserName}
                IdentityFile {_folder}/user_key
                IdentitiesOnly yes
                UserKnownHostsFile {_folder}/known_hosts
                StrictHostKeyChecking yes

            """);

        // ssh looks for the user's configuration in the home folder of the user's account alone.
        Directory.CreateDirectory(Path.GetDirectoryName(Ssh)!);
        WriteScript(Ssh, $"exec /usr/bin/ssh -F '{Configuration}' \"$@\"");
    }

    private static void WriteScript(string path, string script)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<bool> AcceptsAsync()
    {
        long began = Stopwatch.GetTimestamp();
        while (!_server!.HasExited && Stopwatch.GetElapsedTime(began) < Patience)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, Port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        return false;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
