using System.Globalization;
using System.Xml.Linq;
using Libvirt.Interop;
using Libvirt.Xml;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

namespace Orchestrator.Acceptance.Cases;

/// <summary>Guests with functions of Kunpeng accelerators.</summary>
internal static class KaeCases
{
    private static readonly CaseDeviceKind[] Kae = [CaseDeviceKind.Kae];
    private static readonly string[] Functions = ["a free function of each engine on both hosts, bound to the driver that migrates it"];

    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        new(OneNodeAsync)
        {
            Id = "kae-one-node", Takes = CaseKeys.Repetitions | CaseKeys.Move, Group = CaseGroup.Kae, Name = "Migrate with functions of one NUMA node", ChineseName = "KAE 直通热迁移（同一 NUMA 节点）", Severity = CaseSeverity.Critical, NeedsDevices = true, Kinds = Kae,
            Preconditions = Functions, Covers = "a guest with functions of one NUMA node moves with them and back",
        },
        new(TwoNodesAsync)
        {
            Id = "kae-two-nodes", FixedDevices = 2, Takes = CaseKeys.Move, Group = CaseGroup.Kae, Name = "Migrate with functions of two NUMA nodes", ChineseName = "KAE 直通热迁移（跨 NUMA 节点）", NeedsDevices = true, Kinds = Kae,
            Preconditions = ["free functions on two NUMA nodes of the source", .. Functions], Covers = "a guest with functions of two NUMA nodes moves with them",
        },
        new(DriverMissingAsync)
        {
            Id = "kae-driver-missing", FixedDevices = 1, Group = CaseGroup.Kae, Name = "A function without its driver", ChineseName = "KAE 设备驱动未绑定", Severity = CaseSeverity.Minor, NeedsDevices = true, Kinds = Kae,
            Preconditions = ["a function on the source that no driver for guests has"], Covers = "a function that no driver for guests has is never chosen, and the migration of a guest whose definition names it is refused",
        },
        new(OtherPassthroughAsync)
        {
            Id = "kae-other-passthrough", Takes = CaseKeys.Migration, Group = CaseGroup.Kae, Name = "Another passthrough device is present", ChineseName = "存在其他直通设备时迁移失败", NeedsDevices = true, Kinds = Kae,
            Preconditions = [.. Functions, "the plan's management device for vDPA on the source"],
            Covers = "the migration of a guest with accelerator functions and another passthrough device is refused",
        },
        new(HotPlugAsync)
        {
            Id = "kae-hotplug-refused", FixedDevices = 1, Group = CaseGroup.Kae, Name = "A function is not hot-plugged", ChineseName = "KAE 设备热插失败（不支持热插拔）", Severity = CaseSeverity.Minor, NeedsDevices = true, Kinds = Kae,
            Preconditions = ["a free function on the source, bound to a driver for guests"], Covers = "a function is refused to a running guest, which runs on without it",
        },
        new(ManagedAsync)
        {
            Id = "kae-managed", Takes = CaseKeys.Migration, Group = CaseGroup.Kae, Name = "managed='yes' is refused", ChineseName = "managed 属性配置错误时迁移失败", NeedsDevices = true, Kinds = Kae,
            Preconditions = [.. Functions, "an accelerator driver of its own on the destination (hisi_acc_vfio_pci)"],
            Covers = "a function that libvirt would give another driver is refused, by the definition or by the migration",
        },
    ];

    private static async Task OneNodeAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        await bench.MakeDevicesThereAsync().ConfigureAwait(false);
        foreach (IHost host in new[] { bench.Source, bench.Destination })
        {
            int[] nodes = await NodesAsync(bench, host).ConfigureAwait(false);
            bench.Check($"the functions on {host.Address.Name} are on one NUMA node", nodes.Length == 1, Words(nodes));
        }

        await MigrationCases.ThereAndBackAsync(bench, guest).ConfigureAwait(false);
    }

    private static async Task TwoNodesAsync(CaseBench bench)
    {
        SriovInventory inventory = await bench.FunctionsAsync(bench.Source).ConfigureAwait(false);
        var chosen = new List<VirtualFunction>();
        foreach (int node in inventory.VirtualFunctions.Select(function => function.NumaNode).OfType<int>().Distinct().Order())
        {
            foreach (AcceleratorEngine engine in Accelerator.All.Select(known => known.Engine))
            {
                if (chosen.Count < 2 && !chosen.Exists(function => function.NumaNode == node) && TryChoose(inventory, engine, node) is { } function)
                {
                    chosen.Add(function);
                }
            }
        }

        if (chosen.Count < 2)
        {
            throw CaseBench.NotApplicable($"{bench.Source.Address.Name} has no free functions on two NUMA nodes");
        }

        foreach (VirtualFunction function in chosen)
        {
            bench.Keep(await bench.OfFunctionAsync(function).ConfigureAwait(false));
        }

        CaseGuest guest = await bench.DefineAsync(await bench.DocumentAsync(bench.Devices).ConfigureAwait(false)).ConfigureAwait(false);
        await bench.StartAsync(guest).ConfigureAwait(false);
        int[] nodes = await NodesAsync(bench, bench.Source).ConfigureAwait(false);
        bench.Check($"the functions on {bench.Source.Address.Name} are on two NUMA nodes", nodes.Length == 2, Words(nodes));
        await bench.MoveAsync(bench.Source, guest).ConfigureAwait(false);
    }

    private static async Task DriverMissingAsync(CaseBench bench)
    {
        SriovInventory inventory = await bench.FunctionsAsync(bench.Source).ConfigureAwait(false);
        VirtualFunction unbound = inventory.VirtualFunctions.FirstOrDefault(function => function is { Users.Count: 0, Driver: not (VfDriver.VfioPci or VfDriver.HisiAccVfioPci) })
            ?? throw CaseBench.NotApplicable($"on {bench.Source.Address.Name} each function has a driver for guests");
        await bench.RefusedAsync(
            $"choose {unbound.Address}", () => Task.FromResult(VfPick.Choose(inventory with { VirtualFunctions = [unbound] }, [unbound.Engine!.Value])),
            e => e is HostDeviceException { Problem: HostDeviceProblem.NothingFits } && e.Message.Contains(unbound.Address, StringComparison.Ordinal)).ConfigureAwait(false);
        CaseDevice device = bench.Keep(await bench.OfFunctionAsync(unbound).ConfigureAwait(false));
        CaseGuest guest = await bench.DefineAsync(await bench.DocumentAsync([device]).ConfigureAwait(false)).ConfigureAwait(false);
        await CheckRefusedAsync(bench, guest, "kae-driver").ConfigureAwait(false);
    }

    private static async Task OtherPassthroughAsync(CaseBench bench)
    {
        IReadOnlyList<CaseDevice> functions = await bench.MakeDevicesAsync(bench.Planned.Devices, isDefined: true).ConfigureAwait(false);
        CaseDevice other = await bench.MakeVdpaAsync(functions.Count, isDefined: true).ConfigureAwait(false);
        CaseGuest guest = await bench.DefineAsync(await bench.DocumentAsync([.. functions, other]).ConfigureAwait(false)).ConfigureAwait(false);
        await CheckRefusedAsync(bench, guest, "kae-only").ConfigureAwait(false);
    }

    private static async Task ManagedAsync(CaseBench bench)
    {
        await bench.MakeDevicesAsync(bench.Planned.Devices, isDefined: true).ConfigureAwait(false);
        CaseDevice[] managed = [.. bench.Devices.Select(device =>
        {
            var element = new XElement(device.Document.Element);
            element.SetAttributeValue("managed", "yes");
            return device with { Document = DeviceDocument.Parse(element.ToString()) };
        })];
        CaseGuest guest = await bench.DocumentAsync(managed).ConfigureAwait(false);
        string path = Refusals.PathOfLast(guest, "hostdev");
        try
        {
            await bench.DefineAsync(guest).ConfigureAwait(false);
        }
        catch (DefinitionException e) when (Refusals.IsOf(e, path, "managed='yes'"))
        {
            // Where the source's dialect tells already what it would come to.
            bench.Check("the definition is refused", true, e.Message);
            await bench.CheckGoneAsync(bench.Source, guest).ConfigureAwait(false);
            return;
        }

        await CheckRefusedAsync(bench, guest, "kae-driver").ConfigureAwait(false);
    }

    private static async Task HotPlugAsync(CaseBench bench)
    {
        CaseDevice device = await bench.MakeDeviceAsync().ConfigureAwait(false);
        CaseGuest guest = await HotPlugCases.BareAsync(bench).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"attach {device.Words} to {guest.Name}",
            () => bench.Attacher(bench.Source).AttachAsync(guest.Key, device.Document, DomainModificationImpact.Live, bench.Options, bench.Cancellation), e => Refusals.IsOf(e, device, device.Resource!, "hot swap")).ConfigureAwait(false);
        await bench.CheckDeviceAsync(bench.Source, guest, device, isWanted: false).ConfigureAwait(false);
        await bench.CheckStateAsync(bench.Source, guest, DomainState.Running).ConfigureAwait(false);
    }

    /// <summary>Plans the migration of a guest, which need not run for that, and looks for the check that has to refuse it.</summary>
    private static async Task CheckRefusedAsync(CaseBench bench, CaseGuest guest, string check)
    {
        bench.Step($"plan the migration of {guest.Name}");
        MigrationPlan plan = await bench.PlanAsync(guest).ConfigureAwait(false);
        Check? found = plan.Checks.FirstOrDefault(other => other.Id == check);
        if (found is { Result: CheckResult.Unknown })
        {
            throw CaseBench.NotApplicable(found.Message);
        }

        bench.Check($"the check {check} refuses the migration", found is { Refuses: true }, found?.Message ?? "there was no such check");
        await bench.CheckGoneAsync(bench.Destination, guest).ConfigureAwait(false);
    }

    private static VirtualFunction? TryChoose(SriovInventory inventory, AcceleratorEngine engine, int node)
    {
        try
        {
            return VfPick.Choose(inventory, [engine], node).Functions[0];
        }
        catch (HostDeviceException e) when (e.Problem == HostDeviceProblem.NothingFits)
        {
            return null;
        }
    }

    /// <summary>The NUMA nodes of the guest's functions on a host.</summary>
    private static async Task<int[]> NodesAsync(CaseBench bench, IHost host)
    {
        SriovInventory inventory = await bench.FunctionsAsync(host).ConfigureAwait(false);
        return
        [
            .. bench.Devices.Select(device => host == bench.Source ? device.Resource : device.There)
                .Select(address => inventory.VirtualFunctions.First(function => function.Address == address).NumaNode
                    ?? throw CaseBench.NotApplicable($"{host.Address.Name} tells no NUMA node of {address}"))
                .Distinct().Order(),
        ];
    }

    private static string Words(int[] nodes) => string.Create(CultureInfo.InvariantCulture, $"node {string.Join(", ", nodes)}");
}
