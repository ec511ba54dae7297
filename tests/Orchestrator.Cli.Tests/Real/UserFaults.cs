namespace Orchestrator.Cli.Tests.Real;

/// <summary>
/// Lets an unprivileged QEMU receive a post-copy migration: the kernel hands page faults to a process without privileges only where vm.unprivileged_userfaultfd is 1, and
/// /dev/userfaultfd is root's. What was set before is put back.
/// </summary>
internal sealed class UserFaults : IDisposable
{
    private const string Setting = "/proc/sys/vm/unprivileged_userfaultfd";

    private readonly string _before;

    private UserFaults(string before) => _before = before;

    internal static UserFaults Allow()
    {
        string before = File.ReadAllText(Setting).Trim();
        try
        {
            if (before != "1")
            {
                File.WriteAllText(Setting, "1");
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            Assert.Fail($"post-copy without privileges needs vm.unprivileged_userfaultfd=1, which this user cannot set ({e.Message}): run as root, or: sysctl -w vm.unprivileged_userfaultfd=1");
        }

        return new(before);
    }

    public void Dispose()
    {
        if (_before != "1")
        {
            File.WriteAllText(Setting, _before);
        }
    }
}
