using Orchestrator.Migration;
using Orchestrator.Migration.Checks;

namespace Orchestrator.Tests.Migration.Checks;

/// <summary>What checks emit is in the catalogue: every plan of the tests about checks goes through here.</summary>
internal static class Emitted
{
    internal static MigrationPlan Checked(MigrationPlan plan)
    {
        Assert.That(plan.Checks.Select(check => check.Id).Where(id => CheckCatalogue.Find(id) is null).Distinct(), Is.Empty, "not in the catalogue");
        return plan;
    }
}
