using System.Reflection;

namespace Orchestrator.ApprovalTests;

/// <summary>The public API is a file that is checked in. Regenerate it with ORCHESTRATOR_APPROVE=1 and look at the difference.</summary>
public class PublicApiTests
{
    [Test]
    public void Public_api_is_the_approved_one()
    {
        string library = Metadata("LibraryUnderTest");
        string file = Path.Combine(Metadata("ProjectFolder"), "PublicApi.approved.txt");
        string actual = PublicApi.Describe(Assembly.Load(library));
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_APPROVE") == "1")
        {
            File.WriteAllText(file, actual);
        }

        string[] approved = File.Exists(file) ? File.ReadAllLines(file) : [];
        string[] present = actual.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Multiple(() =>
        {
            Assert.That(present, Is.Not.Empty);
            Assert.That(approved.Except(present), Is.Empty, "approved, but gone");
            Assert.That(present.Except(approved), Is.Empty, "present, but not approved");
            Assert.That(present, Is.EqualTo(approved), "the order, or which type a member belongs to");
        });
    }

    private static string Metadata(string key) => typeof(PublicApiTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
