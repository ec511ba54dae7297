using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Commands;

namespace Vdpa.Tests;

/// <summary>
/// Begins a test again when the emulated machine has died under it, and says so: a fault of the emulation (docs/vdpa-lab.md), and not what is tested. A test that fails while the machine lives has failed.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AgainIfTheMachineDiesAttribute : Attribute, IWrapSetUpTearDown
{
    private const int Tries = 4;

    TestCommand ICommandWrapper.Wrap(TestCommand command) => new Again(command);

    private sealed class Again(TestCommand once) : DelegatingTestCommand(once)
    {
        public override TestResult Execute(TestExecutionContext context)
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    context.CurrentResult = innerCommand.Execute(context);
                }
                catch (Exception e)
                {
                    context.CurrentResult.RecordException(e);
                }

                if (context.CurrentResult.ResultState.Status != TestStatus.Failed || attempt == Tries || VdpaLab.AnswersAsync().GetAwaiter().GetResult())
                {
                    return context.CurrentResult;
                }

                TestContext.Progress.WriteLine($"{Test.Name}: the emulated machine has died, attempt {attempt} of {Tries}");
                context.CurrentResult = context.CurrentTest.MakeTestResult();
                VdpaLab.KillMachine();
                VdpaLab.BringUpAgainAsync().GetAwaiter().GetResult();
            }
        }
    }
}
