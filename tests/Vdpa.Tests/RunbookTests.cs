using System.Text.RegularExpressions;
using System.Xml.Linq;
using Orchestrator.Lab;
using Tests.Shared;

namespace Vdpa.Tests;

/// <summary>The runbook of kernel vDPA and the page of this lab, walked with simulated devices: made, given to a guest, migrated.</summary>
public sealed partial class RunbookTests
{
    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    [TestCase("docs/runbook-vdpa.md", true)]
    [TestCase("docs/vdpa-lab.md", false)]
    [AgainIfTheMachineDies]
    public async Task Commands_end_as_the_page_says(string page, bool putsBack)
    {
        string before = await Machine.LeftAsync();
        Machine.Write("vm1.xml", Guest());
        foreach ((string command, int exitCode) in new RunbookPage(page).WalkIn("vdpa"))
        {
            string here = InTheLab(command);
            ToolResult result = await Tool.RunAsync(RunbookPage.Arguments(here)!);
            Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{here}: {result}");
        }

        Assert.That(await Machine.LeftAsync(), putsBack ? Is.EqualTo(before) : Is.Not.EqualTo(before));
    }

    /// <summary>The guest that the page has its readers write, as this lab's libvirt takes it. The nodes are the first ones: nothing else is on the bus.</summary>
    private static string Guest()
    {
        XElement document = VirtualLab.MachineGuestDocument(new() { Name = "vm1", MemoryMiB = 192, Shell = true, SharedMemory = true });
        document.Element("devices")!.Add(Enumerable.Range(0, 3).Select(n => XElement.Parse(
            $"<interface type='vdpa'><mac address='52:54:00:00:10:0{n + 1}'/><source dev='/dev/vhost-vdpa-{n}'/><model type='virtio'/></interface>")));
        return document.ToString();
    }

    // The lab's names; a simulator in the place of a card's functions; and as its hosts share a kernel, names of its own for the second one's devices.
    private static string InTheLab(string command)
    {
        string here = Functions().Replace(command, "vdpasim_net").Replace("node1", VdpaLab.A, StringComparison.Ordinal).Replace("node2", VdpaLab.B, StringComparison.Ordinal);
        here = here.Contains($"-c {VdpaLab.B}", StringComparison.Ordinal) ? Devices().Replace(here, "$0b") : here;
        here = here.Replace(" samples/", $" {RunbookPage.Root}/samples/", StringComparison.Ordinal);
        return Written().Replace(here, file => Path.Combine(VdpaLab.Files, file.Value));
    }

    [GeneratedRegex(@"pci/0000:08:01\.[0-9]")]
    private static partial Regex Functions();

    [GeneratedRegex(@"\bvdpa[0-9]\b")]
    private static partial Regex Devices();

    [GeneratedRegex(@"(?<= )[a-z0-9]+\.(xml|json)\b")]
    private static partial Regex Written();
}
