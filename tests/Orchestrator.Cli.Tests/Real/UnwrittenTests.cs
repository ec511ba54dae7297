namespace Orchestrator.Cli.Tests.Real;

/// <summary>An answer that cannot be written: the exit code still says whether something was changed.</summary>
public sealed class UnwrittenTests
{
    private const string Name = "unwritten";

    [Test]
    public async Task A_list_that_cannot_be_written_failed([Values(">&-", ">/dev/full")] string redirection, [Values] bool json)
    {
        CliResult result = await CliProcess.RunRedirectedAsync(redirection, ["-c", "lab-a", "domain", "list", .. json ? ["--json"] : Array.Empty<string>()]);
        Assert.That(result.ExitCode, Is.EqualTo(1), $"{result}");
        Assert.That(result.Error, Does.StartWith("orchestrator: the answer could not be written to standard output: "));
    }

    [Test]
    public async Task A_change_that_cannot_be_told_is_no_failure([Values(">&-", ">/dev/full")] string redirection)
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                file, $"<domain type='qemu'><name>{Name}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");
            CliResult planned = await CliProcess.RunRedirectedAsync(redirection, "-c", "lab-a", "domain", "define", file, "--dry-run", "--json");
            Assert.That(planned.ExitCode, Is.EqualTo(1), $"a dry run changes nothing: {planned}");

            CliResult defined = await CliProcess.RunRedirectedAsync(redirection, "-c", "lab-a", "domain", "define", file, "--json");
            Assert.That(defined.ExitCode, Is.EqualTo(6), $"{defined}");
            Assert.That(defined.Error, Does.StartWith("orchestrator: what was done could not be written to standard output: "));
            Assert.That(await IsThereAsync());
        }
        finally
        {
            File.Delete(file);
            await CliProcess.RunAsync("-c", "lab-a", "domain", "undefine", Name, "--if-needed");
        }

        Assert.That(await IsThereAsync(), Is.False);
    }

    [Test]
    public async Task An_error_that_cannot_be_written_as_JSON_is_told_on_standard_error([Values(">&-", ">/dev/full")] string redirection)
    {
        CliResult result = await CliProcess.RunRedirectedAsync(redirection, "-c", "lab-a", "domain", "show", "nope", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(1), $"{result}");
        Assert.That(result.Error, Does.Contain("has no domain named nope"));
    }

    [Test]
    public async Task A_closed_standard_error_costs_only_what_it_would_have_told()
    {
        CliResult listed = await CliProcess.RunRedirectedAsync("2>&-", "-c", "lab-a", "domain", "list", "--json", "--log-level", "debug");
        Assert.That(listed.ExitCode, Is.Zero, $"{listed}");
        Assert.That(listed.Json.GetProperty("hosts").GetArrayLength(), Is.EqualTo(1));

        CliResult missing = await CliProcess.RunRedirectedAsync("2>&-", "-c", "lab-a", "domain", "show", "nope");
        Assert.That(missing.ExitCode, Is.EqualTo(1), $"{missing}");
    }

    [Test]
    public async Task A_log_that_cannot_be_kept_changes_no_exit_code()
    {
        CliResult result = await CliProcess.RunAsync("-c", "lab-a", "domain", "list", "--json", "--log-level", "debug", "--log-file", "/dev/full");
        Assert.That(result.ExitCode, Is.Zero, $"{result}");
        Assert.That(result.Json.GetProperty("hosts").GetArrayLength(), Is.EqualTo(1));
        Assert.That(result.Error, Does.Contain("the log could not be written"));
    }

    [Test]
    public async Task A_watch_that_cannot_begin_says_so_in_one_line()
    {
        CliResult result = await CliProcess.RunAsync("-c", "qemu+unix:///session?socket=/nonexistent/libvirt-sock", "domain", "watch", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(3), $"{result}");
        Assert.That(result.Output.TrimEnd('\n'), Does.Not.Contain("\n"));
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("host_unreachable"));
    }

    [Test]
    public async Task Hosts_to_list_are_named_one_each_time_or_with_commas()
    {
        foreach (string[] named in new[] { new[] { "--host", "lab-a,lab-b" }, ["--host", "lab-a", "--host", "lab-b"] })
        {
            CliResult result = await CliProcess.RunAsync(["domain", "list", "--json", .. named]);
            Assert.That(result.ExitCode, Is.Zero, $"{result}");
            Assert.That(result.Json.GetProperty("hosts").EnumerateArray().Select(host => host.GetProperty("name").GetString()), Is.EqualTo(new[] { "lab-a", "lab-b" }));
        }
    }

    private static async Task<bool> IsThereAsync()
    {
        CliResult list = await CliProcess.RunAsync("-c", "lab-a", "domain", "list", "--json");
        return list.Json.GetProperty("domains").EnumerateArray().Any(domain => domain.GetProperty("name").GetString() == Name);
    }
}
