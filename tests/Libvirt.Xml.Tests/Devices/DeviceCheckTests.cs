using Libvirt.Xml.Devices;

namespace Libvirt.Xml.Tests.Devices;

public sealed class DeviceCheckTests
{
    [TestCase("<hostdev type='vdpa'/>", "/domain/devices/hostdev", "Missing <source> element")]
    [TestCase("<hostdev type='vdpa'><source/></hostdev>", "/domain/devices/hostdev/source", "Missing 'dev' attribute for element <source>")]
    [TestCase("<hostdev type='vdpa'><source dev='/dev/vhost-vdpa-'/></hostdev>", "/domain/devices/hostdev/source/@dev", "no device number")]
    [TestCase("<hostdev type='vdpa'><source dev='/dev/vhost-vdpa-01'/></hostdev>", "/domain/devices/hostdev/source/@dev", "no device number")]
    [TestCase("<hostdev type='vdpa'><source dev='/dev/../etc/shadow'/></hostdev>", "/domain/devices/hostdev/source/@dev", "'..'")]
    [TestCase("<hostdev type='vdpa'><source dev='vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/source/@dev", "absolute")]
    [TestCase("<hostdev type='vdpa' iommufd='0'><source dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/@iommufd", "cannot be resolved")]
    [TestCase("<hostdev type='vdpa' iommufd='-1'><source dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/@iommufd", "cannot be resolved")]
    [TestCase("<hostdev type='vdpa' managed='maybe'><source dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/@managed", "Invalid value for attribute 'managed'")]
    [TestCase("<hostdev type='vdpa' model='virtio'><source dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/@model", "'model' attribute in <hostdev> is only supported")]
    [TestCase("<hostdev type='vdpa'><driver queues='2'/><source dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/driver", "drops")]
    [TestCase("<hostdev type='vdpa'><teaming type='persistent'/><source dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/teaming", "teaming is only supported for pci")]
    [TestCase("<hostdev type='vdpa'><source startupPolicy='optional' dev='/dev/vhost-vdpa-0'/></hostdev>", "/domain/devices/hostdev/source/@startupPolicy", "startupPolicy")]
    [TestCase("<hostdev type='pci' migration='maybe'><source><address bus='1'/></source></hostdev>", "/domain/devices/hostdev/@migration", "'maybe' is neither 'on' nor 'off'")]
    [TestCase("<hostdev type='pci'><source><address bus='0x100'/></source></hostdev>", "/domain/devices/hostdev/source/address/@bus", "0 to 0xff")]
    [TestCase("<hostdev type='pci'><source><address slot='0x20'/></source></hostdev>", "/domain/devices/hostdev/source/address/@slot", "0 to 0x1f")]
    [TestCase("<hostdev type='pci'><source><address function='8'/></source></hostdev>", "/domain/devices/hostdev/source/address/@function", "0 to 0x7")]
    [TestCase("<hostdev type='pci'><source><address function='08'/></source></hostdev>", "/domain/devices/hostdev/source/address/@function", "not a number")]
    [TestCase("<hostdev type='pci'><source><address/></source><address type='ccw'/></hostdev>", "/domain/devices/hostdev/address/@type", "must use 'pci'")]
    [TestCase("<interface type='vdpa'><mac address='01:00:00:00:00:01'/><source dev='/dev/vhost-vdpa-0'/></interface>", "/domain/devices/interface/mac/@address", "unicast")]
    [TestCase("<interface type='vdpa'><mac address='52:54:00'/><source dev='/dev/vhost-vdpa-0'/></interface>", "/domain/devices/interface/mac/@address", "not a MAC")]
    [TestCase("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/><model type='e1000'/></interface>", "/domain/devices/interface/model/@type", "virtio")]
    [TestCase("<interface type='generic-vdpa'><source dev='/dev/vhost-vdpa-5'/></interface>", "/domain/devices/interface", "<interface type='vdpa'><source dev='/dev/vhost-vdpa-5'/></interface>")]
    [TestCase("<disk type='generic-vdpa'><source dev='/dev/vhost-vdpa-0'/></disk>", "/domain/devices/disk", "<disk type='vhostvdpa'")]
    [TestCase("<hostdev type='pci' managed='yes'><driver name='vdpa'/><source><address domain='0x0000' bus='0x04' slot='0x01' function='0x01'/></source></hostdev>", "/domain/devices/hostdev", "vdpa dev add")]
    [TestCase("<gvdpa><source dev='/dev/vhost-vdpa-0'/></gvdpa>", "/domain/devices/gvdpa", "<hostdev mode='subsystem' type='vdpa'>")]
    [TestCase("<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vda' bus='virtio'/></disk>", "/domain/devices/disk", "'vhostuser' requires shared memory")]
    [TestCase("<interface type='vhostuser'><source type='unix' path='/s' mode='client'/></interface>", "/domain/devices/interface", "'interface' requires shared memory")]
    public void What_libvirt_refuses_or_drops_is_an_error_with_its_place(string xml, string path, string message)
    {
        List<DeviceProblem> errors = [.. Domain.With(xml).Check().Where(problem => problem.Severity == DeviceProblemSeverity.Error)];

        Assert.That(errors, Has.Count.EqualTo(1));
        Assert.That(errors[0].Path, Is.EqualTo(path));
        Assert.That(errors[0].Message, Does.Contain(message));
        Assert.That(errors[0].Line, Is.EqualTo(3));
        Assert.That(errors[0].Column, Is.GreaterThan(4));
    }

