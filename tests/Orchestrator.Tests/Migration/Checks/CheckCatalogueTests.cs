using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Orchestrator.Checks;
using Orchestrator.Migration.Checks;

namespace Orchestrator.Tests.Migration.Checks;

/// <summary>Every check is explained, and nothing is explained that is no check.</summary>
public sealed partial class CheckCatalogueTests
{
    [Test]
    public void The_catalogue_has_the_checks_of_hosts_and_pairs()
    {
        HostFacts[] hosts = [Tests.Checks.Samples.VdpaHost, Tests.Checks.Samples.KaeHost, Tests.Checks.Samples.BareHost, Tests.Checks.Samples.Unseen, Tests.Checks.Samples.VdpaHost with { Dialect = Libvirt.Xml.Tests.Dialects.Upstream },
            Tests.Checks.Samples.Unseen with { Host = Tests.Checks.Samples.Unseen.Host with { Uri = "qemu+ssh://root@node1/system" } }];
        HashSet<string> emitted =
        [
            .. hosts.SelectMany(facts => HostChecks.Of(facts)).Select(check => check.Check.Id),
            .. PairChecks.Of(Tests.Checks.Samples.VdpaHost, Tests.Checks.Samples.KaeHost).Select(check => check.Id),
        ];
        Assert.That(emitted.Where(id => CheckCatalogue.Find(id) is null), Is.Empty, "not in the catalogue");
        Assert.That(CheckCatalogue.All.Where(check => check.Subject != CheckSubject.Migration).Select(check => check.Id).Except(emitted), Is.Empty, "no check");
    }

    [Test]
    public void The_catalogue_has_the_ids_that_the_code_of_migrations_names()
    {
        // The migrator itself adds what the gate foresees.
        string[] files = Directory.GetFiles(Path.Combine(Root(), "src", "Orchestrator", "Migration", "Checks"), "*Checks.cs");
        HashSet<string> named = ["free-to-migrate", .. files.SelectMany(file => Id().Matches(File.ReadAllText(file))).SelectMany(match => match.Groups["id"].Captures).Select(capture => capture.Value)];
        Assert.That(named, Has.Count.GreaterThan(30));
        Assert.That(named.Where(id => CheckCatalogue.Find(id) is null), Is.Empty, "not in the catalogue");
        Assert.That(CheckCatalogue.All.Where(check => check.Subject == CheckSubject.Migration).Select(check => check.Id).Except(named), Is.Empty, "no check");
    }

    [Test]
    public void Ids_are_in_kebab_case_and_explained_once()
    {
        Assert.That(CheckCatalogue.All.Select(check => check.Id), Is.All.Match("^[a-z]+(-[a-z]+)*$"));
        Assert.That(CheckCatalogue.All.Select(check => check.Id), Is.Unique);
        Assert.That(CheckCatalogue.All.SelectMany(check => new[] { check.Means, check.Why, check.Remedy }), Is.All.Not.Empty);
    }

    [Test]
    public void The_page_says_what_the_catalogue_says()
    {
        string path = Path.Combine(Root(), "docs", "migration-checks.md");
        string now = Page();
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_APPROVE") == "1")
        {
            File.WriteAllText(path, now);
        }

        Assert.That(File.Exists(path) ? File.ReadAllText(path) : "", Is.EqualTo(now), "docs/migration-checks.md is made from the catalogue: ORCHESTRATOR_APPROVE=1 makes it anew");
    }

    private static string Page()
    {
        var page = new StringBuilder();
        page.Append(
            """
            # The checks before a migration

            This page is made from the catalogue in the code (`CheckCatalogue`); a test compares the two. To make it anew: `ORCHESTRATOR_APPROVE=1 eng/test --filter FullyQualifiedName~CheckCatalogue`.
            `orchestrator explain CHECK-ID` says the same in a terminal.

            ```
            orchestrator migrate DOMAIN --from A --to B --check     every check, problems first; nothing is changed
            orchestrator migrate DOMAIN --from A --to B --dry-run   also what becomes of each device, both documents as a diff, flags and parameters
            ```

            A check is an *error* (its failure refuses the migration, exit 4), a *warning* or a note, and passes, fails, or is *unknown*. Unknown never refuses by itself: nothing is guessed. A guest without devices
            of its host is asked about in a few short calls; what only such devices make worth knowing is asked for only with them.

            **Devices** are mapped by what both hosts tell; `--map SRC=DST` maps one by hand, and is checked as the rest. SRC is a node (`/dev/vhost-vdpa-0`), a PCI address, a socket, an alias, a MAC address or the name of a vDPA
            device; DST likewise, or `MGMTDEV/new` to have a device made. What becomes another thing is rewritten in the running domain's document **and** in the definition, and nothing else of them: addresses in the guest never change.

            **Consents** are one flag each, let one check pass, and are written down with the migration when they were made use of.


            """);
        foreach ((CheckSubject subject, string title) in new[] { (CheckSubject.Migration, "A migration"), (CheckSubject.Pair, "Two hosts"), (CheckSubject.Host, "A host") })
        {
            page.Append($"## {title}\n\n| check | looks at | why | remedy | consent |\n|---|---|---|---|---|\n");
            foreach (CheckExplanation check in CheckCatalogue.All.Where(check => check.Subject == subject))
            {
                page.Append($"| `{check.Id}` | {Cell(check.Means)} | {Cell(check.Why)} | {Cell(check.Remedy)} | {Cell(check.Consent ?? "")} |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";

        static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
    }

    private static string Root() => Path.GetFullPath(Path.Combine(
        typeof(CheckCatalogueTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ProjectFolder").Value!, "..", ".."));

    // const string Id = "cpu"; new("cpu", …; Check("cpu", …; Pass("cpu", …; Unknown("cpu", …; id = … ? "a" : "b"
    [GeneratedRegex("""(?:\bId = |\bnew\(\s*|\bnew Check\(|\bCheck\(|\bPass\(|\bUnknown\(|\bid = [^"]*\? )"(?<id>[a-z]+(?:-[a-z]+)*)"(?: : "(?<id>[a-z-]+)")?""", RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}
