using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>The names of the typed parameters of a migration (<c>VIR_MIGRATE_PARAM_*</c>).</summary>
public static class MigrateParameter
{
    /// <summary>Where QEMU sends the guest: <c>tcp://host[:port]</c> (string).</summary>
    public const string MigrateUri = "migrate_uri";

    /// <summary>The address on which the destination's QEMU listens (string).</summary>
    public const string ListenAddress = "listen_address";

    /// <summary>The domain's name on the destination (string).</summary>
    public const string DestinationName = "destination_name";

    /// <summary>The domain's document on the destination (string).</summary>
    public const string DestinationXml = "destination_xml";

    /// <summary>The persistent definition on the destination (string).</summary>
    public const string PersistentXml = "persistent_xml";

    /// <summary>The most bandwidth to use, in MiB/s (<see cref="ulong"/>).</summary>
    public const string Bandwidth = "bandwidth";

    /// <summary>The most bandwidth to use after the switch to post-copy, in MiB/s. Since libvirt 5.1.0.</summary>
    public const string BandwidthPostCopy = "bandwidth.postcopy";

    /// <summary>A disk to copy, by its target; may be given more than once. Since libvirt 1.2.17.</summary>
    public const string MigrateDisks = "migrate_disks";

    /// <summary>A method of compression; may be given more than once. Since libvirt 1.3.4.</summary>
    public const string Compression = "compression";

    /// <summary>The level of the compressing threads. Since libvirt 1.3.4.</summary>
    public const string CompressionMtLevel = "compression.mt.level";

    /// <summary>How many threads compress. Since libvirt 1.3.4.</summary>
    public const string CompressionMtThreads = "compression.mt.threads";

    /// <summary>How many threads decompress. Since libvirt 1.3.4.</summary>
    public const string CompressionMtDthreads = "compression.mt.dthreads";

    /// <summary>The level of zlib. Since libvirt 9.4.0.</summary>
    public const string CompressionZlibLevel = "compression.zlib.level";

    /// <summary>The level of zstd. Since libvirt 9.4.0.</summary>
    public const string CompressionZstdLevel = "compression.zstd.level";

    /// <summary>The cache of xbzrle, in bytes. Since libvirt 1.3.4.</summary>
    public const string CompressionXbzrleCache = "compression.xbzrle.cache";

    /// <summary>The first throttling of the vCPUs, in percent. Since libvirt 2.0.0.</summary>
    public const string AutoConvergeInitial = "auto_converge.initial";

    /// <summary>The growth of that throttling, in percent. Since libvirt 2.0.0.</summary>
    public const string AutoConvergeIncrement = "auto_converge.increment";

    /// <summary>The connections of a parallel migration. Since libvirt 5.2.0.</summary>
    public const string ParallelConnections = "parallel.connections";

    /// <summary>The name that the destination's certificate must have. Since libvirt 6.0.0.</summary>
    public const string TlsDestination = "tls.destination";
}

public sealed partial class LibvirtDomain
{
    /// <summary>Whether <see cref="AbortJob(bool)"/> can pause a post-copy migration. Since libvirt 8.5.0.</summary>
    public static bool CanAbortPostCopy => LibVirt.Has(nameof(LibVirt.virDomainAbortJobFlags));

    /// <summary>
    /// Migrates the domain with this process in the middle: both connections are needed until the end, and a frozen or killed process leaves the guest
    /// paused. Blocks until the migration has ended. Since libvirt 1.1.0.
    /// </summary>
    /// <param name="destination">The destination's connection.</param>
    /// <param name="parameters">See <see cref="MigrateParameter"/>.</param>
    /// <param name="flags">How; without <see cref="DomainMigrateFlags.Peer2Peer"/>.</param>
    /// <returns>The domain on the destination.</returns>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationAborted"/>: the job was aborted.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrate3"/></remarks>
    public unsafe LibvirtDomain Migrate(LibvirtConnection destination, TypedParameters parameters, DomainMigrateFlags flags) =>
        new(parameters.Lend((_handle, destination.Handle, flags), static (state, native, count) =>
            VirCall.Check(LibVirt.virDomainMigrate3(state._handle, state.Handle, native, count, (uint)state.flags), nameof(LibVirt.virDomainMigrate3))));

    /// <summary>
    /// Migrates the domain with the source's daemon in the lead: it connects to the destination itself, and goes on if this process ends.
    /// Blocks until the migration has ended. Since libvirt 1.1.0.
    /// </summary>
    /// <param name="destinationUri">The destination's URI, as the source's daemon reaches it.</param>
    /// <param name="parameters">See <see cref="MigrateParameter"/>.</param>
    /// <param name="flags">How; with <see cref="DomainMigrateFlags.Peer2Peer"/>.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationAborted"/>: the job was aborted.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateToURI3"/></remarks>
    public unsafe void MigrateToUri(string destinationUri, TypedParameters parameters, DomainMigrateFlags flags) =>
        parameters.Lend((_handle, destinationUri, flags), static (state, native, count) =>
            VirCall.Check(LibVirt.virDomainMigrateToURI3(state._handle, state.destinationUri, native, count, (uint)state.flags), nameof(LibVirt.virDomainMigrateToURI3)));

    /// <summary>Sets the blackout at which QEMU switches over. It does not travel with the guest, and is lost when the guest restarts.</summary>
    /// <param name="limit">The limit; whole milliseconds.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateSetMaxDowntime"/></remarks>
    public void SetMaxDowntime(TimeSpan limit) =>
        VirCall.Check(LibVirt.virDomainMigrateSetMaxDowntime(_handle, (ulong)limit.TotalMilliseconds, 0), nameof(LibVirt.virDomainMigrateSetMaxDowntime));

    /// <summary>The blackout at which QEMU switches over. Since libvirt 3.7.0.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateGetMaxDowntime"/></remarks>
    public unsafe TimeSpan GetMaxDowntime()
    {
        ulong milliseconds;
        VirCall.Check(LibVirt.virDomainMigrateGetMaxDowntime(_handle, &milliseconds, 0), nameof(LibVirt.virDomainMigrateGetMaxDowntime));
        return TimeSpan.FromMilliseconds(milliseconds);
    }

    /// <summary>Sets the most bandwidth a migration may use.</summary>
    /// <param name="mebibytesPerSecond">In MiB/s.</param>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateSetMaxSpeed"/></remarks>
    public void SetMaxSpeed(long mebibytesPerSecond) =>
        VirCall.Check(LibVirt.virDomainMigrateSetMaxSpeed(_handle, new CULong((nuint)mebibytesPerSecond), 0), nameof(LibVirt.virDomainMigrateSetMaxSpeed));

    /// <summary>The most bandwidth a migration may use, in MiB/s.</summary>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateGetMaxSpeed"/></remarks>
    public unsafe long GetMaxSpeed()
    {
        CULong speed;
        VirCall.Check(LibVirt.virDomainMigrateGetMaxSpeed(_handle, &speed, 0), nameof(LibVirt.virDomainMigrateGetMaxSpeed));
        return (long)speed.Value;
    }

    /// <summary>
    /// Lets a running migration, begun with <see cref="DomainMigrateFlags.Postcopy"/>, switch to post-copy: the guest runs on the destination from then on, and
    /// its memory follows. Since libvirt 1.3.3.
    /// </summary>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationInvalid"/>: no migration runs, or it was begun without the flag.</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMigrateStartPostCopy"/></remarks>
    public void StartPostCopy() =>
        VirCall.Check(LibVirt.virDomainMigrateStartPostCopy(_handle, 0), nameof(LibVirt.virDomainMigrateStartPostCopy));
}
