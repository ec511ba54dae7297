using Orchestrator.Recovery;

namespace Orchestrator.Tests.Recovery;

public sealed class StateFolderTests
{
    private static readonly Dictionary<string, string> Everything = new()
    {
        ["ORCHESTRATOR_STATE_DIR"] = "/srv/state",
        ["STATE_DIRECTORY"] = "/var/lib/private/orchestrator:/var/lib/other",
        ["XDG_STATE_HOME"] = "/home/ops/.state",
        ["HOME"] = "/home/ops",
    };

    [TestCase("/named", "", false, ExpectedResult = "/named")]
    [TestCase(null, "", false, ExpectedResult = "/srv/state")]
    [TestCase(null, "ORCHESTRATOR_STATE_DIR", false, ExpectedResult = "/var/lib/private/orchestrator")]
    [TestCase(null, "ORCHESTRATOR_STATE_DIR STATE_DIRECTORY", true, ExpectedResult = "/var/lib/orchestrator")]
    [TestCase(null, "ORCHESTRATOR_STATE_DIR STATE_DIRECTORY", false, ExpectedResult = "/home/ops/.state/orchestrator")]
    [TestCase(null, "ORCHESTRATOR_STATE_DIR STATE_DIRECTORY XDG_STATE_HOME", false, ExpectedResult = "/home/ops/.local/state/orchestrator")]
    public string The_nearest_place_that_is_told_counts(string? named, string without, bool isRoot) =>
        StateFolder.Of(named, name => without.Split(' ').Contains(name) ? null : Everything[name], isRoot);

    [Test]
    public void A_relative_XDG_folder_is_ignored() =>
        Assert.That(StateFolder.Of(null, name => name switch { "XDG_STATE_HOME" => "state", "HOME" => "/home/ops", _ => "" }, isRoot: false), Is.EqualTo("/home/ops/.local/state/orchestrator"));

    [Test]
    public void Without_any_place_the_error_says_how_to_name_one() =>
        Assert.That(() => StateFolder.Of(null, _ => null, isRoot: false), Throws.TypeOf<JournalException>().With.Property("Remedy").Contains("--state-dir"));
}
