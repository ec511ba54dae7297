using System.Globalization;
using System.Text;

namespace Orchestrator.Lab.Processes;

/// <summary>
/// A process that belongs to a lab. It is recognised by its environment: every process of a lab has its HOME in the lab's folder,
/// and libvirt hands HOME on to QEMU. So nothing is ended because its number was once ours, or because someone reads a file of the lab.
/// </summary>
internal sealed record LabProcess(int Pid, long StartTicks, string Name, string Home)
{
    /// <summary>The order in which a lab's processes are ended: the guests, libvirt, its log daemon, the collectors.</summary>
    public int EndOrder => Name switch
    {
        _ when Name.StartsWith("qemu", StringComparison.Ordinal) => 0,
        "libvirtd" => 1,
        "virtlogd" => 2,
        _ => 3,
    };

    /// <summary>Whether it still runs.</summary>
    public bool IsAlive() => ProcessIdentity.ReadStat(Pid) is { IsGone: false } stat && stat.StartTicks == StartTicks;

    /// <summary>All processes whose HOME is the folder, or in it.</summary>
    public static IReadOnlyList<LabProcess> FindIn(string folder)
    {
        var found = new List<LabProcess>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && ReadHome(pid) is { } home && IsIn(home, folder)
                && ProcessIdentity.ReadStat(pid) is { IsGone: false } stat)
            {
                found.Add(new LabProcess(pid, stat.StartTicks, stat.Name, home));
            }
        }

        return found;
    }

    /// <summary>The value of HOME in the text of <c>/proc/PID/environ</c>.</summary>
    public static string? HomeOf(ReadOnlySpan<byte> environment)
    {
        foreach (var range in environment.Split((byte)0))
        {
            var variable = environment[range];
            if (variable.StartsWith("HOME="u8))
            {
                return Encoding.UTF8.GetString(variable["HOME="u8.Length..]);
            }
        }

        return null;
    }

    private static bool IsIn(string path, string folder) =>
        path == folder || (path.StartsWith(folder, StringComparison.Ordinal) && path[folder.Length] == '/');

    private static string? ReadHome(int pid)
    {
        try
        {
            return HomeOf(File.ReadAllBytes($"/proc/{pid}/environ"));
        }
        catch (IOException)
        {
            return null; // gone meanwhile, or a thread of the kernel
        }
        catch (UnauthorizedAccessException)
        {
            return null; // another account's, so not of this lab
        }
    }
}
