using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>A domain's job and its numbers.</summary>
/// <param name="Type">The kind of job; <see cref="DomainJobType.None"/> when there is none.</param>
/// <param name="Statistics">The numbers, by libvirt's names (<c>memory_remaining</c>, <c>downtime_net</c>, …).</param>
public sealed record DomainJobStats(DomainJobType Type, TypedParameters Statistics)
{
    /// <summary>What the job does.</summary>
    public DomainJobOperation Operation => (DomainJobOperation)(Statistics.FindInteger("operation") ?? 0);
}

public sealed partial class LibvirtDomain
{
    /// <summary>The running job's statistics, or those of the last one that ended.</summary>
    /// <param name="flags">Which; without <see cref="DomainJobStatsFlags.KeepCompleted"/> (libvirt 6.0.0) reading completed statistics destroys them.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationInvalid"/>: the job has just ended.</exception>
    /// <remarks><para>After an abort the completed statistics may be those of an earlier job: believe them only with this job's operation and time.</para>
    /// <see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetJobStats"/></remarks>
    public unsafe DomainJobStats GetJobStats(DomainJobStatsFlags flags = DomainJobStatsFlags.None)
    {
        int type;
        VirTypedParameter* native = null;
        int count = 0;
        VirCall.Check(LibVirt.virDomainGetJobStats(_handle, &type, &native, &count, (uint)flags), nameof(LibVirt.virDomainGetJobStats));
        try
        {
            return new((DomainJobType)type, TypedParameters.Read(native, count));
        }
        finally
        {
            LibVirt.virTypedParamsFree(native, count);
        }
    }

    /// <summary>Asks for the end of the running job. A migration that is aborted leaves the guest on the source; its call still has to be waited for.</summary>
    /// <param name="postCopy">Pause a post-copy migration, so that it can be recovered. Since libvirt 8.5.0, see <see cref="CanAbortPostCopy"/>.</param>
    /// <exception cref="LibvirtException"><see cref="LibvirtErrorCode.OperationInvalid"/>: no job is active, or it cannot be aborted any more.</exception>
    /// <exception cref="NotSupportedException">The installed libvirt is older than 8.5.0 (only with <paramref name="postCopy"/>).</exception>
    /// <remarks><see href="https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainAbortJob"/></remarks>
    public void AbortJob(bool postCopy = false)
    {
        if (!postCopy)
        {
            VirCall.Check(LibVirt.virDomainAbortJob(_handle), nameof(LibVirt.virDomainAbortJob));
            return;
        }

        VirCall.Require(nameof(LibVirt.virDomainAbortJobFlags));
        VirCall.Check(LibVirt.virDomainAbortJobFlags(_handle, 1), nameof(LibVirt.virDomainAbortJobFlags));
    }
}
