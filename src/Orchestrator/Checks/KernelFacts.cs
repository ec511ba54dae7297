namespace Orchestrator.Checks;

/// <summary>A host's kernel, as its sysfs shows it.</summary>
public sealed record KernelFacts
{
    /// <summary>The release, as <c>uname -r</c> prints it.</summary>
    public string? Release { get; init; }

    /// <summary>The modules that matter here (vDPA, VFIO, KAE), loaded or built in.</summary>
    public IReadOnlyDictionary<string, ModuleFacts> Modules { get; init; } = new Dictionary<string, ModuleFacts>();

    /// <summary>Whether the vDPA bus is there (<c>/sys/bus/vdpa</c>).</summary>
    public bool VdpaBus { get; init; }

    /// <summary>The drivers of the vDPA bus: <c>vhost_vdpa</c>, <c>virtio_vdpa</c>.</summary>
    public IReadOnlyList<string> VdpaDrivers { get; init; } = [];

    /// <summary>The accelerators in <c>/sys/class/uacce</c>.</summary>
    public IReadOnlyList<string> Uacce { get; init; } = [];

    /// <summary>Whether AppArmor is on.</summary>
    public bool AppArmor { get; init; }

    /// <summary>Whether a module is loaded, or built in with parameters.</summary>
    /// <param name="name">The module's name, with underscores.</param>
    public bool Has(string name) => Modules.ContainsKey(name);
}

/// <summary>A kernel module.</summary>
/// <param name="Version">Its version, if it tells one.</param>
/// <param name="SourceVersion">The checksum of its source, if it tells one.</param>
/// <param name="QueueNumber">KAE's <c>pf_q_num</c>: how many queues a physical function keeps; its virtual functions share the rest.</param>
public sealed record ModuleFacts(string? Version, string? SourceVersion, int? QueueNumber = null)
{
    /// <summary>What tells two builds apart.</summary>
    public string Build => string.Join(' ', new[] { Version, SourceVersion }.OfType<string>()) is { Length: > 0 } build ? build : "of an unknown build";
}
