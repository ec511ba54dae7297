using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Xml.Linq;
using Libvirt.Interop;
using Orchestrator.Acceptance;
using Orchestrator.Hosts;
using Orchestrator.Regression.Plans;
using Orchestrator.Tests.Devices;
using Orchestrator.Tests.Hosts;

namespace Orchestrator.Tests.Acceptance;

/// <summary>
/// Two openEuler hosts of one made machine, with vDPA simulators whose tool keeps devices, and accelerators; guests move between them. Sound as it is; what is to be broken is set by who breaks it.
/// </summary>
internal sealed class AcceptancePair : IDisposable
{
    internal const string Id = "20261122T000000Z-0001";

    private readonly ObserverClock _clock = new(TimeProvider.System);
    private readonly string _tools = Directory.CreateTempSubdirectory("ovdpa-").FullName;

    internal AcceptancePair()
    {
        Tree = HostTree.Kunpeng().Folder("/sys/bus/vdpa/devices").Folder("/sys/bus/vdpa/drivers/vhost_vdpa").Folder("/dev").Folder("/proc");
        Source = Host("a");
        Destination = Host("b");
        Source.OnMigrate = (host, call) => MoveAsync(host, Destination, call);
        Destination.OnMigrate = (host, call) => MoveAsync(host, Source, call);
        (SourceDouble, DestinationDouble) = (HostDouble.Of(Source), HostDouble.Of(Destination));
        WriteTool();
    }

    internal HostTree Tree { get; }

    internal FakeHost Source { get; }

    internal FakeHost Destination { get; }

    /// <summary>The source as the cases see it.</summary>
    internal HostDouble SourceDouble { get; }

    /// <summary>The destination as the cases see it.</summary>
    internal HostDouble DestinationDouble { get; }

    /// <summary>How long the guest stands still.</summary>
    internal TimeSpan Blackout { get; set; } = TimeSpan.FromMilliseconds(12);

    /// <summary>The guest of the plan.</summary>
    internal PlannedGuest Guest { get; set; } = new() { Xml = "/guest.xml", Ready = GuestReadiness.Running };

    /// <summary>Its document.</summary>
    internal string GuestXml { get; set; } =
        "<domain type='kvm'><name>template</name><uuid>5b2f35a0-4c0e-4b39-9f0e-8b6d9d0f0001</uuid><memory unit='KiB'>1024</memory><devices/></domain>";

    /// <summary>What happens when a case says what it does next, before it does it.</summary>
    internal Action<string>? OnStep { get; set; }

    /// <summary>What happens once a slow migration has begun.</summary>
    internal Action<Guid>? OnLeaving { get; set; }

    /// <summary>What the plan names for network devices.</summary>
    internal IReadOnlyList<string> NetManagementDevices { get; set; } = ["vdpasim_net"];

    /// <summary>Given the run after each case.</summary>
    internal Action<AcceptanceRun>? OnCase { get; set; }

    /// <summary>Where the runner's time comes from.</summary>
    internal TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>What happens once a guest has moved.</summary>
    internal Action<FakeHost, FakeHost, Guid>? OnMoved { get; set; }

    /// <summary>What happens when a migration fails.</summary>
    internal Action<Guid>? OnFailed { get; set; }

    /// <summary>The vDPA devices that there are.</summary>
    internal IEnumerable<string> VdpaDevices => Directory.EnumerateFileSystemEntries(Tree.Real("/sys/bus/vdpa/devices")).Select(path => Path.GetFileName(path));

