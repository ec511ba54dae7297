using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Devices;
using Orchestrator.Downtime;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using Orchestrator.Recovery;

namespace Orchestrator.Cli.Tests.Real;

/// <summary>
/// A card that a guest lets go of before its migration, and gets again after. Nothing in this lab keeps QEMU from migrating, so that which devices those are is not asked here: an
/// ordinary card stands for them.
/// </summary>
public sealed class DetachDevicesTests
{
    private const string Guest = "replugged";
    private const string Mac = "52:54:00:00:77:01";

    private readonly ObserverClock _clock = new(TimeProvider.System);

    [OneTimeSetUp]
    public Task StartGuest() => CliLab.Lab.StartGuestAsync(new() { Name = Guest, Host = "lab-a" });

    [OneTimeTearDown]
    public Task RemoveGuest() => CliLab.Lab.RemoveGuestAsync(Guest);

    [Test]
    public async Task It_is_put_back_on_the_source_and_put_in_on_the_destination_where_it_was_in_the_guest()
    {
        await using LibvirtHost a = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-a").Uri), clock: _clock);
        await using LibvirtHost b = await LibvirtHost.ConnectAsync(HostAddress.FromUri(CliLab.Lab.GetHost("lab-b").Uri), clock: _clock);
        await new DeviceAttacher(a).AttachAsync(Guest, DeviceDocument.Parse($"<interface type='user'><mac address='{Mac}'/><model type='virtio'/></interface>"), DomainModificationImpact.Live | DomainModificationImpact.Config);
        DomainSnapshot domain = (await a.FindDomainAsync(Guest, default))!;
        XElement card = CardOf(domain.Xml)!;
        string place = card.Element("address")!.ToString();
        card.Elements("alias").Remove();
        var device = new MappedDevice
        {
            Kind = "<interface type='user'>",
            Scheme = DeviceScheme.Virtio,
            Source = Mac,
            Why = "",
            Detachment = new("stands for one that does not migrate", card.ToString(SaveOptions.DisableFormatting), card.ToString(SaveOptions.DisableFormatting), null),
        };
        var step = new JournalStep(1, ReplugSteps.Kind, ReplugSteps.DetailOf(domain.Uuid, device), DateTimeOffset.UnixEpoch, null, false);

        DeviceReplug stayed = Replug(a);
        await stayed.TakeOutAsync(domain, device, default);
        Assert.That(CardOf((await a.FindDomainAsync(Guest, default))!.Xml), Is.Null);
        Assert.That(CardOf((await a.GetDefinitionAsync(domain.Uuid, default))!), Is.Not.Null, "the definition keeps it");
        await stayed.Steps.Undoers[ReplugSteps.Kind](step, a, b);
        Assert.That(CardOf((await a.FindDomainAsync(Guest, default))!.Xml)!.Element("address")!.ToString(), Is.EqualTo(place));
        Check(stayed, onDestination: false);

        DeviceReplug moved = Replug(a);
        await moved.TakeOutAsync((await a.FindDomainAsync(Guest, default))!, device, default);
        MigrationResult result = await new Migrator(a, b, _clock).MigrateAsync(new MigrationRequest { Domain = Guest });
        Assert.That(result.Verdict.Outcome, Is.EqualTo(MigrationOutcome.Completed), result.Verdict.Message);
        Assert.That(CardOf((await b.FindDomainAsync(Guest, default))!.Xml), Is.Null);
        await moved.Steps.Finishers[ReplugSteps.Kind](step, a, b);
        await moved.Steps.Finishers[ReplugSteps.Kind](step, a, b);
        Assert.That(CardOf((await b.FindDomainAsync(Guest, default))!.Xml)!.Element("address")!.ToString(), Is.EqualTo(place), "and once only");
        Assert.That(CardOf((await b.GetDefinitionAsync(domain.Uuid, default))!)!.Element("address")!.ToString(), Is.EqualTo(place));
        Check(moved, onDestination: true);
    }

    private static void Check(DeviceReplug replug, bool onDestination)
    {
        DeviceAbsence absence = replug.Absences.Single();
        DeviceAbsenceTime time = DeviceAbsenceTime.Of(absence, [1], [1]);
        TestContext.Out.WriteLine($"{absence}; {time}");
        Assert.That((absence.GoneBy, absence.OnDestination), Is.EqualTo(("event", onDestination)));
        Assert.That(absence.LastThere, Is.LessThan(absence.Gone));
        Assert.That(time, Is.EqualTo(new DeviceAbsenceTime(Mac, (absence.Back!.Value - absence.Gone).TotalMilliseconds, 2)));
        Assert.That(time.ValueMs, Is.GreaterThan(0));
    }

    private DeviceReplug Replug(LibvirtHost source) => new(source, _clock, new(), TimeSpan.FromSeconds(7), TimeProvider.System, NullLogger.Instance);

    private static XElement? CardOf(string xml) => XElement.Parse(xml).Descendants("interface").FirstOrDefault(card => (string?)card.Element("mac")?.Attribute("address") == Mac);
}
