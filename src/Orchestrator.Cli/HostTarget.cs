using System.CommandLine;
using Orchestrator.Devices;
using Orchestrator.Hosts;

namespace Orchestrator.Cli;

/// <summary>The host whose devices a command is about: this machine, another one that is reached over SSH, or one of which only libvirt tells.</summary>
internal sealed class HostTarget : IAsyncDisposable
{
    /// <summary>A folder that stands for <c>/</c>: for tests, and for a host's file systems that are mounted somewhere.</summary>
    internal const string RootVariable = "ORCHESTRATOR_HOST_ROOT";

    internal HostTarget(string name, HostMachine? machine, IHost? host)
    {
        Name = name;
        Machine = machine;
        Host = host;
    }

    internal string Name { get; }

    /// <summary>The machine; <see langword="null"/> when only its libvirt is reached.</summary>
    internal HostMachine? Machine { get; }

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
            return new("this machine", HostMachine.Here(new(root ?? "/")), null);
        }

        LibvirtHost host = await HostResolver.ConnectAsync(name, globals.Loggers.CreateLogger("host"), cancellationToken).ConfigureAwait(false);
        return new(host.Address.Name, MachineOf(host), host);
    }

    /// <summary>The machine behind a connected host; <see langword="null"/> when only its libvirt is reached.</summary>
    internal static HostMachine? MachineOf(IHost host) => Root() is { } root ? HostMachine.Here(new(root)) : HostMachine.Behind(host);

    /// <summary>The machine behind a connected host, for a command that can do without: one that cannot be reached over SSH is told of, and libvirt asked alone.</summary>
    internal static async Task<HostMachine?> SeeAsync(IHost host, CliConsole console, CancellationToken cancellationToken)
    {
        HostMachine? machine = MachineOf(host);
        if (machine is null || await machine.FindProblemAsync(cancellationToken).ConfigureAwait(false) is not { } problem)
        {
            return machine;
        }

        console.Error.WriteLine(CliConsole.Printable($"{problem} Only libvirt was asked.")); // also beside a document: it lacks what the machine would have told
        return null;
    }

    /// <summary>The machine, for a command that can do without.</summary>
    internal Task<HostMachine?> SeeAsync(CliConsole console, CancellationToken cancellationToken) => Host is null ? Task.FromResult(Machine) : SeeAsync(Host, console, cancellationToken);

    /// <summary>The vDPA devices of a connected host; <see langword="null"/> when its machine cannot be looked into.</summary>
    internal static async Task<VdpaDevices?> SeeVdpaAsync(IHost host, CliConsole console, CancellationToken cancellationToken) =>
        await SeeAsync(host, console, cancellationToken).ConfigureAwait(false) is { } machine ? new(machine.Files, machine.Vdpa, host) : null;

    /// <summary>The machine, for a command that libvirt has no call for.</summary>
    /// <param name="what">What libvirt cannot do.</param>
    /// <param name="commands">What to type on the host instead.</param>
    internal HostMachine RequireMachine(string what, Func<IEnumerable<string>> commands) => Machine ?? throw new HostDeviceException(
        HostDeviceProblem.NotThisMachine, $"{Name} is not this machine, and libvirt has no call that {what}",
        $"Say in hosts.yaml how it is reached over SSH (side_channel). Or on {Name}, as root: {string.Join("; ", commands())}", Name);

    public ValueTask DisposeAsync() => Host?.DisposeAsync() ?? ValueTask.CompletedTask;
}
