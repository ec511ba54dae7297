using System.Text;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Hosts;

/// <summary>The folders and configuration of one host.</summary>
internal static class HostFiles
{
    private static readonly string[] Folders = ["", "run", "config", "config/libvirt", "cache", "data", "state"];

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Writes them, and gives them to the lab's account only then: from there on it is the account's own place.</summary>
    public static void Write(string root, Guid hostUuid, PortRange ports, LabAccount account)
    {
        foreach (var folder in Folders)
        {
            Directory.CreateDirectory(Path.Combine(root, folder), Private);
        }

        var files = new Dictionary<string, string>
        {
            [Config(root, "libvirtd.conf")] = Daemon(hostUuid),
            [Config(root, "qemu.conf")] = Driver(ports),
        };
        foreach (var (path, text) in files)
        {
            File.WriteAllText(path, text);
            account.Give(path);
        }

        foreach (var folder in Folders.Reverse())
        {
            account.Give(Path.Combine(root, folder));
        }
    }

    /// <summary>The path of a file of libvirt's configuration.</summary>
    public static string Config(string root, string name) => Path.Combine(root, "config", "libvirt", name);

    /// <summary>The environment in which a host's daemons run; by HOME they are recognised as the lab's.</summary>
    public static IReadOnlyDictionary<string, string> Environment(string root) => new Dictionary<string, string>
    {
        ["PATH"] = Tool.SearchPath,
        ["HOME"] = root,
        ["LC_ALL"] = "C.UTF-8",
        ["XDG_RUNTIME_DIR"] = Path.Combine(root, "run"),
        ["XDG_CONFIG_HOME"] = Path.Combine(root, "config"),
        ["XDG_CACHE_HOME"] = Path.Combine(root, "cache"),
        ["XDG_DATA_HOME"] = Path.Combine(root, "data"),
        ["XDG_STATE_HOME"] = Path.Combine(root, "state"),
    };

    /// <summary><c>libvirtd.conf</c>: an identity of its own (else the hosts of one machine are one to libvirt), and no questions asked.</summary>
    public static string Daemon(Guid hostUuid) => new StringBuilder()
        .AppendLine($"host_uuid = \"{hostUuid}\"")
        .AppendLine("auth_unix_rw = \"none\"")
        .ToString();

    /// <summary>
    /// <c>qemu.conf</c>: ports of its own (with a shared range, migrations that cross take each other's), and no security driver to depend
    /// on. Never migration_host or migration_address: with a local one the driver refuses to start.
    /// </summary>
    public static string Driver(PortRange ports) => new StringBuilder()
        .AppendLine($"migration_port_min = {ports.First}")
        .AppendLine($"migration_port_max = {ports.Last}")
        .AppendLine("security_driver = \"none\"")
        .ToString();
}
