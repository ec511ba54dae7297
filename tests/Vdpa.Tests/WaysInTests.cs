using System.Text.Json;

namespace Vdpa.Tests;

/// <summary>The same hosts by other ways in: without root, and over TCP with SSH for what libvirt does not do.</summary>
public sealed class WaysInTests
{
    private const string Guest = "ways";

    [TearDown]
    public Task Clean() => Machine.CleanAsync();

    [TestCase("without-root")]
    [TestCase("tcp")]
    [AgainIfTheMachineDies]
    public async Task A_guest_gets_a_device_and_moves_with_it(string way)
    {
        string hosts = Machine.Write($"{way}.yaml", $"hosts:\n{Host("here", VdpaLab.A, way)}{Host("there", VdpaLab.B, way)}");
        await Machine.DefineAsync(VdpaLab.A, Guest);
        await DoAsync("-c", "here", "domain", "start", Guest);
        await Machine.BootedAsync(VdpaLab.A, Guest);
        string here = await CreateAsync("here", "w-a"), there = await CreateAsync("there", "w-b");

        await DoAsync("-c", "here", "device", "attach", Guest, Machine.Write("device.xml", Machine.Document(DeviceKind.Interface, here)));
        JsonElement moved = (await DoAsync("migrate", Guest, "--from", "here", "--to", "there", "--mode", "direct", "--map", $"{here}={there}", "--timeout", "8m", "--json")).Json;
        Assert.That(moved.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Assert.That(moved.GetProperty("downtime").GetProperty("method").GetString(), Is.EqualTo("trace"), "it reads both logs");
        Assert.That((await DoAsync("-c", "there", "device", "list", Guest)).Output, Does.Contain(there).And.Not.Contain(here));
        await DoAsync("-c", "there", "device", "detach", Guest, "--device", DeviceKind.Mac);
        await DoAsync("-c", "there", "domain", "destroy", Guest);
        await DoAsync("-c", "there", "domain", "undefine", Guest);
        await DoAsync("-c", "here", "vdpa", "delete", "w-a");
        await DoAsync("-c", "there", "vdpa", "delete", "w-b");
        Assert.That((await VdpaLab.ShellAsync(VdpaLab.A, "ls /sys/bus/vdpa/devices")).Trim(), Is.Empty);

        async Task<string> CreateAsync(string host, string name) =>
            (await DoAsync(["-c", host, "--json", "vdpa", "create", name, .. DeviceKind.Interface.Devices])).Json.GetProperty("device").GetProperty("char_device").GetString()!;

        async Task<ToolResult> DoAsync(params string[] arguments)
        {
            ToolResult result = await Tool.RunAsync(new Dictionary<string, string> { ["ORCHESTRATOR_CONFIG"] = hosts }, arguments);
            Assert.That(result.ExitCode, Is.Zero, $"{string.Join(' ', arguments)}: {result}");
            return result;
        }
    }

    private static string Host(string name, string host, string way)
    {
        JsonElement machine = VdpaLab.Hosts[host].GetProperty("machine");
        string uri = way == "tcp" ? machine.GetProperty("tcp_uri").GetString()! : $"qemu+ssh://ops@{host}/system?command={VdpaLab.SshProgram}";
        return $"""
              {name}:
                uri: {uri}
                peer_uri: {machine.GetProperty("peer_uri").GetString()}
                migration_address: {machine.GetProperty("migration_address").GetString()}
                side_channel: {"{"}ssh: {(way == "tcp" ? "root" : "ops")}@{host}, ssh_config: {VdpaLab.SshConfig}, sudo: {(way == "tcp" ? "false" : "true")}{"}"}

            """;
    }
}
