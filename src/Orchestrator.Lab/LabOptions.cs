namespace Orchestrator.Lab;

/// <summary>How a lab shall be.</summary>
public sealed record LabOptions
{
    /// <summary>The most hosts a lab has.</summary>
    public const int MaxHosts = 16;

    /// <summary>The most emulated machines a lab has.</summary>
    public const int MaxMachines = 2;

    /// <summary>How many hosts on this machine, 1 to 16; 0 only with <see cref="Machines"/>.</summary>
    public int Hosts { get; init; } = 2;

    /// <summary>
    /// How many emulated machines with vDPA and SR-IOV devices, each with two libvirt hosts and 4 GiB of memory: <c>lab-vdpa-a</c> and <c>lab-vdpa-b</c>, <c>lab-vdpa-c</c> and
    /// <c>lab-vdpa-d</c>. A lab that runs gets those that it lacks.
    /// </summary>
    public int Machines { get; init; }

    /// <summary>
    /// The folder that holds this user's labs; <c>/tmp/orchestrator-lab-UID</c> by default. Its path must be short: the sockets in it may have
    /// no more than 107 characters.
    /// </summary>
    public string Folder { get; init; } = LabFolder.Default;

    /// <summary>Where the guest's kernel and programs are kept between labs; <c>$XDG_CACHE_HOME/orchestrator</c> by default.</summary>
    public string CacheFolder { get; init; } = Images.GuestImage.DefaultCacheFolder;

    /// <summary>The clock for deadlines.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
