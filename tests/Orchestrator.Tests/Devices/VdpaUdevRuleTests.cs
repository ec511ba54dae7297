using System.Reflection;
using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

/// <summary>The udev rule of the documentation is the one that is printed.</summary>
public sealed class VdpaUdevRuleTests
{
    private static string Repository => Path.Combine(typeof(VdpaUdevRuleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ProjectFolder").Value!, "..", "..");

    [Test]
    public void The_emulated_machine_of_the_lab_has_it_and_shows_that_it_works() =>
        Assert.That(File.ReadAllText(Path.Combine(Repository, "src", "Orchestrator.Lab", "Machine", "70-vhost-vdpa.rules")), Is.EqualTo(VdpaUdevRule.For("kvm") + "\n"));

    [TestCase("devices.md")]
    [TestCase("host-check.md")]
    [TestCase("runbook-vdpa.md")]
    [TestCase("runbook-vdpa.zh-CN.md")]
    public void The_documentation_has_the_rule_its_file_and_how_to_apply_it(string page)
    {
        string text = File.ReadAllText(Path.Combine(Repository, "docs", page));

        Assert.That(text.Split('\n'), Does.Contain(VdpaUdevRule.For("qemu")));
        Assert.That(text, Does.Contain($"`{VdpaUdevRule.File}`").And.Contain(VdpaUdevRule.Apply));
    }
}
