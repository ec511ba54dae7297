using System.Text;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Tests.Processes;

public sealed class ProcessIdentityTests
{
    [TestCase("42 (libvirtd) S 1 42 42 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 17 0 987654 1 2", "libvirtd", 'S', 987654)]
    [TestCase("42 (a ) R (b)) Z 1 42 42 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 17 0 12 1 2", "a ) R (b)", 'Z', 12)]
    public void ParseStat_line_of_the_kernel_is_understood(string text, string name, char state, long start) =>
        Assert.That(ProcessIdentity.ParseStat(text), Is.EqualTo(new ProcessStat(name, state, start)));

    [TestCase("")]
    [TestCase("42 (libvirtd) S 1 42")]
    [TestCase("42 libvirtd")]
    public void ParseStat_anything_else_is_null(string text) => Assert.That(ProcessIdentity.ParseStat(text), Is.Null);

    [Test]
    public void IsAlive_this_process_is_and_its_number_at_another_time_is_not()
    {
        var me = ProcessIdentity.Current;

        Assert.That(me.IsAlive(), Is.True);
        Assert.That((me with { StartTicks = me.StartTicks - 1 }).IsAlive(), Is.False);
        Assert.That((me with { BootId = "another" }).IsAlive(), Is.False);
        Assert.That((me with { Pid = int.MaxValue, Namespace = "pid:[1]" }).IsAlive(), Is.True, "another container's may be alive");
    }

    [TestCase("PATH=/bin\0HOME=/tmp/lab/a\0X=1\0", "/tmp/lab/a")]
    [TestCase("HOME=/x", "/x")]
    [TestCase("PATH=/HOME=/no\0", null)]
    [TestCase("", null)]
    public void HomeOf_environment_is_its_home(string environment, string? expected) =>
        Assert.That(LabProcess.HomeOf(Encoding.UTF8.GetBytes(environment)), Is.EqualTo(expected));
}
