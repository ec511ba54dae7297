using System.Globalization;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Hosts;
using static Orchestrator.Migration.Checks.PlanContext;

namespace Orchestrator.Migration.Checks;

/// <summary>What the destination must offer to any guest: its CPU, its machine type, memory.</summary>
internal static class MachineChecks
{
    internal static IEnumerable<Check> Of(PlanContext plan)
    {
        if (plan.There?.Offer is not { } offer || plan.Document is not { } document)
        {
            yield break;
        }

        yield return Cpu(plan, document, offer);
        yield return Machine(plan, document, offer);
        yield return Memory(plan, document, offer);
        if (GuestFiles.HugePages(document) is { } sizes)
        {
            yield return HugePages(plan, document, offer, sizes);
        }
    }

    private static Check Cpu(PlanContext plan, DomainDocument document, GuestOffer offer)
    {
        const string Id = "cpu";
        string? mode = (string?)document.Root.Element("cpu")?.Attribute("mode");
        if (mode is "host-passthrough" or "maximum")
        {
            return (plan.Here?.Obstacles?.HostCpu, offer.HostCpu) switch
            {
                ({ } a, { } b) => Check(Id, CheckSeverity.Warning, a == b, $"the guest has its host's CPU, and {plan.From} and {plan.To} have the same",
                    $"{plan.Domain.Name} has the CPU of its host ({mode}), and {plan.From}'s and {plan.To}'s differ: libvirt does not look, and the guest may use what is gone then",
                    "Compare them: virsh capabilities on both, element cpu. Give the guest a CPU model that both have at its next start."),
                _ => Unknown(Id, $"{plan.Domain.Name} has the CPU of its host ({mode}), and one of {plan.From} and {plan.To} does not tell what it is", "Migrate only between hosts with the same CPU and microcode.", CheckSeverity.Warning),
            };
        }

        return (offer.Cpu, document.Root.Element("cpu")) switch
        {
            (_, null) => Pass(Id, "the guest has QEMU's default CPU"),
            (CpuComparison.Incompatible, _) => new(Id, CheckSeverity.Error, CheckResult.Fail,
                $"{plan.To} cannot offer the CPU of {plan.Domain.Name} ({(string?)document.Root.Element("cpu")?.Element("model") ?? "a model of its own"})",
                $"See what lacks: virsh -c '{plan.Destination.Host.Uri}' hypervisor-cpu-compare --error FILE, with the domain's document. Give the guest a model that both have (virsh hypervisor-cpu-baseline) at its next start."),
            (null, _) => Unknown(Id, $"{plan.To} does not compare CPUs{(offer.CpuProblem is { } why ? $": {why}" : "")}", "Migrate only between hosts with the same CPU."),
            _ => Pass(Id, $"{plan.To} can offer the guest's CPU"),
        };
    }

    private static Check Machine(PlanContext plan, DomainDocument document, GuestOffer offer)
    {
        const string Id = "machine-type";
        string what = $"{document.Machine ?? "the default machine"} on {document.Emulator ?? "the default emulator"}";
        return offer.Machine switch
        {
            true => Pass(Id, $"{plan.To} knows {what}"),
            false => new(Id, CheckSeverity.Error, CheckResult.Fail, $"{plan.To} does not know {what}: {offer.MachineProblem}", "Install a QEMU with that machine type at that path; a machine type never changes in a running guest."),
            null => Unknown(Id, $"{plan.To} does not tell which machine types it knows"),
        };
    }

    private static Check Memory(PlanContext plan, DomainDocument document, GuestOffer offer)
    {
        const string Id = "memory";
        if (offer.FreeMemoryKiB is not { } free || KiB(document) is not { } wanted)
        {
            return Unknown(Id, $"{plan.To} does not tell its free memory, or the document not the guest's");
        }

        if (GuestFiles.HugePages(document) is not null)
        {
            return Pass(Id, "the guest's memory is in huge pages, which count by themselves");
        }

        bool enough = wanted <= free;
        bool allowed = plan.Allows(MigrationConsents.Overcommit);
        string message = $"the guest has {Words.Memory(wanted << 10)}, {plan.To} {Words.Memory(free << 10)} free";
        return Check(Id, enough || !allowed ? CheckSeverity.Error : CheckSeverity.Warning, enough, message,
            allowed ? $"{message}: by consent" : message, "Free memory there, choose another host, or consent to less with --allow overcommit.");
    }

    private static Check HugePages(PlanContext plan, DomainDocument document, GuestOffer offer, IReadOnlyList<int> sizes)
    {
        const string Id = "hugepages";
        if (sizes.Count == 0 || offer.FreePages is not { } pages || KiB(document) is not { } wanted)
        {
            return Unknown(Id, $"the guest's memory is in huge pages{(sizes.Count == 0 ? " of the host's default size" : "")}, and how many are free on {plan.To} is not known", $"On {plan.To}: grep Huge /proc/meminfo", CheckSeverity.Warning);
        }

        long free = sizes.Sum(size => pages.GetValueOrDefault(size) * size);
        string names = string.Join(", ", sizes.Select(size => Words.Memory((long)size << 10)));
        return Check(Id, CheckSeverity.Error, free >= wanted,
            $"{plan.To} has {Words.Memory(free << 10)} free in pages of {names}",
            $"the guest has {Words.Memory(wanted << 10)} in pages of {names}, {plan.To} {Words.Memory(free << 10)} free",
            string.Create(CultureInfo.InvariantCulture, $"On {plan.To}: virsh allocpages {sizes[0]} COUNT --add"));
    }

    private static long? KiB(DomainDocument document)
    {
        try
        {
            return document.MemoryKiB is > 0 and var memory ? memory : null;
        }
        catch (DomainDocumentException)
        {
            return null;
        }
    }
}
