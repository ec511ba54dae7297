using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Migration;
using Orchestrator.Migration.Mapping;
using static Libvirt.Xml.Tests.Dialects;
using static Orchestrator.Tests.Migration.Mapping.MappingSamples;

namespace Orchestrator.Tests.Migration.Mapping;

/// <summary>What becomes of a guest's host devices.</summary>
public sealed class DeviceMapperTests
{
    [Test]
    public void Three_cards_find_those_with_their_macs_whatever_their_numbers()
    {
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Vdpa = [Card(4, Mac(2)), Card(5, Mac(0)), Card(6, Mac(1)), Card(7, "52:54:00:00:00:99")] });
        Assert.That(Pairs(plan), Is.EqualTo(new[] { ("/dev/vhost-vdpa-0", "/dev/vhost-vdpa-5"), ("/dev/vhost-vdpa-1", "/dev/vhost-vdpa-6"), ("/dev/vhost-vdpa-2", (string?)"/dev/vhost-vdpa-4") }));
        Assert.That(plan.Devices[0].Why, Does.Contain(Mac(0)));
    }

    [Test]
    public void Both_documents_are_rewritten_and_guest_addresses_stay()
    {
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Vdpa = [Card(4, Mac(0)), Card(5, Mac(1)), Card(6, Mac(2))] });
        foreach (string xml in new[] { plan.DestinationXml!, plan.PersistentXml! })
        {
            var document = DomainDocument.Parse(xml);
            Assert.That(document.Devices.Select(device => device.HostResource), Is.EqualTo(new[] { "/dev/vhost-vdpa-4", "/dev/vhost-vdpa-5", "/dev/vhost-vdpa-6" }));
            Assert.That(document.Devices.Select(device => $"{device.GuestAddress}"), Is.EqualTo(new[] { "0000:05:00.0", "0000:06:00.0", "0000:07:00.0" }));
        }

        Dictionary<string, object> parameters = plan.Call.Parameters.ToDictionary();
        Assert.That((parameters["destination_xml"], parameters["persistent_xml"]), Is.EqualTo((plan.DestinationXml, plan.PersistentXml)));
        string[] changed = [.. plan.Diff.Where(line => line.StartsWith('-') || line.StartsWith('+'))];
        Assert.That(changed, Has.Length.EqualTo(2 * (2 + 6)), string.Join("\n", plan.Diff));
        Assert.That(changed.Where(line => line.StartsWith("+ ", StringComparison.Ordinal)).Select(line => line.Contains("vhost-vdpa-", StringComparison.Ordinal)), Is.All.True);
    }

    [TestCase("hunter2")]
    [TestCase("hunter'2")]
    [TestCase("hunter&quot;2")]
    public void A_password_is_in_the_call_and_nowhere_else(string password)
    {
        string guest = VdpaGuest.Replace("</devices>", $"""<graphics type="vnc" passwd="{password}"/></devices>""", StringComparison.Ordinal);
        MigrationPlan plan = Plan(guest, VdpaSource, new() { Vdpa = [Card(4, Mac(0)), Card(5, Mac(1)), Card(6, Mac(2))] });
        Dictionary<string, object> parameters = plan.Call.Parameters.ToDictionary();
        foreach ((string document, string shown) in new[] { ("destination_xml", plan.DestinationXml!), ("persistent_xml", plan.PersistentXml!) })
        {
            Assert.That(DomainDocument.Parse((string)parameters[document]).ToString(), Does.Contain(password), "the guest keeps it");
            Assert.That(DomainDocument.Parse(shown).Root.Descendants("graphics").Single().Attribute("passwd")!.Value, Is.EqualTo("***"));
        }

        Assert.That(string.Join("\n", plan.Diff.Concat(plan.Call.DescribeParameters().Values)), Does.Contain("passwd=\"***\"").And.Not.Contain("hunter"));
    }

    [Test]
    public void What_has_the_same_path_and_is_right_changes_nothing()
    {
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Vdpa = [Card(0, Mac(0)), Card(1, Mac(1)), Card(2, Mac(2))] });
        Assert.That((plan.DestinationXml, plan.PersistentXml, plan.Diff.Count), Is.EqualTo(((string?)null, (string?)null, 0)));
        Assert.That(plan.Call.Parameters.Select(parameter => parameter.Key), Has.No.Member("destination_xml"));
        Assert.That(plan.Devices.Select(device => device.Why), Is.All.Contains("same node"));
    }

    [Test]
    public void A_device_that_somebody_has_is_passed_over_and_named()
    {
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Vdpa = [Card(0, Mac(0), user: "db1"), Card(1, Mac(1)), Card(2, Mac(2))] });
        Assert.That(plan.Devices[0].Destination, Is.Null);
        Assert.That(plan.Devices[0].Why, Does.Contain("in use by domain db1"));
        Assert.That(plan.IsRefused, Is.True);
    }

    [TestCase("mac", "its MAC is 52:54:00:00:00:77, not 52:54:00:00:00:00")]
    [TestCase("mtu", "its MTU is 9000, not 1500")]
    [TestCase("queues", "2 virtqueues, not 3")]
    [TestCase("size", "128 entries of a virtqueue, not 256")]
    [TestCase("class", "a block device, not a network device")]
    [TestCase("driver", "virtio_vdpa has it, not vhost_vdpa")]
    [TestCase("features", "without the features VERSION_1")]
    [TestCase("vendor", "another vendor's (--allow cross-vendor)")]
    [TestCase("unknown users", "who uses it is not known")]
    [TestCase("unknown mac", "its MAC is not known")]
    public void What_does_not_fit_is_not_taken(string what, string why)
    {
        VdpaDevice card = Card(0, Mac(0));
        VdpaManagementDevice parent = Parent(0) with { Classes = [VdpaClass.Block] };
        card = what switch
        {
            "mac" => card with { Mac = "52:54:00:00:00:77" },
            "mtu" => card with { Mtu = 9000 },
            "queues" => card with { MaxVirtqueues = 2 },
            "size" => card with { MaxVirtqueueSize = 128 },
            "class" => card with { Class = VdpaClass.Block },
            "driver" => card with { Driver = "virtio_vdpa", CharDevice = null },
            "vendor" => card with { VendorId = 0x15b3 },
            "unknown users" => card with { UsersKnown = false },
            "unknown mac" => card with { Mac = null, ConfigurationTold = false },
            _ => card,
        };
        parent = what == "features" ? parent with { Features = ["MAC"] } : parent;
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Vdpa = [card], Management = [parent] });
        Assert.That(plan.Devices[0].Destination, Is.Null);
        Assert.That(plan.Devices[0].Why, Does.Contain(why));
    }

    [Test]
    public void Another_vendor_is_taken_by_consent_which_is_written_down()
    {
        DeviceInventory destination = new() { Vdpa = [.. Enumerable.Range(0, 3).Select(number => Card(number, Mac(number)) with { VendorId = 0x15b3 })] };
        Assert.That(Plan(VdpaGuest, VdpaSource, destination).IsRefused, Is.True);
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, destination, Samples.Request with { Allow = new HashSet<string> { "cross-vendor" } });
        Assert.That(plan.Devices.Select(device => device.Destination), Has.No.Null);
        Assert.That(plan.Consents.Select(consent => (consent.Flag, consent.Check)).Distinct(), Is.EqualTo(new[] { ("--allow cross-vendor", "device-mapping") }));
    }

    [Test]
    public void A_card_is_made_where_none_fits_and_never_two_on_one_function()
    {
        DeviceInventory destination = new() { Vdpa = [Card(0, Mac(0))], Management = [.. Enumerable.Range(0, 3).Select(number => Parent(number))] };
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, destination);
        Assert.That(plan.Creations, Is.EqualTo(new[] { new DeviceCreation("pci/0000:08:01.1", "vdpa1", Mac(1), 1500), new DeviceCreation("pci/0000:08:01.2", "vdpa2", Mac(2), 1500) }));
        Assert.That(plan.Devices[1].Destination, Is.EqualTo("/dev/vhost-vdpa-of-vdpa1"));
        MigrationPlan made = MigrationPlanner.WithNodes(plan, new Dictionary<string, string> { ["/dev/vhost-vdpa-of-vdpa1"] = "/dev/vhost-vdpa-12", ["/dev/vhost-vdpa-of-vdpa2"] = "/dev/vhost-vdpa-13" });
        Assert.That(DomainDocument.Parse((string)made.Call.Parameters.ToDictionary()["persistent_xml"]).Devices.Select(device => device.HostResource), Is.EqualTo(new[] { "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-12", "/dev/vhost-vdpa-13" }));
        Assert.That(made.DestinationXml, Does.Not.Contain("-of-"));
    }

    [TestCase("no MTU feature", "gives no MTU to its devices", false)]
    [TestCase("no features told", "whether it gives its devices an MTU is not known", true)]
    [TestCase("unknown on the source", "the card's MTU is not known", true)]
    public void A_card_is_not_made_with_another_mtu(string what, string why, bool byHand)
    {
        VdpaManagementDevice parent = Parent(0) with
        {
            Features = what switch { "no MTU feature" => ["MAC", "VERSION_1"], "no features told" => [], _ => Parent(0).Features },
        };
        DeviceInventory source = what != "unknown on the source" ? VdpaSource
            : VdpaSource with { Vdpa = [.. VdpaSource.Vdpa!.Select(card => card with { Mtu = null, ConfigurationTold = false })] };
        DeviceInventory destination = new() { Vdpa = [], Management = [parent] };

        MigrationPlan plan = Plan(VdpaGuest, source, destination);
        Assert.That(plan.Creations, Is.Empty);

        MappedDevice chosen = Plan(VdpaGuest, source, destination, Map($"/dev/vhost-vdpa-0={parent.Name}/new")).Devices[0];
        Assert.That(chosen.Creation is not null, Is.EqualTo(byHand));
        Assert.That(byHand ? string.Join(", ", chosen.Unchecked) : chosen.Why, Does.Contain(why));
        Assert.That(chosen.Creation?.Mtu, Is.EqualTo(what == "no features told" ? 1500 : null), "what is known is asked for: the kernel refuses what it cannot");
    }

    [Test]
    public void A_card_without_an_mtu_is_made_without_one()
    {
        DeviceInventory source = VdpaSource with { Vdpa = [.. VdpaSource.Vdpa!.Select(card => card with { Mtu = null })] };
        DeviceInventory destination = new() { Vdpa = [], Management = [.. Enumerable.Range(0, 3).Select(number => Parent(number) with { Features = ["MAC", "VERSION_1"] })] };
        Assert.That(Plan(VdpaGuest, source, destination).Creations.Select(creation => creation.Mtu), Is.EqualTo(new int?[] { null, null, null }));
    }

    [TestCase(1500, true, null, true, "its MTU is none, not 1500")]
    [TestCase(1500, true, null, false, "its MTU is not known")]
    [TestCase(null, false, 1500, true, "the source's MTU is not known")]
    [TestCase(null, false, null, true, null)]
    [TestCase(null, true, 1500, true, null)]
    public void A_card_whose_mtu_is_not_known_is_taken_where_nobody_knows_one(int? here, bool hereTold, int? there, bool thereTold, string? why)
    {
        DeviceInventory source = VdpaSource with { Vdpa = [.. VdpaSource.Vdpa!.Select(card => card with { Mtu = here, ConfigurationTold = hereTold })] };
        VdpaDevice card = Card(4, Mac(0)) with { Mtu = there, ConfigurationTold = thereTold };
        MappedDevice mapped = Plan(VdpaGuest, source, new() { Vdpa = [card] }).Devices[0];
        Assert.That(mapped.Destination, Is.EqualTo(why is null ? card.CharDevice : null));
        Assert.That(mapped.Why, Does.Contain(why ?? Mac(0)));
    }

    [Test]
    public void A_function_that_has_its_device_gets_no_second()
    {
        DeviceInventory destination = new() { Vdpa = [Card(0, "52:54:00:00:00:aa")], Management = [Parent(0)] };
        Assert.That(Plan(VdpaGuest, VdpaSource, destination).Creations, Is.Empty);
    }

    [Test]
    public void Two_devices_and_one_candidate_leave_one_without()
    {
        // The same MAC twice: a simulator's zeros.
        const string None = "00:00:00:00:00:00";
        DeviceInventory source = VdpaSource with { Vdpa = [.. VdpaSource.Vdpa!.Select(card => card with { Mac = None })] };
        MigrationPlan plan = Plan(VdpaGuest, source, new() { Vdpa = [Card(4, None), Card(5, None)] });
        Assert.That(Pairs(plan).Select(pair => pair.Destination), Is.EqualTo(new[] { "/dev/vhost-vdpa-4", "/dev/vhost-vdpa-5", null }));
        Assert.That(plan.Devices[2].Why, Does.Contain("another device of this domain gets it"));
    }

    [Test]
    public void A_disk_is_the_same_only_by_hand()
    {
        const string Disk = """<domain type="kvm"><name>web1</name><uuid>UUID</uuid><devices><hostdev mode="subsystem" type="vdpa"><source dev="/dev/vhost-vdpa-0"/></hostdev></devices></domain>""";
        VdpaDevice disk = Card(0, "") with { Class = VdpaClass.Block, Mac = null, Mtu = null };
        DeviceInventory source = new() { Vdpa = [disk] };
        DeviceInventory destination = new() { Vdpa = [disk], Management = [Parent(5) with { Classes = [VdpaClass.Block] }] };
        MigrationPlan refused = Plan(Disk, source, destination);
        Assert.That((refused.IsRefused, refused.Devices[0].Destination), Is.EqualTo((true, (string?)null)));
        Assert.That(refused.Devices[0].Why, Does.Contain("same volume cannot be shown"));
        MigrationPlan plan = Plan(Disk, source, destination, Map("vdpa0=vdpa0"));
        Assert.That((plan.IsRefused, plan.Devices[0].Destination, plan.Devices[0].IsByHand), Is.EqualTo((false, "/dev/vhost-vdpa-0", true)));
        Assert.That(Of(plan, "device-mapping").Warns, Is.True, "what nobody could check is said");
    }

    [TestCase("/dev/vhost-vdpa-2=vdpa7", "/dev/vhost-vdpa-7")]
    [TestCase("ua-third=/dev/vhost-vdpa-7", "/dev/vhost-vdpa-7")]
    [TestCase("vdpa2=vdpa7", "/dev/vhost-vdpa-7")]
    [TestCase("vdpa2=pci/0000:08:01.5/new", "/dev/vhost-vdpa-of-vdpa2-1")]
    [TestCase("vdpa2=vdpa9", null, "the destination has no vdpa9")]
    [TestCase("vdpa2=vdpa0", null, "does not fit: its MAC is")]
    [TestCase("vdpa2=pci/0000:99:01.5/new", null, "no management device pci/0000:99:01.5")]
    public void A_mapping_by_hand_is_checked_as_any_other(string map, string? destination, string why = "by hand")
    {
        DeviceInventory there = new() { Vdpa = [Card(0, Mac(0)), Card(1, Mac(1)), Card(2, Mac(2)), Card(7, Mac(2))], Management = [Parent(5)] };
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, there, Map(map));
        Assert.That(plan.Devices[2].Destination, Is.EqualTo(destination), plan.Devices[2].Why);
        Assert.That(plan.Devices[2].Why, Does.Contain(why));
        Assert.That(plan.Devices.Take(2).Select(device => device.Destination), Is.EqualTo(new[] { "/dev/vhost-vdpa-0", "/dev/vhost-vdpa-1" }), "the others are found as ever");
    }

    [Test]
    public void A_mapping_of_what_is_not_there_names_what_there_is()
    {
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, VdpaSource, Map("vdpa9=vdpa1"));
        Check check = Of(plan, "device-map");
        Assert.That((check.Refuses, check.Message), Is.EqualTo((true,
            "--map vdpa9=vdpa1: the domain has no device vdpa9; it has /dev/vhost-vdpa-0 (<hostdev type='vdpa'>), /dev/vhost-vdpa-1 (<hostdev type='vdpa'>), /dev/vhost-vdpa-2 (<hostdev type='vdpa'>, ua-third)")));
    }

    [Test]
    public void Devices_that_cannot_be_listed_are_refused_unless_mapped_by_hand()
    {
        DeviceInventory unseen = new() { Problem = "the daemon of lab-b has no driver for node devices" };
        MigrationPlan refused = Plan(VdpaGuest, VdpaSource, unseen);
        Assert.That(refused.Devices.Select(device => device.Why), Is.All.Contain("no driver for node devices"));
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, unseen, Map("vdpa0=/dev/vhost-vdpa-5", "vdpa1=/dev/vhost-vdpa-6", "vdpa2=/dev/vhost-vdpa-7"));
        Assert.That(plan.IsRefused, Is.False, string.Join("\n", plan.Checks.Where(check => check.Refuses)));
        Assert.That(plan.Checks.Where(check => check.Id == "device-mapping").Select(check => check.Result), Is.All.EqualTo(CheckResult.Unknown));
    }

    [Test]
    public void Two_mappings_to_one_device_are_refused()
    {
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Problem = "unseen" }, Map("vdpa0=/dev/vhost-vdpa-5", "vdpa1=/dev/vhost-vdpa-5"));
        Assert.That(plan.Devices[1].Why, Does.Contain("mapped to another device already"));
    }

    [Test]
    public void Accelerator_functions_go_to_free_ones_of_their_kind_on_their_node()
    {
        MigrationPlan plan = Plan(KaeGuest, KaeSource, Functions(
            Function("0000:31:00.1", "19e5:a251", user: "db1"), Function("0000:31:00.2", "19e5:a251", node: 0), Function("0000:b1:00.1", "19e5:a251"),
            Function("0000:32:00.1", "19e5:a256"), Function("0000:33:00.1", "19e5:a259", driver: "hisi_hpre"), Function("0000:33:00.2", "19e5:a259")));
        Assert.That(Pairs(plan), Is.EqualTo(new[] { ("0000:31:00.1", "0000:b1:00.1"), ("0000:32:00.1", "0000:32:00.1"), ("0000:33:00.1", (string?)"0000:33:00.2") }));
        Assert.That(plan.IsRefused, Is.False, string.Join("\n", plan.Checks.Where(check => check.Refuses)));
        Assert.That(plan.PersistentXml, Does.Contain("bus=\"0xb1\"").And.Contain("function=\"0x2\""));
    }

    [Test]
    public void Functions_never_become_another_vendors()
    {
        DeviceInventory other = Functions(Function("0000:31:00.1", "8086:1515"));
        MigrationPlan plan = Plan(KaeGuest, KaeSource, other, Map("0000:31:00.1=0000:31:00.1") with { Allow = new HashSet<string> { "cross-vendor" } });
        Assert.That(plan.Devices[0].Why, Does.Contain("8086:1515, not 19e5:a251"));
    }

    [Test]
    public void An_older_release_wants_another_driver()
    {
        DeviceInventory destination = Functions([.. KaeSource.Functions!.VirtualFunctions.Select(function => function with { Users = [], Driver = "vfio-pci" })]);
        Assert.That(Plan(KaeGuest, KaeSource, destination, dialect: OpenEuler2203).Devices.Select(device => device.Destination), Has.No.Null);
        Assert.That(Plan(KaeGuest, KaeSource, destination, dialect: OpenEuler2403).Devices[0].Why, Does.Contain("bound to vfio-pci, not to hisi_acc_vfio_pci"));
    }

    [Test]
    public void A_document_given_by_hand_maps_as_it_says_and_goes_as_it_is()
    {
        string given = VdpaGuest.Replace("UUID", $"{Samples.Uuid}", StringComparison.Ordinal).Replace("/dev/vhost-vdpa-0", "/dev/vhost-vdpa-7", StringComparison.Ordinal);
        MigrationPlan plan = Plan(VdpaGuest, VdpaSource, new() { Vdpa = [Card(7, Mac(0)), Card(1, Mac(1)), Card(2, Mac(2))] }, Samples.Request with { DestinationXml = given });
        Assert.That(plan.DestinationXml, Is.EqualTo(given));
        Assert.That(Pairs(plan).Select(pair => pair.Destination), Is.EqualTo(new[] { "/dev/vhost-vdpa-7", "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2" }));
        Assert.That(DomainDocument.Parse(plan.PersistentXml!).Devices[0].HostResource, Is.EqualTo("/dev/vhost-vdpa-7"), "the definition follows");
    }

    private static MigrationRequest Map(params string[] maps) => Samples.Request with { Map = [.. maps.Select(DeviceMapEntry.Parse)] };
}
