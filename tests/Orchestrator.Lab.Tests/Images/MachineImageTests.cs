using Orchestrator.Lab.Images;

namespace Orchestrator.Lab.Tests.Images;

public sealed class MachineImageTests
{
    [Test]
    public void What_a_killed_build_left_is_deleted_and_nothing_else()
    {
        string cache = Directory.CreateTempSubdirectory("orchestrator-cache-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(cache, ".build-machine-0123", "out"));
            File.WriteAllText(Path.Combine(cache, ".build-machine-0123", "out", "disk"), "");
            string[] others = [".build-4567", "guest-x", "machine-x"]; // the first: a guest's image, which another process may build now
            Array.ForEach(others, name => Directory.CreateDirectory(Path.Combine(cache, name)));

            MachineImage.RemoveLeftovers(cache);

            Assert.That(Directory.GetDirectories(cache).Select(Path.GetFileName), Is.EquivalentTo(others));
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }
}
