using System.Globalization;
using Orchestrator.Lab.Processes;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab.Machines;

/// <summary>The SSH keys of one lab, made for it: the user's, and the machines' own, which is known here before they run. In the lab's folder <c>ssh</c>.</summary>
internal static class MachineKeys
{
    /// <summary>A file of the folder: <c>user</c>, <c>user.pub</c>, <c>host</c>, <c>config</c>, <c>ssh</c>.</summary>
    public static string In(string lab, string name) => Path.Combine(lab, "ssh", name);

    /// <summary>Makes what is not there yet, and writes down where the machines are.</summary>
    public static async Task EnsureAsync(string lab, IReadOnlyList<MachineRecord> machines, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(lab, "ssh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var ssh = Tool.Require("ssh", "openssh-client");
        foreach (var key in (string[])["user", "host"])
        {
            if (!File.Exists(In(lab, key)))
            {
                await Tool.RunAsync(
                    Tool.Require("ssh-keygen", "openssh-client"), ["-q", "-t", "ed25519", "-N", "", "-C", $"lab-{key}", "-f", In(lab, key)], folder, cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        var hostKey = (await File.ReadAllTextAsync(In(lab, "host.pub"), cancellationToken).ConfigureAwait(false)).Trim();
        File.WriteAllText(In(lab, "known_hosts"), $"orchestrator-lab {hostKey}\n");
        File.WriteAllText(In(lab, "config"), Config(lab, machines));

        // libvirt has no setting for a configuration of ssh: the URI names this program instead.
        File.WriteAllText(In(lab, "ssh"), $"#!/bin/sh\nexec '{ssh}' -F '{In(lab, "config")}' \"$@\"\n");
        File.SetUnixFileMode(In(lab, "ssh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static string Config(string lab, IReadOnlyList<MachineRecord> machines) => string.Join('\n', [
        .. machines.SelectMany((machine, number) => LabMachine.Letters(number).Select((letter, i) => string.Create(CultureInfo.InvariantCulture, $"""
            Host {LabMachine.HostName(letter)}
              Port {MachinePorts.Ssh(machine, i)}

            """))),
        $"""
        Host *
          HostName 127.0.0.1
          User root
          IdentityFile {In(lab, "user")}
          IdentitiesOnly yes
          HostKeyAlias orchestrator-lab
          UserKnownHostsFile {In(lab, "known_hosts")}
          GlobalKnownHostsFile /dev/null
          StrictHostKeyChecking yes

        """,
    ]);
}

/// <summary>Which port of this machine leads where in an emulated one.</summary>
internal static class MachinePorts
{
    /// <summary>To a host's libvirt daemon.</summary>
    public static int Tcp(MachineRecord machine, int host) => machine.Ports.First + (2 * host);

    /// <summary>To a host's sshd.</summary>
    public static int Ssh(MachineRecord machine, int host) => machine.Ports.First + (2 * host) + 1;
}
