using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>The emulated machine for this assembly's tests, brought up and taken down by the tool itself.</summary>
[SetUpFixture]
public sealed class VdpaLab
{
    internal const string A = "lab-vdpa-a";
    internal const string B = "lab-vdpa-b";

    /// <summary>In the second machine, where there is one.</summary>
    internal const string C = "lab-vdpa-c";

    internal static string Folder { get; } = $"/tmp/ovdpa-{Guid.NewGuid().ToString()[..8]}";

    /// <summary>Where the tests keep what they write; <c>lab down</c> knows nothing of it.</summary>
    internal static string Files { get; } = Directory.CreateTempSubdirectory("ovdpa-").FullName;

    /// <summary>What <c>lab up --json</c> told of each host.</summary>
    internal static IReadOnlyDictionary<string, JsonElement> Hosts { get; private set; } = new Dictionary<string, JsonElement>();

    /// <summary>The configuration of <c>ssh</c> that leads to the hosts.</summary>
    internal static string SshConfig => Hosts[A].GetProperty("machine").GetProperty("ssh_config").GetString()!;

    /// <summary>The program that libvirt runs for <c>ssh</c>.</summary>
    internal static string SshProgram => Path.Combine(Path.GetDirectoryName(SshConfig)!, "ssh");

    [OneTimeSetUp]
    public async Task BringUp()
    {
        await UpAsync();
        Assert.That(Hosts.Keys, Is.EquivalentTo(new[] { A, B }));
    }

    [OneTimeTearDown]
    public async Task TakeDown()
    {
        await Tool.DoAsync("lab", "down");
        Directory.Delete(Files, recursive: true);
        Assert.That(Directory.Exists(Folder), Is.False, "lab down left its folder");
        Assert.That(
            Directory.GetDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _)).Where(process => EnvironmentOf(process).Contains(Folder, StringComparison.Ordinal)),
            Is.Empty, "lab down left processes");
    }

    /// <summary>Brings up what is not there of the lab, and learns of its hosts.</summary>
    internal static async Task UpAsync(params string[] more) =>
        Hosts = (await Tool.DoAsync(["lab", "up", "--vdpa", "--json", .. more])).Json.GetProperty("hosts").EnumerateArray().ToDictionary(host => host.GetProperty("name").GetString()!);

    /// <summary>Whether the machine still answers.</summary>
    internal static async Task<bool> AnswersAsync() =>
        (await Tool.ProgramAsync("ssh", ["-F", SshConfig, "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=10", "--", A, "true"])).ExitCode == 0;

    /// <summary>Ends the machine as a power cut does.</summary>
    internal static void KillMachine()
    {
        foreach (string process in Directory.GetDirectories("/proc").Where(entry => int.TryParse(Path.GetFileName(entry), out _)))
        {
            // Its home is in the lab. One whose kernel has panicked may be about to end by itself.
            if (EnvironmentOf(process).Split('\0').Any(variable => variable.StartsWith($"HOME={Folder}/", StringComparison.Ordinal)))
            {
                try
                {
                    using Process machine = Process.GetProcessById(int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture));
                    machine.Kill();
                    machine.WaitForExit();
                }
                catch (ArgumentException)
                {
                    // ended by itself meanwhile
                }
            }
        }
    }

    /// <summary>Starts a machine that has ended; nothing is in it.</summary>
    internal static Task BringUpAgainAsync() => UpAsync();

    /// <summary>Runs a shell command in the machine as root of one of its hosts; it has to end well.</summary>
    internal static async Task<string> ShellAsync(string host, string command)
    {
        ToolResult result = await Tool.ProgramAsync("ssh", ["-F", SshConfig, "-o", "BatchMode=yes", "--", host, command]);
        Assert.That(result.ExitCode, Is.Zero, $"{command}: {result}");
        return result.Output;
    }

    private static string EnvironmentOf(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/environ");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // ended meanwhile
        }
    }
}
