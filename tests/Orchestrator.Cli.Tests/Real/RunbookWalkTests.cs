using Orchestrator.Tests.Devices;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>The commands of the runbooks as their readers type them: those that need no device on the lab's hosts, those of KAE's functions on a made Kunpeng host.</summary>
public sealed class RunbookWalkTests
{
    private const string RootVariable = "ORCHESTRATOR_HOST_ROOT";

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("obook-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("docs/runbook-vdpa.md")]
    [TestCase("docs/runbook-kae.md")]
    public async Task Commands_that_need_no_device_end_as_the_page_says(string page)
    {
        using HostTree bare = Bare();
        await CliLab.Lab.StartGuestAsync(new() { Name = "vm1" });
        try
        {
            IReadOnlyList<CliResult> walked = await WalkAsync(page, "plain", command => command.StartsWith("orchestrator host ", StringComparison.Ordinal) ? bare : null);
            Assert.That(walked.Select(result => result.Output), Has.Exactly(2).Match(@"vm1: now on node[12], downtime [0-9.]+ ms"));
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("vm1");
        }
    }

    [Test]
    public async Task Functions_are_made_bound_and_picked_as_the_page_says()
    {
        using HostTree host = HostTree.Kunpeng("hisi_zip");
        using var kernel = new KernelDouble(host);
        IReadOnlyList<CliResult> walked = await WalkAsync("docs/runbook-kae.md", "kunpeng", _ => host);
        Assert.That(walked.Select(result => result.Output), Has.Exactly(1).Contains("0000:31:00.1: bound to hisi_acc_vfio_pci").And.Exactly(1).Contains("<hostdev"));
    }

    [TestCase("docs/runbook-vdpa.md")]
    [TestCase("docs/runbook-kae.md")]
    public async Task What_host_check_is_said_to_print_it_prints(string page)
    {
        using HostTree bare = Bare()
            .Physical("0000:08:00.0", "19e5:0222", 3, 0, 0, null).File("/sys/devices/0000:08:00.0/class", "0x020000\n")
            .Physical("0000:31:00.0", "19e5:a250", 63, 0, 0, null).Physical("0000:35:00.0", "19e5:a255", 63, 0, 0, null).Physical("0000:39:00.0", "19e5:a258", 63, 0, 0, null);
        CliResult check = await RunAsync(bare, "host", "check", "node1", "--json");
        string[] remedies = [.. check.Json.GetProperty("checks").EnumerateArray().Select(one => one.GetProperty("remedy").GetString()).OfType<string>()];

        string[] lines = [.. new RunbookPage(page).Below("printed by host check")];
        Assert.That(lines, Is.Not.Empty);
        Assert.That(lines.Where(line => !remedies.Any(remedy => remedy.Contains(line, StringComparison.Ordinal))), Is.Empty, string.Join('\n', remedies));
    }

    /// <summary>A machine without modules and devices, whatever this one has.</summary>
    private static HostTree Bare() => new HostTree().Folder("/proc").Folder("/sys/module").Folder("/sys/bus/pci/devices").Folder("/sys/kernel/iommu_groups");

    /// <summary>Types what a page has for a lab.</summary>
    /// <param name="page">The page.</param>
    /// <param name="lab">The lab, as the page's comments call it.</param>
    /// <param name="machine">The machine that a command finds below libvirt; <see langword="null"/> for this one.</param>
    private async Task<IReadOnlyList<CliResult>> WalkAsync(string page, string lab, Func<string, HostTree?> machine)
    {
        var results = new List<CliResult>();
        foreach ((string command, int exitCode) in new RunbookPage(page).WalkIn(lab))
        {
            CliResult result = await RunAsync(machine(command), [.. RunbookPage.Arguments(command)!.Select(Placed)]);
            Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{command}: {result}");
            results.Add(result);
        }

        Assert.That(results, Is.Not.Empty);
        return results;
    }

    private Task<CliResult> RunAsync(HostTree? machine, params string[] arguments)
    {
        var environment = new Dictionary<string, string>
        {
            ["ORCHESTRATOR_HOSTS"] = $"{{node1: {{uri: '{CliLab.Lab.GetHost("lab-a").Uri}'}}, node2: {{uri: '{CliLab.Lab.GetHost("lab-b").Uri}'}}}}",
            ["ORCHESTRATOR_STATE_DIR"] = Path.Combine(_folder, "state"), // what others left unfinished is no part of the page
        };
        if (machine is not null)
        {
            environment[RootVariable] = machine.Root;
        }

        return CliProcess.RunAsync(environment, arguments);
    }

    /// <summary>Readers type in the repository's folder, or in one of their own.</summary>
    private string Placed(string argument) =>
        argument.StartsWith("samples/", StringComparison.Ordinal) ? Path.Combine(RunbookPage.Root, argument)
        : argument.EndsWith(".json", StringComparison.Ordinal) ? Path.Combine(_folder, argument)
        : argument;
}
