using Libvirt.Interop;
using Libvirt.Xml;
using Libvirt.Xml.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Devices;

/// <summary>What must not be given away: what somebody else has, and accelerators while a guest runs.</summary>
internal static class DeviceGuards
{
    /// <summary>
    /// Who else has vhost-vdpa nodes or PCI functions: running domains and, where the machine can be looked into, other processes. Apart from these, who names them in a definition: a device in two
    /// definitions works until both are started.
    /// </summary>
    internal static async Task<(IReadOnlyList<string> Holders, IReadOnlyList<string> Definitions)> HoldersAsync(
        IHost host, HostFiles? files, DomainSnapshot self, IReadOnlySet<string> resources, CancellationToken cancellationToken)
    {
        List<string> holders = [], definitions = [];
        if (resources.Count == 0)
        {
            return (holders, definitions);
        }

        foreach (DomainSnapshot other in (await host.ListDomainsAsync(cancellationToken).ConfigureAwait(false)).Where(other => other.Uuid != self.Uuid))
        {
            if (DomainDocument.Parse(other.Xml).Root.Element("devices") is null)
            {
                holders.Add($"whether domain {other.Name} uses {string.Join(" or ", resources.Order(StringComparer.Ordinal))} is not known: its devices cannot be read while it is {other.Describe()}"
                    + (DomainConditions.Of(other) == DomainCondition.Arriving ? " and being migrated to this host" : ""));
                continue;
            }

            string[] now = [.. DomainResources.Of(other.Xml).Intersect(resources)];
            (other.IsActive ? holders : definitions).AddRange(now.Select(resource => $"{resource} {(other.IsActive ? "is used by" : "stands in the definition of")} domain {other.Name}"));
            if (other is { IsActive: true, IsPersistent: true } && now.Length < resources.Count
                && await host.GetDefinitionAsync(other.Uuid, cancellationToken).ConfigureAwait(false) is { } definition)
            {
                definitions.AddRange(DomainResources.Of(definition).Intersect(resources).Except(now).Select(resource => $"{resource} stands in the definition of domain {other.Name}"));
            }
        }

        if (files is not null && resources.Where(resource => resource.StartsWith('/')).ToHashSet(StringComparer.Ordinal) is { Count: > 0 } nodes)
        {
            ILookup<string, DeviceUser> users = DeviceOpeners.Find(files, nodes).Users;
            holders.AddRange(from node in nodes
                             from user in users[node]
                             where user.Domain is null || (user.Domain != self.Name && !holders.Any(holder => holder.EndsWith($" domain {user.Domain}", StringComparison.Ordinal)))
                             select $"{node} is open in {user}");
        }

        return (holders, definitions);
    }

    /// <summary>The vhost-vdpa nodes and PCI functions of a device.</summary>
    internal static IReadOnlySet<string> ResourcesOf(DeviceDocument device) => DomainResources.Of(device.AddedTo(DomainDocument.Parse("<domain><devices/></domain>")).ToString());

    /// <summary>The accelerator that a PCI function belongs to. Not known of a host that is not this machine and whose daemon does not tell its devices.</summary>
    internal static async Task<(AcceleratorEngine? Engine, bool IsKnown)> AcceleratorAsync(IHost host, HostFiles? files, PciAddress function, CancellationToken cancellationToken)
    {
        if (files is not null)
        {
            string folder = $"{Sysfs.PciDevices}/{function}";
            return (Accelerator.EngineOf(Sysfs.Hex(files, $"{folder}/vendor"), Sysfs.Hex(files, $"{folder}/device")), files.Exists(folder));
        }

        NodeDeviceDocument? document = (await HostNodeDevices.ListAsync(host, NodeDeviceCapabilities.PciDev, cancellationToken).ConfigureAwait(false))
            .Devices.FirstOrDefault(document => document.PciAddress == function);
        return (Accelerator.EngineOf(document?.VendorId, document?.ProductId), document is not null);
    }

    /// <summary>Why a function must not be plugged or unplugged while a guest runs.</summary>
    internal static string NoHotSwap(PciAddress function, AcceleratorEngine engine, string host) =>
        $"{function} on {host} is a function of the accelerator KAE ({Accelerator.NameOf(engine)}), which does not support hot swap: it comes and goes only with the start of its domain";

    /// <summary>The host's function of a device that is handed through.</summary>
    internal static PciAddress? FunctionOf(DomainDevice device) =>
        device is PciHostDevice or HostdevInterface && PciAddress.TryParse(device.HostResource ?? "", out PciAddress function) ? function : null;

    /// <summary>Claims devices of a host, so that of two who want one only one goes on to look whether it is free.</summary>
    /// <exception cref="HostDeviceException">Another operation of this machine has one.</exception>
    internal static async Task<IAsyncDisposable> ClaimAsync(DomainClaims claims, IHost host, DomainOperation operation, string domain, IReadOnlySet<string> resources, CancellationToken cancellationToken)
    {
        var held = new HeldClaims();
        try
        {
            foreach (string resource in resources.Order(StringComparer.Ordinal)) // all in one order, or two could wait for each other
            {
                ClaimAttempt attempt = await claims.TryClaimAsync(
                    ClaimKey.OfDevice(host.Identity.HostUuid ?? Guid.Empty, resource), ClaimHolder.Here(operation, domain, host.Address.Name), cancellationToken).ConfigureAwait(false);
                if (attempt.Claim is { } claim)
                {
                    held.Add(claim);
                    continue;
                }

                await using OtherClaim? other = attempt.Other;
                throw new HostDeviceException(
                    HostDeviceProblem.InUse, $"{resource} on {host.Address.Name} is in another operation's hands{(other?.Holder is { } holder ? $": {holder}" : "")}",
                    "Let that end, and look who has the device then.", host.Address.Name);
            }
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return held;
    }

    private sealed class HeldClaims : IAsyncDisposable
    {
        private readonly Stack<DomainClaim> _claims = new();

        internal void Add(DomainClaim claim) => _claims.Push(claim);

        public async ValueTask DisposeAsync()
        {
            while (_claims.TryPop(out DomainClaim? claim))
            {
                await claim.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
