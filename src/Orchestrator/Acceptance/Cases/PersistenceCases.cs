using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Acceptance.Cases;

/// <summary>What has to outlive a reboot, a new definition, a migration.</summary>
internal static class PersistenceCases
{
    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(RebootAsync)
        {
            Id = "persistence-reboot", Group = CaseGroup.Persistence, Name = "Devices outlive a reboot", ChineseName = "重启后设备保持", NeedsDevices = true,
            Covers = "a guest has its devices after its reboot, and so has its definition",
        },
        new(RestartAsync)
        {
            Id = "persistence-restart", Group = CaseGroup.Persistence, Name = "A device plugged in for good outlives a restart", ChineseName = "持久热插设备关机再启动后保持", NeedsDevices = true, Kinds = HotPlugCases.Pluggable,
            Covers = "a device that is attached to the running guest and its definition is there after it was off",
        },
        new(RedefineAsync)
        {
            Id = "persistence-redefine", Group = CaseGroup.Persistence, Name = "Devices outlive a new definition", ChineseName = "重新 define 后设备保持", Severity = CaseSeverity.Minor, NeedsDevices = true,
            Covers = "a definition that is changed elsewhere keeps its devices",
        },
        new(MigrationAsync)
        {
            Id = "persistence-migration", Takes = CaseKeys.Move, Group = CaseGroup.Persistence, Name = "The definition moves with the guest", ChineseName = "迁移后虚拟机配置持久化",
            Covers = "a persistent guest is persistent on the destination, and no longer defined on the source",
        },
    ];

    private static async Task RebootAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        using EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new RebootRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckRebootedAsync(events, guest, wanted: true).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
        await CheckDefinedAsync(bench, bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task RestartAsync(CaseBench bench)
    {
        IReadOnlyList<CaseDevice> devices = await bench.MakeDevicesAsync(bench.Planned.Devices, isDefined: true).ConfigureAwait(false);
        CaseGuest guest = await HotPlugCases.BareAsync(bench).ConfigureAwait(false);
        foreach (CaseDevice device in devices)
        {
            await HotPlugCases.AttachAsync(bench, guest, device, DomainModificationImpact.Live | DomainModificationImpact.Config).ConfigureAwait(false);
        }

        await bench.LiveAsync(bench.Source, new DestroyRequest(guest.Key)).ConfigureAwait(false);
        await bench.StartAsync(guest).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task RedefineAsync(CaseBench bench)
    {
        const string Title = "defined anew";
        CaseGuest guest = await bench.DefineAsync().ConfigureAwait(false);
        guest.Document.Root.SetElementValue("title", Title); // which a template may have
        bench.Step($"define {guest.Name} anew, with a title");
        await new DomainDefiner(bench.Source).DefineAsync(guest.Document, options: bench.Options, cancellationToken: bench.Cancellation).ConfigureAwait(false);
        string? definition = await bench.Source.GetDefinitionAsync(guest.Uuid, CancellationToken.None).ConfigureAwait(false);
        string? title = definition is null ? null : (string?)DomainDocument.Parse(definition).Root.Element("title");
        bench.Check($"{guest.Name} has its new title", title == Title, title ?? "it has none");
        await CheckDefinedAsync(bench, bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task MigrationAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.MoveAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.CheckGoneAsync(bench.Source, guest).ConfigureAwait(false);
        DomainSnapshot? there = await CaseBench.LookAsync(bench.Destination, guest).ConfigureAwait(false);
        bench.Check($"{guest.Name} is persistent on {bench.Destination.Address.Name}", there is { IsPersistent: true }, there is null ? "it is not there" : there.IsPersistent ? "it is" : "it is transient");
        await CheckDefinedAsync(bench, bench.Destination, guest).ConfigureAwait(false);
    }

    private static async Task CheckDefinedAsync(CaseBench bench, IHost host, CaseGuest guest)
    {
        foreach (CaseDevice device in bench.Devices)
        {
            await bench.CheckDefinedAsync(host, guest, device, isWanted: true).ConfigureAwait(false);
        }
    }
}
