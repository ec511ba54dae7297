using System.Diagnostics;
using Npgsql;

namespace Orchestrator.Tests.Regression.Store;

/// <summary>A PostgreSQL server of the tests' own, from Debian's package: reached by a socket in its folder alone, and gone with it.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    internal const string Password = "hunter2 = not; shown";

    private const string User = "orchestrator";

    private readonly string _folder;
    private readonly Process _server;

    private PostgresServer(string folder, Process server)
    {
        _folder = folder;
        _server = server;
    }

    internal static async Task<PostgresServer> StartAsync()
    {
        string programs = Directory.GetDirectories("/usr/lib/postgresql").Order().Select(version => Path.Combine(version, "bin")).LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
            ?? throw new InvalidOperationException("PostgreSQL's server is not installed: eng/install test");
        string folder = Directory.CreateTempSubdirectory("opg-").FullName;
        string password = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(password, Password);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "-R", "nobody:nogroup", folder);
        }

        string data = Path.Combine(folder, "data");
        using (Process made = Start(Path.Combine(programs, "initdb"), "-D", data, "-U", User, "--auth=scram-sha-256", $"--pwfile={password}", "--no-sync", "-E", "UTF8", "--locale=C"))
        {
            await EndAsync(made);
        }

        // Without an address: the socket only. What it says is wanted when it does not come up.
        var server = new PostgresServer(folder, Start(Path.Combine(programs, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"));
        string log = "";
        server._server.ErrorDataReceived += (_, line) => log += $"{line.Data}\n";
        server._server.BeginErrorReadLine();
        server._server.BeginOutputReadLine();
        long begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(server.ConnectionString("postgres"));
                await connection.OpenAsync();
                return server;
            }
            catch (NpgsqlException e)
            {
                if (server._server.HasExited || Stopwatch.GetElapsedTime(begun) > TimeSpan.FromMinutes(2))
                {
                    await server.DisposeAsync();
                    throw new InvalidOperationException($"PostgreSQL did not come up: {log}", e);
                }

                await Task.Delay(50);
            }
        }
    }

    /// <summary>An empty database of a name of its own.</summary>
    internal async Task<string> CreateDatabaseAsync()
    {
        string name = $"t{Guid.NewGuid():n}";
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(ConnectionString("postgres"));
        await using NpgsqlCommand create = source.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    internal string ConnectionString(string database, string password = Password) =>
        new NpgsqlConnectionStringBuilder { Host = _folder, Username = User, Password = password, Database = database, Pooling = false }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        if (!_server.HasExited)
        {
            await RunAsync("kill", "-s", "INT", $"{_server.Id}"); // in haste, but in order
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await _server.WaitForExitAsync(deadline.Token);
        }

        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // PostgreSQL refuses to run as root. setpriv becomes the program: its process is the server's.
    private static Process Start(string program, params string[] arguments)
    {
        string[] command = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program, .. arguments] : [program, .. arguments];
        return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await EndAsync(process);
    }

    private static async Task EndAsync(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{process.StartInfo.FileName} ended with {process.ExitCode}: {await output}{error}");
        }
    }
}
