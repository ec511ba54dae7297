using Orchestrator.Lab.Hosts;

namespace Orchestrator.Lab.Tests.Hosts;

public sealed class HostFilesTests
{
    [Test]
    public void Driver_has_its_ports_and_no_migration_address()
    {
        var text = HostFiles.Driver(new PortRange(21000, 21063));

        Assert.That(text, Does.Contain("migration_port_min = 21000\n").And.Contain("migration_port_max = 21063\n"));
        Assert.That(text, Does.Not.Contain("migration_host").And.Not.Contain("migration_address"));
    }

    [Test]
    public void Parse_passwd_finds_nobody()
    {
        string[] passwd = ["root:x:0:0:root:/root:/bin/bash", "nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin"];

        Assert.That(LabAccount.Parse(passwd), Is.EqualTo(new LabAccount(65534, 65533, IsOther: true)));
    }

    [Test]
    public void Parse_passwd_without_nobody_is_refused() =>
        Assert.That(() => LabAccount.Parse(["root:x:0:0:root:/root:/bin/bash"]), Throws.TypeOf<LabException>());
}
