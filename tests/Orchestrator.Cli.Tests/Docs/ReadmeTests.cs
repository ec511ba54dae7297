using System.Diagnostics;
using System.Text.RegularExpressions;
using Orchestrator.Lab;

namespace Orchestrator.Cli.Tests.Docs;

/// <summary>What the README invites to paste works when pasted.</summary>
public partial class ReadmeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private string _folder = "";

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("oread-").FullName;

        // Started as root, a lab's daemons run under another account, which has to get through here.
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Shell_example_runs_and_leaves_no_lab()
    {
        string labs = Directory.CreateDirectory(Path.Combine(_folder, "labs")).FullName;
        string commands = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        string work = Directory.CreateDirectory(Path.Combine(_folder, "work")).FullName;
        string command = Path.Combine(commands, "orchestrator");
        File.WriteAllText(command, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "orchestrator.dll")}' \"$@\"\n");
        File.SetUnixFileMode(command, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string script = Path.Combine(_folder, "readme.sh");
        File.WriteAllText(script, "set -euo pipefail\n" + Example("sh"));

        (int code, string output) = await RunAsync(
            "bash", [script], work, ("PATH", $"{commands}:{Environment.GetEnvironmentVariable("PATH")}"), (LabFolderOption.Variable, labs));

        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Match("web1: now on lab-b, downtime [0-9.]+ ms"));
        Assert.That(output, Does.Match("\"value_ms\": *[0-9.]+"));
        Assert.That(Directory.Exists(labs) ? Directory.GetFileSystemEntries(labs) : [], Is.Empty);
    }

    [Test]
    public async Task Csharp_example_compiles_and_migrates()
    {
        await using VirtualLab lab = await VirtualLab.StartAsync(new LabOptions { Folder = Path.Combine(_folder, "labs") });
        _ = await lab.StartGuestAsync(new GuestOptions { Name = "web1" });
        string project = Directory.CreateDirectory(Path.Combine(_folder, "readme")).FullName;
        string libraries = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        File.WriteAllText(Path.Combine(project, "Program.cs"), Example("csharp"));
        File.WriteAllText(Path.Combine(project, "NuGet.Config"), "<configuration><packageSources><clear/></packageSources></configuration>");
        File.WriteAllText(Path.Combine(project, "readme.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <ItemGroup>
                <Reference Include="{libraries}/Orchestrator.Core.dll;{libraries}/Libvirt.Interop.dll;{libraries}/Libvirt.Xml.dll;{libraries}/Microsoft.Extensions.Logging.Abstractions.dll" />
              </ItemGroup>
            </Project>
            """);

        (int built, string log) = await RunAsync("dotnet", ["build", "-c", "Release", "-o", "out", "-nologo", "-v", "quiet"], project);
        Assert.That(built, Is.Zero, log);
        (int code, string output) = await RunAsync("dotnet", ["out/readme.dll", lab.Hosts[0].Uri, lab.Hosts[1].Uri], project);

        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Match(@"^Completed: \d+\.\d ms \(trace\)"));
    }

    private static string Example(string language) => Block().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md")))
        .Single(m => m.Groups["language"].Value == language).Groups["text"].Value;

    private static async Task<(int Code, string Output)> RunAsync(string program, string[] arguments, string folder, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        // Build servers would outlive the test.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["LC_ALL"] = "C.UTF-8";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} did not end. {await output}{await error}");
        }

        return (process.ExitCode, await output + await error);
    }

    [GeneratedRegex("^<!-- a test [^\n]*-->\n```(?<language>\\w+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
