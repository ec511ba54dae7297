using Orchestrator.Hosts;

namespace Orchestrator.Tests.Hosts;

/// <summary>Programs of this machine that are asked something.</summary>
public sealed class HostProgramTests
{
    private const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("orchestrator-program-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_program_that_does_not_end_is_ended() =>
        Assert.That(await HostProgram.OutputAsync("sleep", ["600"], TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None), Is.Null);

    [Test]
    public async Task A_program_that_prints_without_end_is_ended() =>
        Assert.That(await HostProgram.OutputAsync("yes", [], Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None), Is.Null);

    [Test]
    public void A_cancelled_question_is_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        Task<string?> answer = HostProgram.OutputAsync("sleep", ["600"], Timeout.InfiniteTimeSpan, TimeProvider.System, cancelled.Token);
        cancelled.Cancel();

        Assert.That(() => answer, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_program_that_is_not_installed_or_fails_says_nothing()
    {
        Assert.That(await HostProgram.OutputAsync("no-such-program-anywhere", [], Patience, TimeProvider.System, CancellationToken.None), Is.Null);
        Assert.That(await HostProgram.OutputAsync("false", [], Patience, TimeProvider.System, CancellationToken.None), Is.Null);
        Assert.That(await HostProgram.OutputAsync("printf", ["%s", "-a;b"], Patience, TimeProvider.System, CancellationToken.None), Is.EqualTo("-a;b"));
    }

    [Test]
    public async Task A_program_of_the_working_folder_is_not_taken_for_one_of_the_path()
    {
        Script("only-here", "echo here", Ours);
        string before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = _folder;
        try
        {
            Assert.That(await HostProgram.OutputAsync("only-here", [], Patience, TimeProvider.System, CancellationToken.None), Is.Null);
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    [Test]
    public async Task An_emulator_is_asked_for_the_properties_of_a_device()
    {
        string emulator = Script("qemu", "case \"$*\" in *-device\\ net,help) printf 'net options:\\n  vhostdev=<str>\\n  mac=<str>  - Address\\n';; *) exit 1;; esac", Ours);

        Assert.That(await EmulatorProbe.GetPropertiesAsync(emulator, "net", CancellationToken.None), Is.EqualTo(new[] { "vhostdev", "mac" }));
        Assert.That(await EmulatorProbe.GetPropertiesAsync(emulator, "unknown", CancellationToken.None), Is.Empty);
        Assert.That(await EmulatorProbe.GetPropertiesAsync(emulator + "-of-no-such-name", "net", CancellationToken.None), Is.Null);
    }

    [TestCase(UnixFileMode.OtherWrite)]
    [TestCase(UnixFileMode.GroupWrite)]
    public async Task An_emulator_that_others_may_write_is_not_run(UnixFileMode right)
    {
        string emulator = Script("qemu", $"touch '{_folder}/was-run'", Ours | right);

        Assert.That(await EmulatorProbe.GetPropertiesAsync(emulator, "net", CancellationToken.None), Is.Null);
        Assert.That(File.Exists(Path.Combine(_folder, "was-run")), Is.False);
    }

    [Test]
    public async Task An_emulator_without_a_whole_path_is_not_run() =>
        Assert.That(await EmulatorProbe.GetPropertiesAsync("true", "net", CancellationToken.None), Is.Null);

    private string Script(string name, string body, UnixFileMode mode)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, mode);
        return path;
    }
}
