using Orchestrator.Devices;

namespace Orchestrator.Hosts;

/// <summary>The machine behind a host, as far as it is reached beside libvirt: this one, or another one over SSH. It is closed with its host.</summary>
public sealed class HostMachine
{
    private HostMachine(HostFiles files, VdpaTool vdpa, SshShell? shell)
    {
        Files = files;
        Vdpa = vdpa;
        Shell = shell;
    }

    /// <summary>Its files.</summary>
    public HostFiles Files { get; }

    /// <summary>Its vdpa tool.</summary>
    public VdpaTool Vdpa { get; }

    /// <summary>Whether it is this machine, or a made tree of it.</summary>
    public bool IsThisMachine => Shell is null;

    /// <summary>The way to another machine; <see langword="null"/> for this one.</summary>
    internal SshShell? Shell { get; }

    /// <summary>This machine.</summary>
    /// <param name="files">Its files; <see langword="null"/> for those of the running machine.</param>
    /// <param name="vdpa">Its tool.</param>
    public static HostMachine Here(HostFiles? files = null, VdpaTool? vdpa = null) => new(files ?? new(), vdpa ?? new(), null);

    /// <summary>The machine behind a host: this one, the one that its side channel or its URI leads to over SSH, or <see langword="null"/>: only its libvirt can be asked.</summary>
    /// <param name="host">The host.</param>
    /// <param name="here">The files of this machine; <see langword="null"/> for those of the running machine.</param>
    /// <param name="vdpa">The tool of this machine.</param>
    public static HostMachine? Behind(IHost host, HostFiles? here = null, VdpaTool? vdpa = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        return IsHere(host.Identity, here ??= new()) ? Here(here, vdpa) : host.Elsewhere;
    }

    /// <summary>Whether a daemon runs on this machine. A socket of this machine may be the end of a tunnel: then the host has another name. Whoever gives a made tree says himself that it is the host's.</summary>
    /// <param name="host">The host.</param>
    /// <param name="here">The files of this machine.</param>
    internal static bool IsHere(HostIdentity host, HostFiles here) => QemuLogLocation.LocalSocket(host.Uri) is not null
        && (!here.IsMachine || host.HostName is null || string.Equals(host.HostName.Split('.')[0], Environment.MachineName.Split('.')[0], StringComparison.OrdinalIgnoreCase));

    /// <summary>Why the machine cannot be looked into; <see langword="null"/> when it can. For whoever can do without.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string?> FindProblemAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            if (Shell is not null)
            {
                await Shell.AskAsync(":", null, cancellationToken).ConfigureAwait(false);
            }

            return null;
        }
        catch (Exception e) when (e is HostUnreachableException or TimeoutException)
        {
            return e.Message;
        }
    }

    /// <summary>Another machine. Nothing is opened before it is needed.</summary>
    internal static HostMachine Over(SshShell shell) => new(new(new SshFiles(shell)), new(shell), shell);

    /// <summary>Whether its programs can be run: not those of a made tree.</summary>
    internal bool RunsPrograms => Shell is not null || Files.IsMachine;

    /// <summary>The variables of this user there.</summary>
    internal async Task<Func<string, string?>> EnvironmentAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (Shell is null)
        {
            return Environment.GetEnvironmentVariable;
        }

        string printed = await OutputAsync(["env"], SshShell.Patience, time, cancellationToken).ConfigureAwait(false) ?? "";
        ILookup<string, string> variables = printed.Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair is [_, not ""]).ToLookup(pair => pair[0], pair => pair[1]);
        return name => variables[name].FirstOrDefault();
    }

    /// <summary>What a program of the machine printed; <see langword="null"/> when it is not there, failed, or was late.</summary>
    internal async Task<string?> OutputAsync(IReadOnlyList<string> command, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Shell is null)
        {
            return await HostProgram.OutputAsync(command[0], [.. command.Skip(1)], limit, time, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            ShellAnswer answer = await Shell.AskAsync(SshCommand.Line(command), limit, cancellationToken).ConfigureAwait(false);
            return answer.ExitCode == 0 ? answer.Text : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }
}
