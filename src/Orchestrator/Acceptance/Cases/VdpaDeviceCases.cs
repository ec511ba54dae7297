using Orchestrator.Devices;

namespace Orchestrator.Acceptance.Cases;

/// <summary>vDPA devices of the source: made, listed, deleted, and the errors of each.</summary>
internal static class VdpaDeviceCases
{
    private const string NoManagementDevice = "pci/ffff:ff:1f.7";
    private static readonly CaseDeviceKind[] Vdpa = [CaseDeviceKind.Net, CaseDeviceKind.Blk];

    internal static IReadOnlyList<AcceptanceCase> All { get; } =
    [
        Case("vdpa-create-list-delete", "Make, list and delete a vDPA device", "vDPA 设备创建/查询/删除", "a device is made as it was asked for, listed with its node, and gone after it was deleted", CreateAsync),
        Case("vdpa-create-twice", "Make a vDPA device twice", "重复创建同名 vDPA 设备失败", "a second device of the same name is refused, and the first stays", TwiceAsync, CaseSeverity.Minor, 1),
        Case("vdpa-create-no-management", "No such management device", "管理设备不存在时创建 vDPA 设备失败", "a device on a management device that is not there is refused, and none appears", NoManagementAsync, CaseSeverity.Minor, 1),
        Case("vdpa-create-invalid", "A wrong name", "参数非法时创建 vDPA 设备失败", "a name that the kernel would change is refused, and no device appears", InvalidAsync, CaseSeverity.Minor, 1),
        Case("vdpa-delete-unknown", "Delete a vDPA device that is not there", "删除不存在的 vDPA 设备失败", "a device that is not there is said not to be", DeleteUnknownAsync, CaseSeverity.Minor, 1),
        Case("vdpa-delete-in-use", "Delete a vDPA device in use", "删除使用中的 vDPA 设备失败", "a device that a guest uses is not deleted, and the guest keeps it", DeleteInUseAsync, CaseSeverity.Critical),
    ];

    private static AcceptanceCase Case(string id, string name, string chineseName, string covers, Func<CaseBench, Task> run, CaseSeverity severity = CaseSeverity.Major, int? devices = null) => new(run)
    {
        Id = id,
        Group = CaseGroup.VdpaDevices,
        Name = name,
        ChineseName = chineseName,
        Covers = covers,
        Severity = severity,
        Kinds = Vdpa,
        NeedsDevices = true,
        FixedDevices = devices,
        Preconditions = ["the plan's management device on the source", "the vdpa tool on the source, and the right to use it"],
    };

    private static async Task CreateAsync(CaseBench bench)
    {
        var requests = new List<VdpaRequest>();
        for (int i = 0; i < bench.Planned.Devices; i++)
        {
            VdpaRequest request = await bench.VdpaRequestAsync(bench.Source, i).ConfigureAwait(false);
            requests.Add(request);
            VdpaDevice made = await bench.CreateAsync(bench.Source, request).ConfigureAwait(false);
            VdpaDevice? listed = await FindAsync(bench, request.Name).ConfigureAwait(false);
            bench.Check($"{request.Name} is listed", listed is not null, listed is null ? "it is not" : $"on {listed.ManagementDevice}, {listed.CharDevice}");
            bench.Check($"{request.Name} is on {request.ManagementDevice}", listed!.ManagementDevice == request.ManagementDevice, $"{listed.ManagementDevice}");
            bench.Check($"{request.Name} has its node", listed.CharDevice is { } node && node == made.CharDevice, listed.CharDevice ?? "it has none");
        }

        foreach (VdpaRequest request in requests)
        {
            await bench.DeleteAsync(bench.Source, request.Name).ConfigureAwait(false);
            await CheckAbsentAsync(bench, request.Name).ConfigureAwait(false);
        }
    }