    /// <summary>Replaces what the vdpa tool does for calls that a shell pattern matches; the rest of the tool stays.</summary>
    internal void WriteTool(string? pattern = null, string body = "")
    {
        string script = Path.Combine(_tools, "vdpa");
        File.WriteAllText(script, $$$"""
            #!/bin/sh
            root='{{{Tree.Root}}}'
            devices() { for d in "$root"/sys/bus/vdpa/devices/*; do [ -L "$d" ] && { printf '%s"%s":{%s}' "$comma" "${d##*/}" "$1"; comma=,; }; done; }
            shown() { for d in "$root"/sys/bus/vdpa/devices/*; do [ -L "$d" ] && { printf '%s"%s":{"type":"network","mgmtdev":"%s","vendor_id":0,"max_vqs":3,"max_vq_size":256}' "$comma" "${d##*/}" "$(cat "$root/sys/devices/${d##*/}/mgmtdev")"; comma=,; }; done; }
            told() { for d in "$root"/sys/bus/vdpa/devices/*; do [ -L "$d" ] && { printf '%s"%s":{%s}' "$comma" "${d##*/}" "$(cat "$root/sys/devices/${d##*/}/config")"; comma=,; }; done; }
            case "$*" in
            {{{(pattern is null ? "" : $"{pattern}) {body}\nexit 0;;")}}}
            'mgmtdev show -j') echo '{{{VdpaRecordings.ManagementDevices}}}';;
            'dev show -j') printf '{"dev":{'; shown; echo '}}';;
            'dev config show -j') printf '{"config":{'; told; echo '}}';;
            'dev add name '*)
                n=$(($(ls "$root/dev" | grep -c vhost-vdpa-) + 40))
                while [ -e "$root/dev/vhost-vdpa-$n" ]; do n=$((n + 1)); done
                mkdir -p "$root/sys/devices/$4/vhost-vdpa-$n"
                echo "$6" > "$root/sys/devices/$4/mgmtdev"
                if [ "$7" = mac ]; then echo "\"mac\":\"$8\",\"mtu\":1500"; fi > "$root/sys/devices/$4/config"
                ln -s /sys/bus/vdpa/drivers/vhost_vdpa "$root/sys/devices/$4/driver"
                : > "$root/dev/vhost-vdpa-$n"
                ln -s "../../../devices/$4" "$root/sys/bus/vdpa/devices/$4";;
            'dev del '*)
                for node in "$root/sys/devices/$3"/vhost-vdpa-*; do rm -f "$root/dev/${node##*/}"; done
                rm -rf "$root/sys/bus/vdpa/devices/$3" "$root/sys/devices/$3";;
            *) echo "no such call: $*" >&2; exit 99;;
            esac
            """);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Takes a vDPA device away, as somebody else might.</summary>
    internal void RemoveVdpa(string name)
    {
        string folder = Tree.Real($"/sys/devices/{name}");
        foreach (string node in Directory.EnumerateDirectories(folder, "vhost-vdpa-*"))
        {
            File.Delete(Tree.Real($"/dev/{Path.GetFileName(node)}"));
        }

        Directory.Delete(folder, recursive: true);
        File.Delete(Tree.Real($"/sys/bus/vdpa/devices/{name}"));
    }

    /// <summary>Runs cases of the catalogue.</summary>
    internal Task<AcceptanceRun> RunAsync(params PlannedCase[] cases) => RunAsync(cases, CancellationToken.None);

    internal Task<AcceptanceRun> RunAsync(PlannedCase[] cases, CancellationToken cancellationToken) =>
        new AcceptanceRunner(
            SourceDouble.Host, DestinationDouble.Host, _clock,
            new() { Id = Id, Files = Tree.Files, Vdpa = new($"{_tools}:{Environment.GetEnvironmentVariable("PATH")}"), Tool = "test", Progress = new Steps(this), OnCase = OnCase }, Time).RunAsync(
            new()
            {
                Name = "p",
                Guest = Guest,
                GuestXml = GuestXml,
                NetManagementDevices = NetManagementDevices,
                BlkManagementDevices = ["vdpasim_blk"],
                Cases = cases,
            },
            cancellationToken);

    public void Dispose()
    {
        Tree.Dispose();
        Directory.Delete(_tools, recursive: true);
    }

    private FakeHost Host(string name)
    {
        string unique = $"{name}-{Guid.NewGuid().ToString()[..8]}";
        return new(unique, _clock)
        {
            Identity = Migration.Samples.Host(unique) with { HostUuid = Guid.NewGuid(), LibvirtVersion = 9_010_000, QemuVersion = 8_002_000 },
            Documents = new() { Capabilities = "<capabilities><host><cpu><arch>x86_64</arch></cpu></host></capabilities>" },
            Libvirt = FakeLibvirt.OpenEuler2403Sp3,
        };
    }

    private async Task MoveAsync(FakeHost from, FakeHost to, MigrationCall call)
    {
        Guid uuid = call.DomainUuid;
        if (Parameter("listen_address") is "192.0.2.1")
        {
            OnFailed?.Invoke(uuid);
            throw new LibvirtException(LibvirtErrorCode.InternalError, 10, "virDomainMigrateToURI3", "internal error: process exited while connecting to monitor: Cannot assign requested address");
        }

        if (Convert.ToInt64(Parameter("bandwidth") ?? 0L, System.Globalization.CultureInfo.InvariantCulture) == 1)
        {
            await from.MaxSpeedAsync(uuid, 1, CancellationToken.None);
            from.Domains[uuid] = from.Domains[uuid] with { Job = DomainJobType.Unbounded, JobOperation = DomainJobOperation.MigrationOut };
            from.Job = () => new(DomainJobType.Unbounded, new() { { "data_processed", 1L } });
            OnLeaving?.Invoke(uuid);
            while (from.MaxSpeed == 1)
            {
                if (from.Domains.GetValueOrDefault(uuid)?.JobOperation != DomainJobOperation.MigrationOut)
                {
                    return; // aborted: the call has ended with that already
                }

                await Task.Delay(5);
            }

            from.Domains[uuid] = from.Domains[uuid] with { Job = DomainJobType.None, JobOperation = DomainJobOperation.Unknown };
        }

        DateTimeOffset stop = _clock.Now;
        from.Emit("STOP", stop);
        while (_clock.Now < stop + Blackout)
        {
            await Task.Delay(1);
        }

        to.Emit("RESUME", _clock.Now);
        DomainSnapshot guest = from.Domains[uuid];
        from.Domains.Remove(uuid);
        from.Definitions.Remove(uuid, out string? definition);
        bool runs = guest.State == DomainState.Running;
        to.Domains[uuid] = guest with
        {
            Xml = Parameter("destination_xml") as string ?? guest.Xml,
            Reason = runs ? (int)DomainRunningReason.Migrated : (int)DomainPausedReason.User,
        };
        to.Definitions[uuid] = Parameter("persistent_xml") as string ?? definition!;
        OnMoved?.Invoke(from, to, uuid);

        object? Parameter(string name) => call.Parameters.FirstOrDefault(parameter => parameter.Key == name).Value;
    }
    private sealed class Steps(AcceptancePair pair) : IProgress<AcceptanceProgress>
    {
        public void Report(AcceptanceProgress value) => pair.OnStep?.Invoke(value.Message);
    }
}

/// <summary>A host of which single answers can be others than the host's own.</summary>
[SuppressMessage("Performance", "CA1852:Seal internal types", Justification = "DispatchProxy derives from it.")]
internal class HostDouble : DispatchProxy
{
    private FakeHost _host = null!;

