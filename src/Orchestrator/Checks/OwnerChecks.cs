namespace Orchestrator.Checks;

/// <summary>Whether somebody else manages the host.</summary>
internal static class OwnerChecks
{
    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        const string Id = "owner";
        var judge = new Judge(HostLayer.Owner, CheckSeverity.Warning);
        IReadOnlyList<ManagerFacts> managers = scope.Facts.Managers;
        if (managers.Count > 0)
        {
            yield return judge.Fail(Id,
                $"{scope.Name} is managed by {string.Join(" and ", managers.Select(manager => $"{manager.Name} ({manager.Evidence})"))}",
                "Let it do what it does: what is changed behind its back, it undoes or loses track of. Migrate its guests through it, or take the host out of its service first.");
            yield break;
        }

        yield return judge.Pass(Id, scope.Facts.FilesSeen
            ? $"no other manager was seen on {scope.Name}, neither in its domains' metadata nor among its processes"
            : $"no other manager was seen in the metadata of {scope.Name}'s domains; its processes are not visible through libvirt");
    }
}