    private static async Task TwiceAsync(CaseBench bench)
    {
        VdpaRequest request = await bench.VdpaRequestAsync(bench.Source, 0).ConfigureAwait(false);
        VdpaDevice made = await bench.CreateAsync(bench.Source, request).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"make {request.Name} once more", () => bench.Vdpa(bench.Source).CreateAsync(request, cancellationToken: bench.Cancellation),
            e => e is HostDeviceException { Problem: HostDeviceProblem.AlreadyExists or HostDeviceProblem.Differs }).ConfigureAwait(false);
        VdpaDevice? listed = await FindAsync(bench, request.Name).ConfigureAwait(false);
        bench.Check($"{request.Name} is as it was", listed?.CharDevice == made.CharDevice, listed?.CharDevice ?? "it is not there");
    }

    private static async Task NoManagementAsync(CaseBench bench)
    {
        VdpaRequest request = await bench.VdpaRequestAsync(bench.Source, 0).ConfigureAwait(false) with { ManagementDevice = NoManagementDevice };
        await bench.RefusedAsync(
            $"make {request.Name} on {NoManagementDevice}", () => bench.CreateAsync(bench.Source, request), e => e is HostDeviceException { Problem: HostDeviceProblem.NoManagementDevice }).ConfigureAwait(false);
        await CheckAbsentAsync(bench, request.Name).ConfigureAwait(false);
    }

    private static async Task InvalidAsync(CaseBench bench)
    {
        VdpaRequest request = await bench.VdpaRequestAsync(bench.Source, 0).ConfigureAwait(false);
        request = request with { Name = $"{request.Name}/x" };
        string changed = request.Name.Replace('/', '!'); // as the kernel would
        await bench.ReserveAsync(bench.Source, changed).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"make {request.Name}", () => bench.Vdpa(bench.Source).CreateAsync(request, cancellationToken: bench.Cancellation), e => e is HostDeviceException { Problem: HostDeviceProblem.InvalidInput }).ConfigureAwait(false);
        await CheckAbsentAsync(bench, changed).ConfigureAwait(false);
    }

    private static async Task DeleteUnknownAsync(CaseBench bench)
    {
        VdpaRequest request = await bench.VdpaRequestAsync(bench.Source, 0).ConfigureAwait(false);
        await CheckAbsentAsync(bench, request.Name).ConfigureAwait(false);
        await bench.RefusedAsync(
            $"delete {request.Name}, which is not there", () => bench.Vdpa(bench.Source).DeleteAsync(request.Name, cancellationToken: bench.Cancellation),
            e => e is HostDeviceException { Problem: HostDeviceProblem.NotFound }).ConfigureAwait(false);
        await CheckAbsentAsync(bench, request.Name).ConfigureAwait(false);
    }

    private static async Task DeleteInUseAsync(CaseBench bench)
    {
        CaseGuest guest = await bench.RunningAsync().ConfigureAwait(false);
        CaseDevice device = bench.Devices[0];
        string name = device.Made!.Name;
        await bench.RefusedAsync(
            $"delete {name}, which {guest.Name} uses", () => bench.Vdpa(bench.Source).DeleteAsync(name, cancellationToken: bench.Cancellation), e => e is HostDeviceException { Problem: HostDeviceProblem.InUse }).ConfigureAwait(false);
        bench.Check($"{name} is still there", await FindAsync(bench, name).ConfigureAwait(false) is not null, "the list was read again");
        await bench.CheckDeviceAsync(bench.Source, guest, device, isWanted: true).ConfigureAwait(false);
    }

    private static async Task<VdpaDevice?> FindAsync(CaseBench bench, string name) =>
        (await bench.Vdpa(bench.Source).ListAsync(bench.Cancellation).ConfigureAwait(false)).FirstOrDefault(device => device.Name == name);

    private static async Task CheckAbsentAsync(CaseBench bench, string name)
    {
        VdpaDevice? there = await FindAsync(bench, name).ConfigureAwait(false);
        bench.Check($"there is no vDPA device {name} on {bench.Source.Address.Name}", there is null, there is null ? "it is not listed" : $"it is listed, {there.CharDevice}");
    }
}