    /// <summary>The host, with those answers.</summary>
    internal IHost Host => (IHost)(object)this;

    /// <summary>What is answered instead of the host's own answer, by the call's name and arguments; <see langword="null"/> for that.</summary>
    internal Func<string, object?[], object?>? Instead { get; set; }

    /// <summary>What is made of each domain that is told of; <see langword="null"/> for a domain that is not there.</summary>
    internal Func<DomainSnapshot, DomainSnapshot>? Rewrites { get; set; }

    internal static HostDouble Of(FakeHost host)
    {
        var made = (HostDouble)(object)Create<IHost, HostDouble>();
        made._host = host;
        return made;
    }

    /// <summary>Shows devices that a domain does not have, or hides those that it has.</summary>
    internal void Edits(Action<XElement> edit, Func<DomainSnapshot, bool>? when = null) => Rewrites = domain =>
    {
        if (when?.Invoke(domain) == false)
        {
            return domain;
        }

        XElement document = XElement.Parse(domain.Xml);
        edit(document.Element("devices")!);
        return domain with { Xml = document.ToString() };
    };

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (Instead?.Invoke(targetMethod!.Name, args!) is { } other)
        {
            return other;
        }

        object? answer;
        try
        {
            answer = targetMethod!.Invoke(_host, args);
        }
        catch (TargetInvocationException e)
        {
            throw e.InnerException!;
        }

        return answer is Task<DomainSnapshot?> found && Rewrites is { } rewrite ? RewriteAsync(found, rewrite) : answer;
    }

    private static async Task<DomainSnapshot?> RewriteAsync(Task<DomainSnapshot?> found, Func<DomainSnapshot, DomainSnapshot> rewrite) => await found is { } domain ? rewrite(domain) : null;
}
