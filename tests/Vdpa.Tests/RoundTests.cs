namespace Vdpa.Tests;

/// <summary>Round after round of what a runbook does over SSH: create, attach, migrate there and back, detach, delete. Nothing may be left.</summary>
public sealed class RoundTests
{
    private const int Rounds = 20;

    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    [Test]
    [AgainIfTheMachineDies]
    public async Task Twenty_rounds_leave_nothing_behind()
    {
        await Machine.DefineAsync(VdpaLab.A, "rounds");
        await Tool.DoAsync("-c", VdpaLab.A, "domain", "start", "rounds");
        await Machine.BootedAsync(VdpaLab.A, "rounds");
        string before = await Machine.LeftAsync();
        for (int round = 1; round <= Rounds; round++)
        {
            string here = await Machine.CreateAsync(DeviceKind.Interface, VdpaLab.A, $"r{round}a"), there = await Machine.CreateAsync(DeviceKind.Interface, VdpaLab.B, $"r{round}b");
            string document = Machine.Write("device.xml", Machine.Document(DeviceKind.Interface, here));
            await Tool.DoAsync("-c", VdpaLab.A, "device", "attach", "rounds", document);
            await Tool.DoAsync("migrate", "rounds", "--from", VdpaLab.A, "--to", VdpaLab.B);
            await Tool.DoAsync("migrate", "rounds", "--from", VdpaLab.B, "--to", VdpaLab.A);
            await Tool.DoAsync("-c", VdpaLab.A, "device", "detach", "rounds", "--device", DeviceKind.Mac);
            await Machine.DeleteAsync(DeviceKind.Interface, VdpaLab.A, $"r{round}a");
            await Machine.DeleteAsync(DeviceKind.Interface, VdpaLab.B, $"r{round}b");
            TestContext.Progress.WriteLine($"round {round}: {there} and back");
        }

        // What our commands started there ends with them.
        await VdpaLab.ShellAsync(VdpaLab.A, "for i in $(seq 300); do pgrep -x 'virt-ssh-helper|sudo|vdpa' >/dev/null || exit 0; sleep 0.1; done; ps -ef; exit 1");

        // The guest's own process is another one after each journey.
        Assert.That(Stable(await Machine.LeftAsync()), Is.EqualTo(Stable(before)));
    }

    private static string[] Stable(string left) => [.. left.Split('\n').Select(line => System.Text.RegularExpressions.Regex.Replace(line, "^[0-9]+ .*guest=([^,]+).*$", "guest $1"))];
}
