using System.Reflection;
using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

/// <summary>The udev rule of the documentation is the one that is printed.</summary>
public sealed class VdpaUdevRuleTests
{
    [TestCase("devices.md")]
    [TestCase("host-check.md")]
    public void The_documentation_has_the_rule_its_file_and_how_to_apply_it(string page)
    {
        string project = typeof(VdpaUdevRuleTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ProjectFolder").Value!;
        string text = File.ReadAllText(Path.Combine(project, "..", "..", "docs", page));

        Assert.That(text.Split('\n'), Does.Contain(VdpaUdevRule.For("qemu")));
        Assert.That(text, Does.Contain($"`{VdpaUdevRule.File}`").And.Contain($"`{VdpaUdevRule.Apply}`"));
    }
}
