namespace Orchestrator.Checks;

/// <summary>What must hold on a host, and what is worth knowing, before guests with kernel vDPA devices or accelerator functions run on it. Pure.</summary>
public static class HostChecks
{
    /// <summary>The checks of a host, in the order of the layers, from the top.</summary>
    /// <param name="facts">The host.</param>
    /// <param name="needs">What it is wanted for: a missing layer is an error then. None: missing layers are warnings.</param>
    public static IReadOnlyList<HostCheck> Of(HostFacts facts, IReadOnlyCollection<HostNeed>? needs = null)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var scope = new HostScope(facts, needs ?? []);
        return
        [
            .. OwnerChecks.Of(scope),
            .. LibvirtChecks.Of(scope),
            .. QemuChecks.Of(scope),
            .. VhostVdpaChecks.Of(scope),
            .. VdpaBusChecks.Of(scope),
            .. DriverChecks.Of(scope),
            .. HardwareChecks.Of(scope),
            .. MeasurementChecks.Of(scope),
            .. SideChannelChecks.Of(scope),
            .. PortChecks.Of(scope),
        ];
    }
}
