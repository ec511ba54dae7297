namespace Orchestrator.Migration.Checks;

/// <summary>Finds out which consents a plan makes use of: one that changes nothing is not one.</summary>
internal static class PlanConsents
{
    internal static IReadOnlyList<MigrationConsent> Of(PlanContext plan, IReadOnlyList<Check> checks)
    {
        var used = new List<MigrationConsent>();
        if (plan.Request.Unsafe)
        {
            used.Add(new("--unsafe", "storage-safety", "libvirt's check of the storage is switched off"));
        }

        used.AddRange(plan.Mapping.Devices.Where(device => device.IsCrossVendor).Select(device => new MigrationConsent($"--allow {MigrationConsents.CrossVendor}", "device-mapping", $"{device.Source} becomes another vendor's")));
        used.AddRange(plan.Mapping.Devices.Where(device => device.Detachment is not null).Select(device => new MigrationConsent("--detach-devices", "device-migration", $"{device.Source} is detached for the migration")));
        Add("memory", MigrationConsents.Overcommit, check => check.Result == CheckResult.Fail);
        Add("storage", MigrationConsents.UnknownStorage, check => check.Result == CheckResult.Unknown && plan.Request.Unsafe);
        return used;

        void Add(string id, string consent, Func<Check, bool> isUsed)
        {
            if (plan.Allows(consent) && checks.FirstOrDefault(check => check.Id == id) is { } found && isUsed(found))
            {
                used.Add(new($"--allow {consent}", id, found.Message));
            }
        }
    }
}
