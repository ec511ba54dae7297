using System.Xml.Linq;
using Libvirt.Interop;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Acceptance.Cases;

/// <summary>Guests with devices live as guests without do.</summary>
internal static class LifecycleCases
{
    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(DefineAsync)
        {
            Id = "lifecycle-define", Group = CaseGroup.Lifecycle, Name = "Define and undefine", ChineseName = "虚拟机 define/undefine",
            Covers = "what was defined is stored with its devices, and gone after undefine",
        },
        new(DefineInvalidAsync)
        {
            Id = "lifecycle-define-invalid", FixedDevices = 0, Group = CaseGroup.Lifecycle, Name = "A wrong device is refused", ChineseName = "异常 vDPA 设备配置 define 失败", Severity = CaseSeverity.Minor,
            Covers = "a vDPA device without its node is refused, and nothing is stored",
        },
        new(StartAsync)
        {
            Id = "lifecycle-start-destroy", Group = CaseGroup.Lifecycle, Name = "Start and destroy", ChineseName = "虚拟机 start/destroy",
            Covers = "a guest starts with its devices, and gives them back when it is destroyed",
        },
        new(ShutdownAsync)
        {
            Id = "lifecycle-shutdown", Group = CaseGroup.Lifecycle, Name = "Shut down", ChineseName = "虚拟机 shutdown",
            Covers = "a guest with devices shuts down when it is asked to, and keeps its definition",
        },
        new(SuspendAsync)
        {
            Id = "lifecycle-suspend-resume", Group = CaseGroup.Lifecycle, Name = "Suspend and resume", ChineseName = "虚拟机 suspend/resume",
            Covers = "a guest with devices is paused, and runs again with them",
        },
        new(RebootAsync)
        {
            Id = "lifecycle-reboot", Group = CaseGroup.Lifecycle, Name = "Reboot", ChineseName = "虚拟机 reboot",
            Covers = "a guest with devices reboots when it is asked to, and runs on",
        },
        new(ResetAsync)
        {
            Id = "lifecycle-reset", Group = CaseGroup.Lifecycle, Name = "Reset", ChineseName = "虚拟机 reset",
            Covers = "a guest with devices is reset, and runs on with them",
        },
        new(UndefineRunningAsync)
        {
            Id = "lifecycle-undefine-running", Group = CaseGroup.Lifecycle, Name = "Undefine while it runs", ChineseName = "运行中虚拟机 undefine", Severity = CaseSeverity.Minor,
            Covers = "a guest that loses its definition runs on, and is gone when it ends",
        },
    ];

    private static async Task DefineAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.DefineAsync().ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Shutoff).ConfigureAwait(false);
        foreach (CaseDevice device in bench.Devices)
        {
            await bench.CheckDefinedAsync(bench.Source, guest, device, isWanted: true).ConfigureAwait(false);
        }

        await bench.LiveAsync(bench.Source, Undefinition(guest)).ConfigureAwait(false);
        await bench.CheckGoneAsync(bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task DefineInvalidAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.DocumentAsync([]).ConfigureAwait(false);
        guest.Document.Root.Element("devices")!.Add(new XElement("hostdev", new XAttribute("mode", "subsystem"), new XAttribute("type", "vdpa"), new XElement("source")));
        string path = Refusals.PathOfLast(guest, "hostdev");
        await bench.RefusedAsync("define a vDPA device without its node", () => bench.DefineAsync(guest), e => Refusals.IsOf(e, path)).ConfigureAwait(false);
        await bench.CheckGoneAsync(bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task StartAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new DestroyRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Shutoff).ConfigureAwait(false);
        await bench.StartAsync(guest).ConfigureAwait(false); // only devices that were given back can be taken again
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
    }

    private static async Task ShutdownAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new ShutdownRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Shutoff).ConfigureAwait(false);
        DomainSnapshot? domain = await CaseBench.LookAsync(bench.Source, guest).ConfigureAwait(false);
        bench.Check($"{guest.Name} shut down by itself", domain?.Reason == (int)DomainShutoffReason.Shutdown, domain?.Describe() ?? "it is not there");
    }

    private static async Task SuspendAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new SuspendRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Paused).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new ResumeRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task RebootAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        using EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new RebootRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckRebootedAsync(events, guest, wanted: true).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
    }

    private static async Task ResetAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        using EventRecorder events = await bench.RecordAsync(bench.Source, guest).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new ResetRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckResetAsync(events, guest, wanted: true).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        await bench.CheckDevicesAsync(bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task UndefineRunningAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, Undefinition(guest)).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
        await bench.LiveAsync(bench.Source, new DestroyRequest(guest.Key)).ConfigureAwait(false);
        await bench.CheckGoneAsync(bench.Source, guest).ConfigureAwait(false);
    }
    // Nobody is to have anything left of it: libvirt writes firmware's variables even into a definition that names none.
    private static UndefineRequest Undefinition(CaseGuest guest) => new(guest.Key) { Nvram = LeftoverChoice.Remove, Tpm = LeftoverChoice.Remove };
}
