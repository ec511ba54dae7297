using System.Globalization;
using Orchestrator.Hosts;

namespace Orchestrator.Devices;

/// <summary>Changes the virtual functions of this machine. A reboot loses what it does (<see cref="VfUnit"/> keeps it).</summary>
/// <param name="files">The machine's files.</param>
/// <param name="host">Its libvirt, to know the domains that use a function without a process to be seen; <see langword="null"/> for none.</param>
/// <param name="timeProvider">The clock of the waits.</param>
public sealed class VfSetup(HostFiles files, IHost? host = null, TimeProvider? timeProvider = null)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>How long the kernel may take to come back from a write: for a card's 63 functions it probes 63 drivers.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a driver may take to be bound.</summary>
    public TimeSpan BindTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The writes that would give a physical function a number of virtual ones; none when it has them. Nothing is changed.</summary>
    /// <param name="inventory">The functions of the host, this or another.</param>
    /// <param name="target">The address of the physical function, or the name of its engine.</param>
    /// <param name="count">How many.</param>
    /// <param name="numaNode">Which of several engines: the one on this node.</param>
    /// <param name="ifNeeded">That number, already there, will do.</param>
    /// <exception cref="HostDeviceException">It cannot have them, or not now.</exception>
    public static VfCountPlan PlanCount(SriovInventory inventory, string target, int count, int? numaNode = null, bool ifNeeded = false)
    {
        PhysicalFunction function = VfDecision.FindPhysical(inventory, target, numaNode);
        return new(function, count, VfDecision.SetCount(inventory, function, count, ifNeeded));
    }

    /// <summary>Gives a physical function a number of virtual ones.</summary>
    /// <param name="target">The address of the physical function, or the name of its engine.</param>
    /// <param name="count">How many.</param>
    /// <param name="numaNode">Which of several engines: the one on this node.</param>
    /// <param name="ifNeeded">That number, already there, will do.</param>
    /// <param name="cancellationToken">Ends the wait; not a change that was begun.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="HostDeviceException">It cannot have them, or the kernel refused; then the old number is back, with the old drivers, or the problem is <see cref="HostDeviceProblem.Degraded"/>.</exception>
    public async Task<VfCountPlan> SetCountAsync(string target, int count, int? numaNode = null, bool ifNeeded = false, CancellationToken cancellationToken = default)
    {
        VfCountPlan plan = PlanCount(await ReadAsync(cancellationToken).ConfigureAwait(false), target, count, numaNode, ifNeeded);
        if (plan.Writes.Count == 0)
        {
            return plan;
        }

        PhysicalFunction function = plan.Function;
        VirtualFunction[] before = [.. (await ReadAsync(cancellationToken).ConfigureAwait(false)).Of(function)];
        foreach (VirtualFunction virtualFunction in before)
        {
            RequireUnused(virtualFunction);
        }

        try
        {
            await MakeAsync(plan.Writes).ConfigureAwait(false);
            return CountOf(function) == count ? plan : throw new HostDeviceException(
                HostDeviceProblem.Failed, string.Create(CultureInfo.InvariantCulture, $"{function.Address} has {CountOf(function)} virtual functions after {count} were asked for"), "The kernel's log (dmesg) may tell why.");
        }
        catch (HostDeviceException e) when (e.Problem != HostDeviceProblem.OutcomeUnknown && CountOf(function) != function.NumVfs)
        {
            throw await UndoCountAsync(function, before, e).ConfigureAwait(false);
        }
    }

    /// <summary>Gives a physical function its old number of virtual ones, and those their old drivers and overrides: new ones have only what the kernel gives each.</summary>
    /// <param name="function">The physical function as it was.</param>
    /// <param name="before">Its virtual functions as they were.</param>
    /// <param name="cause">Why.</param>
    /// <returns>The failure, with what became of it.</returns>
    internal async Task<HostDeviceException> UndoCountAsync(PhysicalFunction function, IReadOnlyList<VirtualFunction> before, HostDeviceException cause)
    {
        string number = function.NumVfs.ToString(CultureInfo.InvariantCulture);
        Exception? second = await TryAsync(CountOf(function) == 0 ? [] : [new(VfDecision.CountPath(function), "0")], [new(VfDecision.CountPath(function), number)]).ConfigureAwait(false);
        if (second is not null || CountOf(function) != function.NumVfs)
        {
            return Undone(cause, false, "", $"{function.Address} has {CountOf(function)} virtual functions, not {number} as before");
        }

        string[] lost = await RestoreAsync([.. before.Where(virtualFunction => virtualFunction is not { Driver: null, DriverOverride: null })]).ConfigureAwait(false);
        return Undone(
            cause, lost.Length == 0, $"{function.Address} has {number} virtual functions again, with their old drivers",
            $"{function.Address} has {number} virtual functions again, but not back at their old drivers: {string.Join(", ", lost)}");
    }

    /// <summary>The writes that would bind functions to a driver for guests. Nothing is changed.</summary>
    /// <param name="inventory">The functions of the host, this or another.</param>
    /// <param name="addresses">The functions' addresses.</param>
    /// <param name="driver">The driver.</param>
    /// <exception cref="HostDeviceException">One cannot be bound.</exception>
    public static VfBindPlan PlanBind(SriovInventory inventory, IReadOnlyList<string> addresses, string driver)
    {
        IReadOnlyList<VirtualFunction> functions = VfDecision.FindVirtual(inventory, addresses);
        if (driver == VfDriver.HisiAccVfioPci && functions.FirstOrDefault(function => function.Engine is null) is { } other)
        {
            throw new HostDeviceException(HostDeviceProblem.NotSupported, $"{other.Address} ({other.Id}) is no function of an accelerator, which {driver} is for", $"Take --driver {VfDriver.VfioPci}.");
        }

        return new(driver, [.. functions.Select(function => new VfBindStep(function, VfDecision.Bind(function, driver)))]);
    }

    /// <summary>The writes that would bind functions of this machine to a driver for guests. Nothing is changed.</summary>
    /// <param name="addresses">The functions' addresses.</param>
    /// <param name="driver">The driver; <see langword="null"/> for the one that this machine migrates accelerators with, and vfio-pci for other cards.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HostDeviceException">One cannot be bound, or the driver is not there.</exception>
    public async Task<VfBindPlan> PlanBindAsync(IReadOnlyList<string> addresses, string? driver = null, CancellationToken cancellationToken = default)
    {
        SriovInventory inventory = await ReadAsync(cancellationToken).ConfigureAwait(false);
        bool accelerators = VfDecision.FindVirtual(inventory, addresses).All(function => function.Engine is not null);
        (string Driver, string? Reason) choice = driver is not null ? (driver, null) : accelerators ? VfDriver.Choose(files) : (VfDriver.VfioPci, "these are no accelerators");
        VfDriver.Require(files, choice.Driver);
        return PlanBind(inventory, addresses, choice.Driver) with
        {
            Notes =
            [
                .. choice.Reason is null ? Array.Empty<string>() : [$"The driver is {choice.Driver}: {choice.Reason}."],
                .. accelerators && choice.Driver == VfDriver.VfioPci && !VfDriver.IsLoaded(files, VfDriver.MigrationModule)
                    ? [$"{VfDriver.MigrationModule} is not loaded: without it {VfDriver.VfioPci} does not migrate an accelerator (openEuler 22.03: modprobe {VfDriver.MigrationModule})."]
                    : Array.Empty<string>(),
            ],
        };
    }

    /// <summary>Binds functions to a driver for guests: all of them, or none.</summary>
    /// <param name="addresses">The functions' addresses.</param>
    /// <param name="driver">The driver; <see langword="null"/> for the one that this machine migrates accelerators with, and vfio-pci for other cards.</param>
    /// <param name="cancellationToken">Ends the wait; not a change that was begun.</param>
    /// <returns>What was done, with the functions as they were.</returns>
    /// <exception cref="HostDeviceException">
    /// One could not be bound. All have their old drivers, or the problem is <see cref="HostDeviceProblem.Degraded"/>; or the kernel did not come back from one
    /// (<see cref="HostDeviceProblem.OutcomeUnknown"/>), then the others have theirs and the message names both.
    /// </exception>
    public async Task<VfBindPlan> BindAsync(IReadOnlyList<string> addresses, string? driver = null, CancellationToken cancellationToken = default)
    {
        VfBindPlan plan = await PlanBindAsync(addresses, driver, cancellationToken).ConfigureAwait(false);
        foreach (VfBindStep step in plan.Functions.Where(step => step.Function.Driver != plan.Driver))
        {
            RequireUnused(step.Function);
        }

        var begun = new List<VirtualFunction>();
        foreach ((VirtualFunction function, IReadOnlyList<SysfsWrite> writes) in plan.Functions.Where(step => step.Writes.Count > 0))
        {
            begun.Insert(0, function);
            try
            {
                await MakeAsync(writes).ConfigureAwait(false);
                if (!await SeesDriverAsync(function.Address, plan.Driver).ConfigureAwait(false))
                {
                    throw new HostDeviceException(
                        HostDeviceProblem.Failed,
                        $"{function.Address} has {SriovSysfs.DriverOf(files, function.Address) ?? "no driver"} after it was given to {plan.Driver}",
                        "The kernel's log (dmesg) tells why the driver did not take it.");
                }
            }
            catch (HostDeviceException e) when (e.Problem == HostDeviceProblem.OutcomeUnknown)
            {
                // The kernel still works at this one: another write would wait behind it. The others were done.
                VirtualFunction[] done = [.. begun.Where(other => other != function)];
                string[] lost = await RestoreAsync(done).ConfigureAwait(false);
                string[] back = [.. done.Select(other => other.Address).Except(lost)];
                throw new HostDeviceException(
                    e.Problem,
                    $"{e.Message}; {function.Address} was at {function.Driver ?? "no driver"} and may get {plan.Driver} yet"
                    + (back.Length == 0 ? "" : $"; back at their old drivers: {string.Join(", ", back)}")
                    + (lost.Length == 0 ? "" : $"; not back at their old drivers: {string.Join(", ", lost)}"),
                    e.Remedy,
                    inner: e);
            }
            catch (HostDeviceException e)
            {
                string[] lost = await RestoreAsync(begun).ConfigureAwait(false);
                throw Undone(e, lost.Length == 0, "what was begun is undone, the old drivers are back", $"not back at their old drivers: {string.Join(", ", lost)}");
            }
        }

        return plan;
    }

    /// <summary>The functions of this machine.</summary>
    private Task<SriovInventory> ReadAsync(CancellationToken cancellationToken) => SriovSysfs.ReadAsync(files, host, cancellationToken);

    private void RequireUnused(VirtualFunction function)
    {
        if (function.IommuGroup is { } group)
        {
            DeviceNode.RequireUnused(files, string.Create(CultureInfo.InvariantCulture, $"/dev/vfio/{group}"), function.Address);
        }
    }

    private static HostDeviceException Undone(HostDeviceException cause, bool clean, string good, string bad) =>
        new(clean ? cause.Problem : HostDeviceProblem.Degraded, $"{cause.Message}; {(clean ? good : bad)}", cause.Remedy, inner: cause);

    private async Task<string[]> RestoreAsync(IReadOnlyList<VirtualFunction> functions)
    {
        var lost = new List<string>();
        foreach (VirtualFunction function in functions)
        {
            Exception? problem = await TryAsync(VfDecision.Restore(function, SriovSysfs.DriverOf(files, function.Address))).ConfigureAwait(false);
            if (problem is not null || (function.Driver is { } driver && !await SeesDriverAsync(function.Address, driver).ConfigureAwait(false)))
            {
                lost.Add(function.Address);
            }
        }

        return [.. lost];
    }

    private async Task MakeAsync(IReadOnlyList<SysfsWrite> writes)
    {
        foreach (SysfsWrite write in writes)
        {
            await write.MakeAsync(files, _timeProvider, WriteTimeout).ConfigureAwait(false);
        }
    }

    /// <summary>Makes writes that undo others; what fails is told by what the host then has.</summary>
    private async Task<Exception?> TryAsync(params IReadOnlyList<SysfsWrite>[] writes)
    {
        try
        {
            await MakeAsync([.. writes.SelectMany(some => some)]).ConfigureAwait(false);
            return null;
        }
        catch (HostDeviceException e)
        {
            return e;
        }
    }

    /// <summary>Waits for a driver to be bound: some are probed after the write has come back.</summary>
    private async Task<bool> SeesDriverAsync(string address, string driver)
    {
        long start = _timeProvider.GetTimestamp();
        while (SriovSysfs.DriverOf(files, address) != driver)
        {
            if (_timeProvider.GetElapsedTime(start) >= BindTimeout)
            {
                return false;
            }

            await Task.Delay(Step, _timeProvider).ConfigureAwait(false);
        }

        return true;
    }

    private int? CountOf(PhysicalFunction function) => Sysfs.Number(files, VfDecision.CountPath(function));
}
