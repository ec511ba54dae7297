using Orchestrator.Devices;
using Orchestrator.Regression.Running;
using Orchestrator.Regression.Store;

namespace Orchestrator.Tests.Regression.Running;

/// <summary>A night's problem has the exit code that a command of its own would have had.</summary>
internal sealed class NightProblemsTests
{
    [TestCase(HostDeviceProblem.NothingFits, 4)]
    [TestCase(HostDeviceProblem.PermissionDenied, 3)]
    [TestCase(HostDeviceProblem.OutcomeUnknown, 7)]
    public void ADevicesProblem(HostDeviceProblem problem, int code) => Assert.That(NightProblems.Of(new HostDeviceException(problem, "why"))!.Code, Is.EqualTo(code));

    [TestCase(StoreProblem.Unreachable, 3)]
    [TestCase(StoreProblem.Damaged, 1)]
    public void AStoresProblem(StoreProblem problem, int code) => Assert.That(NightProblems.Of(new StoreException(problem, "why"))!.Code, Is.EqualTo(code));

    [Test]
    public void OfSeveralProblemsAWrongInputIsNotTheWorst() => Assert.That(OutcomeCode.Worst([2, 8, 4]), Is.EqualTo(8));
}
