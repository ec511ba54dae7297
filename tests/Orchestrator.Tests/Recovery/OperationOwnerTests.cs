using System.Diagnostics;
using Orchestrator.Recovery;

namespace Orchestrator.Tests.Recovery;

public sealed class OperationOwnerTests
{
    private static OperationOwner Here => OperationOwner.Here;

    [Test]
    public void A_process_lives_under_its_number_and_its_start_in_this_start_of_the_machine()
    {
        Assert.That(Here.IsAlive(), Is.True);
        Assert.That((Here with { StartTicks = Here.StartTicks - 1 }).IsAlive(), Is.False, "its number is another's now");
        Assert.That((Here with { BootId = "earlier" }).IsAlive(), Is.False);
    }

    [Test]
    public void A_process_that_has_ended_does_not_live_although_its_parent_has_not_asked_for_its_exit_code()
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 1000 & echo $!; exec cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        int pid = int.Parse(shell.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);

        // A shell might ask for the exit code of its child; cat does not.
        Assert.That(() => File.ReadAllText($"/proc/{shell.Id}/comm"), Is.EqualTo("cat\n").After(20_000, 20));
        Process.GetProcessById(pid).Kill();
        Assert.That(() => File.ReadAllText($"/proc/{pid}/stat"), Does.Contain(") Z ").After(20_000, 20));
        string[] fields = File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ');

        Assert.That((Here with { Pid = pid, StartTicks = long.Parse(fields[19], System.Globalization.CultureInfo.InvariantCulture) }).IsAlive(), Is.False);

        shell.StandardInput.Close();
        shell.WaitForExit();
    }

    [Test]
    public void Of_what_cannot_be_seen_from_here_nothing_is_concluded()
    {
        OperationOwner gone = Here with { Pid = int.MaxValue };
        Assert.That(gone.IsAlive(), Is.False);
        Assert.Multiple(() =>
        {
            Assert.That((gone with { MachineId = "0123456789abcdef0123456789abcdef" }).IsAlive(), Is.Null, "another machine");
            Assert.That((gone with { BootId = "its own", HostName = "copy" }).IsAlive(), Is.Null, "a machine of the same image");
            Assert.That((gone with { PidNamespace = "pid:[1]" }).IsAlive(), Is.Null, "another container");
            Assert.That((gone with { BootId = null }).IsAlive(), Is.Null, "nobody wrote down which start");
        });
    }
}