    [Test]
    public void The_place_of_a_value_is_that_of_its_attribute()
    {
        DeviceProblem problem = DomainDocument.Parse("<domain><devices>\n<hostdev type='vdpa'/>\n<hostdev type='pci' migration='maybe'>\n<source><address/></source></hostdev></devices></domain>")
            .Check().Single(problem => problem.Message.Contains("maybe", StringComparison.Ordinal));

        Assert.That((problem.Path, problem.Line, problem.Column), Is.EqualTo(("/domain/devices/hostdev[2]/@migration", 3, 21)));
    }

    [Test]
    public void Places_survive_a_copy()
    {
        DomainDocument domain = Domain.With("<hostdev type='pci' migration='maybe'><source><address/></source></hostdev>");

        Assert.That(domain.Copy().Check(), Is.EqualTo(domain.Check()));
        Assert.That(domain.Check()[0].Line, Is.EqualTo(3));
    }

    [Test]
    public void A_link_to_a_node_is_a_warning()
    {
        DeviceProblem problem = Domain.With("<interface type='vdpa'><source dev='/dev/vdpa/by-name/blue'/></interface>").Check().Single();

        Assert.That(problem.Severity, Is.EqualTo(DeviceProblemSeverity.Warning));
        Assert.That(problem.Message, Does.Contain("exact text"));
    }

    [TestCase("vhost-vdpa-device-pci,vdpa-dev=/dev/vhost-vdpa-0", "'vhostdev'")]
    [TestCase("vhost-vdpa-device-pci", "vhostdev are missing")]
    [TestCase("virtio-net-pci,netdev=absent,vdpa=on", "no -netdev")]
    [TestCase("virtio-net-pci,netdev=n,vdpa=on", "vhost=off")]
    [TestCase("virtio-net-pci,netdev=u,vdpa=on", "tap")]
    [TestCase("virtio-net-pci,netdev=t,vdpa=on,packed=on", "split rings")]
    public void A_device_of_the_command_line_is_checked(string argument, string message)
    {
        DeviceProblem error = Domain.WithArguments("-netdev", "tap,id=n,vhost=on", "-netdev", "user,id=u", "-netdev", "tap,id=t,vhost=off", "-device", argument)
            .Check().Single(problem => problem.Severity == DeviceProblemSeverity.Error);

        Assert.That(error.Message, Does.Contain(message));
        Assert.That(error.Path, Is.EqualTo("/domain/qemu:commandline/qemu:arg[8]/@value"));
    }

    [Test]
    public void A_node_that_is_used_twice_is_an_error()
    {
        DomainDocument domain = Domain.With("<hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev><interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>");

        Assert.That(domain.Check().Where(problem => problem.Severity == DeviceProblemSeverity.Error).Select(problem => problem.Path), Is.EqualTo(new[] { "/domain/devices/interface" }));
    }

    [Test]
    public void A_good_document_has_no_problems()
    {
        DomainDocument domain = DomainDocument.Parse(DomainDocumentTests.Domain);
        domain.Root.AddFirst(new System.Xml.Linq.XElement("memory", 1024));
        Assert.That(domain.Check().Select(problem => problem.Severity), Is.All.EqualTo(DeviceProblemSeverity.Warning));
        domain.EnsureMemoryLock();

        Assert.That(domain.Check(), Is.Empty);
    }

    [Test]
    public void Memory_that_cannot_be_read_is_a_problem_and_not_a_crash()
    {
        DomainDocument domain = DomainDocument.Parse("<domain>\n<memory unit='furlong'>1</memory><devices><hostdev type='vdpa'><source dev='/dev/vhost-vdpa-0'/></hostdev></devices></domain>");

        DeviceProblem problem = domain.Check().Single();
        Assert.That((problem.Path, problem.Line), Is.EqualTo(("/domain/memory/@unit", 2)));
    }
}
