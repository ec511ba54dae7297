using Orchestrator.Devices;

namespace Orchestrator.Tests.Devices;

public sealed class VdpaToolTests
{
    private static IEnumerable<TestCaseData> Errors() =>
        VdpaRecordings.Errors.Select(error => new TestCaseData(error.Arguments, error.Error, Enum.Parse<HostDeviceProblem>(error.Problem)).SetName($"error: {error.Error.Split('\n')[0]}"));

    [TestCaseSource(nameof(Errors))]
    public void Each_error_of_the_tool_has_a_kind_and_a_remedy(string arguments, string text, HostDeviceProblem problem)
    {
        using RecordedVdpa recorded = new RecordedVdpa().Fails(arguments, text, arguments.EndsWith("-j", StringComparison.Ordinal) ? RecordedVdpa.NoDevices : "");
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => Tool(recorded).ChangeAsync(arguments.Split(' '), CancellationToken.None))!;
        Assert.That(error.Problem, Is.EqualTo(problem));
        Assert.That(error.Message, Does.Contain($"vdpa {arguments}").And.Contain(text.Split('\n')[0]));
        Assert.That(error.Remedy, Is.Not.Null.And.Not.Empty);
    }

    [Test]
    public void Attributes_that_are_not_supported_are_named()
    {
        HostDeviceException error = VdpaErrors.Explain(["dev", "add"], 1, "Error: vdpa: Some provided attributes are not supported: 0x3400.\nkernel answers: Operation not supported");
        Assert.That(error.Message, Does.EndWith("(that is mac, max_vqp, mtu)"));
    }

    [Test]
    public async Task An_answer_is_what_the_tool_printed()
    {
        using RecordedVdpa recorded = new RecordedVdpa().Answers("dev show -j", VdpaRecordings.Devices);
        Assert.That(await Tool(recorded).AskAsync(["dev", "show", "-j"], CancellationToken.None), Is.EqualTo(VdpaRecordings.Devices + "\n"));
        Assert.That(recorded.Calls, Is.EqualTo(new[] { "dev show -j" }));
    }

    [Test]
    public void A_change_that_hangs_is_left_alone()
    {
        using RecordedVdpa recorded = new RecordedVdpa().Hangs("dev del vdpa0");
        var tool = new VdpaTool(recorded.SearchPath, TimeSpan.FromSeconds(1));
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => tool.ChangeAsync(["dev", "del", "vdpa0"], CancellationToken.None))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.OutcomeUnknown));
        Assert.That(error.Message, Does.Contain("is left alone"));
        Assert.That(error.Remedy, Does.Contain("device_del"));
        using var process = System.Diagnostics.Process.GetProcessById(recorded.HangingProcess());
        Assert.That(process.HasExited, Is.False);
    }

    [Test]
    public void A_question_that_hangs_is_killed()
    {
        using RecordedVdpa recorded = new RecordedVdpa().Hangs("dev show -j");
        var tool = new VdpaTool(recorded.SearchPath, TimeSpan.FromSeconds(2));
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => tool.AskAsync(["dev", "show", "-j"], CancellationToken.None))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.TimedOut));
        Assert.That(error.Message, Does.Contain("was killed"));
        Assert.That(recorded.HasEnded(), Is.True);
    }

    [Test]
    public void A_tool_without_an_end_is_not_read_to_the_end()
    {
        using RecordedVdpa recorded = new RecordedVdpa().Does("dev show -j", "exec yes x");
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => new VdpaTool(recorded.SearchPath, TimeSpan.FromMinutes(1)).AskAsync(["dev", "show", "-j"], CancellationToken.None))!;
        Assert.That((error.Problem, error.Message), Is.EqualTo((HostDeviceProblem.UnreadableOutput, "vdpa dev show -j printed more than 4194304 characters; it was killed.")));
    }

    [Test]
    public void A_cancelled_change_has_an_unknown_outcome_and_a_cancelled_question_none()
    {
        using RecordedVdpa recorded = new RecordedVdpa().Hangs("dev del vdpa0");
        using var cancelled = new CancellationTokenSource();
        Task<string> change = Tool(recorded).ChangeAsync(["dev", "del", "vdpa0"], cancelled.Token);
        cancelled.Cancel();
        Assert.That(Assert.ThrowsAsync<HostDeviceException>(() => change)!.Problem, Is.EqualTo(HostDeviceProblem.OutcomeUnknown));
        Assert.That(() => Tool(recorded).AskAsync(["dev", "show", "-j"], cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_tool_that_is_not_there_is_named_with_its_package()
    {
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => new VdpaTool("/nonexistent").AskAsync(["dev", "show", "-j"], CancellationToken.None))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.ToolMissing));
        Assert.That(error.Remedy, Does.Contain("iproute2").And.Contain("5.12"));
    }

    [Test]
    public void A_tool_that_does_not_start_is_an_error()
    {
        using var recorded = new RecordedVdpa();
        File.WriteAllText(Path.Combine(recorded.Folder, "vdpa"), "not a program");
        HostDeviceException error = Assert.ThrowsAsync<HostDeviceException>(() => new VdpaTool(recorded.Folder).AskAsync(["dev", "show", "-j"], CancellationToken.None))!;
        Assert.That(error.Problem, Is.EqualTo(HostDeviceProblem.Failed));
        Assert.That(error.Message, Does.Contain("does not start"));
    }

    private static VdpaTool Tool(RecordedVdpa recorded) => new(recorded.SearchPath);
}
