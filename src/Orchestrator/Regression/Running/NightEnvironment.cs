using Libvirt.Xml;
using Orchestrator.Checks;
using Orchestrator.Hosts;

namespace Orchestrator.Regression.Running;

/// <summary>What a host is, as facts by name, so that two nights can be compared: what is unknown is left out.</summary>
internal static class NightEnvironment
{
    private const int NetworkClass = 0x02;

    internal static async Task<IReadOnlyDictionary<string, string>> ReadAsync(IHost host, HostFiles files, string ssh, TimeProvider time, CancellationToken cancellationToken)
    {
        HostFacts facts = await new HostFactsReader(files, time).ReadAsync(host, cancellationToken).ConfigureAwait(false);
        PciAddress[] cards = [.. Cards(facts).Select(card => card.Address)];
        return Of(facts, HostMachine.Behind(host, files)?.Files ?? files, await new NicFirmware(files, ssh, time).ReadAsync(host, cards, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The facts of a host. Pure, but for its operating system and the versions of its network cards' drivers.</summary>
    internal static IReadOnlyDictionary<string, string> Of(HostFacts facts, HostFiles files, IReadOnlyDictionary<PciAddress, string> firmware)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("server", facts.Firmware?.Product);
        Add("bios", Join(facts.Firmware?.Vendor, facts.Firmware?.Version, facts.Firmware?.Date));
        Add("cpu", Join(facts.Host.Architecture, facts.CpuModel));
        Add("os", facts.FilesSeen ? OperatingSystem(files.ReadText("/etc/os-release")) : null);
        Add("kernel", facts.Kernel?.Release);
        Add("libvirt", Version(facts.Host.LibvirtVersion));
        Add("qemu", Version(facts.Host.QemuVersion));
        Add("nic", string.Join("; ", Cards(facts)
            .Select(card => Join(card.Id, card.Driver, DriverVersion(files, card.Driver, facts.FilesSeen), $"firmware {firmware.GetValueOrDefault(card.Address) ?? "unknown"}"))
            .OfType<string>().GroupBy(text => text).Select(same => same.Count() > 1 ? $"{same.Count()} x {same.Key}" : same.Key).Order(StringComparer.Ordinal)));
        return named;

        void Add(string name, string? value)
        {
            if (value is { Length: > 0 })
            {
                named[name] = value;
            }
        }
    }

    private static IEnumerable<PciFunctionFacts> Cards(HostFacts facts) =>
        (facts.PciFunctions ?? []).Where(function => function.Class >> 16 == NetworkClass && function.PhysicalFunction is null);

    private static string? DriverVersion(HostFiles files, string? driver, bool isSeen) =>
        driver is not null && isSeen ? files.ReadText($"/sys/module/{driver}/version") : null;

    // os-release(5): a file of shell assignments.
    private static string? OperatingSystem(string? release)
    {
        const string Name = "PRETTY_NAME=";
        return release?.Split('\n').LastOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..].Trim().Trim('"', '\'');
    }

    private static string? Version(long version) => version <= 0 ? null : FormattableString.Invariant($"{version / 1_000_000}.{version / 1000 % 1000}.{version % 1000}");

    private static string? Join(params string?[] parts) => string.Join(' ', parts.Where(part => part is { Length: > 0 })) is { Length: > 0 } text ? text : null;
}
