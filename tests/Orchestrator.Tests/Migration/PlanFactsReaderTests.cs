using System.Xml.Linq;
using Orchestrator.Hosts;
using Orchestrator.Migration;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Migration;

/// <summary>Others plug devices in and out by libvirt while QEMU is asked for what was plugged in past it.</summary>
public sealed class PlanFactsReaderTests
{
    private readonly ObserverClock _clock = new(TimeProvider.System);
    private FakeHost _source = null!;

    /// <summary>What happens right before QEMU's first answer.</summary>
    private Action? _meanwhile;

    [SetUp]
    public void AGuestWhoseQemuWasTalkedTo()
    {
        _source = new("lab-a", _clock) { Obstacles = new() { Snapshots = 0, BlockJobs = [], MonitorUsed = true } };
        _source.Domains[Samples.Uuid] = Samples.Domain() with { Xml = "<domain type='qemu'><name>web1</name><devices/></domain>" };
        _source.Monitor = command =>
        {
            Interlocked.Exchange(ref _meanwhile, null)?.Invoke();
            return _source.QemuMonitor(Samples.Uuid, command);
        };
    }

    [Test]
    public async Task What_is_plugged_in_between_the_document_and_the_question_is_not_unknown()
    {
        _meanwhile = () => Plug("net7");

        Assert.That(await UnknownAsync(), Is.Empty);
    }

    [Test]
    public async Task What_is_plugged_in_past_libvirt_is_unknown_all_the_same()
    {
        _meanwhile = () =>
        {
            Plug("net7");
            PlugPastLibvirt("vd1");
        };

        Assert.That(await UnknownAsync(), Is.EqualTo(new[] { "vd1" }));
    }

    [Test]
    public async Task What_is_unplugged_between_the_question_and_the_later_document_is_not_unknown()
    {
        Plug("net7");
        PlugPastLibvirt("vd1"); // so that the document is read again
        _source.OnFind = () => Unplug("net7");

        Assert.That(await UnknownAsync(), Is.EqualTo(new[] { "vd1" }));
    }

    [Test]
    public async Task What_comes_and_goes_between_the_two_documents_is_not_unknown()
    {
        _meanwhile = () => Plug("net7");
        _source.OnFind = () => Unplug("net7");

        Assert.That(await UnknownAsync(), Is.Empty);
    }

    private async Task<IEnumerable<string?>> UnknownAsync()
    {
        (PlanningFacts facts, _) = await new PlanFactsReader().ReadAsync(_source, new FakeHost("lab-b", _clock), Samples.Request, _source.Domains[Samples.Uuid]);
        return facts.UnknownDevices!.Select(device => device.Id);
    }

    private void Plug(string alias)
    {
        PlugPastLibvirt(alias);
        Change(devices => devices.Add(XElement.Parse($"<interface type='user'><alias name='{alias}'/></interface>")));
    }

    private void Unplug(string alias)
    {
        _source.QemuDevices.Remove(alias);
        Change(devices => devices.Elements().Where(device => (string?)device.Element("alias")?.Attribute("name") == alias).Remove());
    }

    private void PlugPastLibvirt(string id) => _source.QemuDevices[id] = new() { ["driver"] = "virtio-net-pci", ["bus"] = "pci.1" };

    private void Change(Action<XElement> change)
    {
        DomainSnapshot domain = _source.Domains[Samples.Uuid];
        var document = XElement.Parse(domain.Xml);
        change(document.Element("devices")!);
        _source.Domains[Samples.Uuid] = domain with { Xml = document.ToString() };
    }
}
