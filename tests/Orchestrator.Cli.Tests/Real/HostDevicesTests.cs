using System.Text.Json.Nodes;
using Orchestrator.Tests.Devices;
using Tests.Shared;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>Devices of a real host, whose daemon has no driver for node devices.</summary>
public sealed class HostDevicesTests
{
    [Test]
    public async Task A_host_of_the_lab_is_asked_for_its_domains()
    {
        await CliLab.Lab.StartGuestAsync(new() { Name = "vf-user" });
        try
        {
            using HostTree host = HostTree.Kunpeng();
            CliResult result = await CliProcess.RunAsync(
                new Dictionary<string, string> { [HostTarget.RootVariable] = host.Root }, "vf", "list", "--json", "-c", "lab-a");
            Assert.That(result.ExitCode, Is.Zero, $"{result}");
            Assert.That(JsonSchema.Load("vf.schema.json").Problems(JsonNode.Parse(result.Output)), Is.Empty);
            Assert.That(result.Json.GetProperty("host").GetString(), Is.EqualTo("lab-a"));
            Assert.That(result.Json.GetProperty("virtual_functions").GetArrayLength(), Is.EqualTo(7));
        }
        finally
        {
            await CliLab.Lab.RemoveGuestAsync("vf-user");
        }
    }

    [TestCase("vdpa", "list")]
    [TestCase("vf", "list")]
    [TestCase("vf", "enable", "zip", "--count", "3")]
    public async Task A_host_that_cannot_be_reached_is_told(params string[] arguments)
    {
        CliResult result = await CliProcess.RunAsync([.. arguments, "-c", "qemu+unix:///session?socket=/nonexistent/libvirt-sock", "--json"]);
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("host_unreachable"));
    }
}
