using System.Text;
using Orchestrator.Lifecycle;

namespace Orchestrator.Tests.Lifecycle;

/// <summary>The page about conflicts, as it follows from the table.</summary>
internal static class ConflictPage
{
    internal static string Write()
    {
        var page = new StringBuilder();
        page.Append(
            """
            # What happens when operations meet

            This page is made from the table in the code (`ConflictMatrix`); a test compares the two. To make it anew: `ORCHESTRATOR_APPROVE=1 eng/test --filter FullyQualifiedName~ConflictMatrix`.

            One operation at a time works on a domain, among all the processes of one machine. A request first meets who is at work (table 1), then what the domain is
            doing (table 2); while it is under way the guest may do something of its own (table 3). The columns are what is asked for.

            - **do**: it is done.
            - **already**: there is nothing to do: with `--if-needed` that is success (exit 0), without it a refusal (exit 4). What became so while the request waited is success.
            - **wait**: it waits, at most as long as `--wait` says (30 s), then looks again; after that it exits with 5, and nothing was touched.
            - **cancel**: it asks for the end of what is going on, waits for that, looks again, and does it.
            - **refuse**: nothing is touched, exit 4.

            The small letters are explained below each table.

            ## 1. Another operation works on the domain

            A process that ends, however it ends, holds nothing any more. Nothing is cancelled for a request that table 2 would refuse, have wait, or find done
            already. What is cancelled exits with 130 in its own terminal; a guest whose migration is cancelled stays where it was.


            """);
        Table(page, "at work", ConflictMatrix.Operations.Select(holder => (ErrorDocument.CodeOf(holder), Row(requested => ConflictMatrix.Decide(requested, holder)))));
        page.Append(
            """

            ## 2. What the domain is doing

            Jobs that nobody here began (a migration begun with virsh, a save, a dump) are waited for in the same way, by asking the host. A name that the host does not know at all is an error
            of its own (exit 1, `domain_not_found`); "absent" is a domain that went away meanwhile, or with `--if-needed`.


            """);
        Table(page, "the domain", Enum.GetValues<DomainCondition>().Select(condition => (Words(condition), Row(requested => ConflictMatrix.Decide(requested, condition)))));
        page.Append(
            """

            ## 3. What the guest does while something is asked of it

            Here **do** means that the operation goes on as if nothing had happened, **already** that it is done by that, **refuse** that it cannot come to its end any more: it exits with 1 and
            says what is true then.

            libvirt reboots a guest by pressing its power button; when the guest has gone down, libvirt resets the machine and lets it run, **even if somebody suspended it in that moment**. So a
            reboot keeps the domain until the guest is up again. One that was given up (exit 5 or 130) may still come about later; and libvirt then also reboots a guest that meant to
            power itself off.


            """);
        Table(page, "the guest", Enum.GetValues<GuestDoing>().Select(doing => (ErrorDocument.CodeOf(doing).Replace('_', ' '), Row(underway => ConflictMatrix.Decide(underway, doing)))));
        return page.ToString();
    }

    private static MatrixDecision[] Row(Func<DomainOperation, MatrixDecision> decide) => [.. ConflictMatrix.Operations.Select(decide)];

    private static void Table(StringBuilder page, string corner, IEnumerable<(string Name, MatrixDecision[] Cells)> rows)
    {
        var notes = new List<MatrixDecision>();
        page.Append('|').Append($" {corner} |").AppendJoin("", ConflictMatrix.Operations.Select(operation => $" {ErrorDocument.CodeOf(operation)} |")).Append('\n');
        page.Append("|---|").Insert(page.Length, "---|", ConflictMatrix.Operations.Count).Append('\n');
        foreach ((string name, MatrixDecision[] cells) in rows)
        {
            page.Append($"| **{name}** |");
            foreach (MatrixDecision cell in cells)
            {
                page.Append($" {Word(cell.Action)}{Letter(notes, cell)} |");
            }

            page.Append('\n');
        }

        page.Append('\n');
        for (int i = 0; i < notes.Count; i++)
        {
            page.Append($"- **{(char)('a' + i)}**: it {notes[i].Reason}.{(notes[i].Remedy is { } remedy ? $" {remedy}" : "")}\n");
        }
    }

    private static string Letter(List<MatrixDecision> notes, MatrixDecision cell)
    {
        if (cell.Reason.Length == 0)
        {
            return "";
        }

        if (!notes.Contains(cell))
        {
            notes.Add(cell);
        }

        return $" {(char)('a' + notes.IndexOf(cell))}";
    }

    private static string Word(MatrixAction action) => action == MatrixAction.CancelThenDo ? "**cancel**" : ErrorDocument.CodeOf(action);

    private static string Words(DomainCondition condition) => condition switch
    {
        DomainCondition.Absent => "is not there",
        DomainCondition.Off => "is off",
        DomainCondition.Moved => "is off, migrated to another host",
        DomainCondition.Starting => "is being started",
        DomainCondition.Running => "runs",
        DomainCondition.Paused => "is paused",
        DomainCondition.Halted => "was paused by an error",
        DomainCondition.Asleep => "sleeps (ACPI S3)",
        DomainCondition.ShuttingDown => "is going down",
        DomainCondition.Crashed => "has crashed, QEMU kept",
        DomainCondition.Leaving => "is being migrated away",
        DomainCondition.Arriving => "is arriving by migration",
        DomainCondition.PostCopy => "is in post-copy",
        DomainCondition.PostCopyBroken => "lost its post-copy",
        DomainCondition.Stranded => "was left paused by a migration",
        DomainCondition.Busy => "is being saved, dumped, …",
        _ => "is in an unknown state",
    };
}
