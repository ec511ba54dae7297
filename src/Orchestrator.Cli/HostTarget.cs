using System.CommandLine;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli;

/// <summary>The host whose devices a command is about: this machine with its files, or another one of which only libvirt tells.</summary>
internal sealed class HostTarget : IAsyncDisposable
{
    /// <summary>A folder that stands for <c>/</c>: for tests, and for a host's file systems that are mounted somewhere.</summary>
    internal const string RootVariable = "ORCHESTRATOR_HOST_ROOT";

    internal HostTarget(string name, HostFiles? files, IHost? host)
    {
        Name = name;
        Files = files;
        Host = host;
    }

    internal string Name { get; }

    /// <summary>The host's files; <see langword="null"/> when it is not this machine.</summary>
    internal HostFiles? Files { get; }

    /// <summary>The host's libvirt; <see langword="null"/> when none was named.</summary>
    internal IHost? Host { get; }

    /// <summary>The folder that stands for <c>/</c>; <see langword="null"/> for <c>/</c> itself.</summary>
    /// <exception cref="CliException">It is none: an empty host would be told of.</exception>
    internal static string? Root() => Environment.GetEnvironmentVariable(RootVariable) switch
    {
        null or "" => null,
        var folder when Directory.Exists(folder) => folder,
        var other => throw new CliException(ExitCode.Usage, new("usage", $"{RootVariable} names {other}, which is no folder.")),
    };

    /// <summary>
    /// Opens the host that <c>-c</c> or LIBVIRT_DEFAULT_URI names, else this machine. That one's libvirt is not asked then: <c>/proc</c> tells who uses a device,
    /// and asking would start a daemon for an ordinary user.
    /// </summary>
    internal static async Task<HostTarget> OpenAsync(GlobalOptions globals, ParseResult parsed, CancellationToken cancellationToken)
    {
        string? root = Root();
        string? name = globals.Connect(parsed);
        if (name is null && (root is not null || string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LIBVIRT_DEFAULT_URI"))))
        {
            return new("this machine", new HostFiles(root ?? "/"), null);
        }

        LibvirtHost host = await HostResolver.ConnectAsync(name, globals.Loggers.CreateLogger("host"), cancellationToken).ConfigureAwait(false);
        return new(host.Address.Name, FilesOf(host.Identity), host);
    }

    /// <summary>The files of a connected host; <see langword="null"/> when it is not this machine.</summary>
    internal static HostFiles? FilesOf(HostIdentity identity) => Root() is { } root ? new HostFiles(root) : IsThisMachine(identity) ? new HostFiles() : null;

    /// <summary>The files, for a command that libvirt has no call for.</summary>
    /// <param name="what">What libvirt cannot do.</param>
    /// <param name="commands">What to type on the host instead.</param>
    internal HostFiles RequireFiles(string what, Func<IEnumerable<string>> commands) => Files ?? throw new HostDeviceException(
        HostDeviceProblem.NotThisMachine, $"{Name} is not this machine, and libvirt has no call that {what}", $"On {Name}, as root: {string.Join("; ", commands())}", Name);

    public ValueTask DisposeAsync() => Host?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>A URI without a host may still reach another machine, through a socket that is forwarded: its daemon knows its own name.</summary>
    internal static bool IsThisMachine(HostIdentity identity) =>
        Uri.TryCreate(identity.Uri, UriKind.Absolute, out Uri? uri) && uri.Host.Length == 0
        && (!uri.Query.Contains("socket=", StringComparison.Ordinal) || identity.HostName is null || Label(identity.HostName) == Label(Environment.MachineName));

    private static string Label(string hostName) => hostName.Split('.')[0].ToLowerInvariant();
}
