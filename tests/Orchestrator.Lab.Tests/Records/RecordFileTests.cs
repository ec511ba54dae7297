using System.Text.Json;
using Orchestrator.Lab.Hosts;
using Orchestrator.Lab.Processes;
using Orchestrator.Lab.Records;

namespace Orchestrator.Lab.Tests.Records;

public sealed class RecordFileTests
{
    private static readonly LabRecord Record = new()
    {
        Owner = new ProcessIdentity(1, 2, "boot", "pid:[1]"),
        Ports = [new PortRange(21000, 21063)],
        Machines = [new MachineRecord(new PortRange(22000, 22063), [Guid.Parse("5b1ff0ac-5f0c-4c0a-9e5c-0f1f1d6c2222"), Guid.Parse("5b1ff0ac-5f0c-4c0a-9e5c-0f1f1d6c3333")])],
        Guests = [new LabGuest("web1", Guid.Parse("5b1ff0ac-5f0c-4c0a-9e5c-0f1f1d6c1111"), "/t", "/c", 48)],
    };

    [Test]
    public void Write_then_Read_returns_the_record()
    {
        var folder = Directory.CreateTempSubdirectory("record-");
        try
        {
            RecordFile.Write(folder.FullName, Record);
            var read = RecordFile.Read(folder.FullName).Record!;

            Assert.That(read.Owner, Is.EqualTo(Record.Owner));
            Assert.That(read.Ports, Is.EqualTo(Record.Ports));
            Assert.That(read.Guests, Is.EqualTo(Record.Guests));
            Assert.That(read.Machines.Single().Ports, Is.EqualTo(Record.Machines[0].Ports));
            Assert.That(read.Machines.Single().HostUuids, Is.EqualTo(Record.Machines[0].HostUuids));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void Parse_record_cut_anywhere_is_no_record()
    {
        var whole = JsonSerializer.Serialize(Record, LabJson.Default.LabRecord);

        for (var length = 0; length < whole.TrimEnd().Length; length++)
        {
            Assert.That(RecordFile.Parse(whole[..length]), Is.EqualTo(new RecordReading(null, IsMissing: false)));
        }
    }

    [TestCase("null")]
    [TestCase("{}")]
    [TestCase("{\"formatVersion\": 2, \"ports\": []}")]
    [TestCase("{\"formatVersion\": 1, \"ports\": null}")]
    public void Parse_other_document_is_no_record(string text) => Assert.That(RecordFile.Parse(text).Record, Is.Null);

    [Test]
    public void Read_folder_without_a_record_is_missing() =>
        Assert.That(RecordFile.Read("/nonexistent/lab"), Is.EqualTo(new RecordReading(null, IsMissing: true)));

    [Test]
    public void Judge_decides_by_owner_and_by_what_lives()
    {
        var owned = new RecordReading(Record, IsMissing: false);
        var persistent = new RecordReading(Record with { Owner = null }, IsMissing: false);
        var missing = new RecordReading(null, IsMissing: true);
        var broken = new RecordReading(null, IsMissing: false);

        Assert.That(Leftover.Judge(owned, ownerIsAlive: true, somethingLives: false), Is.EqualTo(LabFate.Keep));
        Assert.That(Leftover.Judge(owned, ownerIsAlive: false, somethingLives: true), Is.EqualTo(LabFate.Remove));
        Assert.That(Leftover.Judge(persistent, ownerIsAlive: false, somethingLives: false), Is.EqualTo(LabFate.Keep));
        Assert.That(Leftover.Judge(missing, ownerIsAlive: false, somethingLives: true), Is.EqualTo(LabFate.Remove));
        Assert.That(Leftover.Judge(broken, ownerIsAlive: false, somethingLives: true), Is.EqualTo(LabFate.Report));
        Assert.That(Leftover.Judge(broken, ownerIsAlive: false, somethingLives: false), Is.EqualTo(LabFate.Remove));
    }
}
