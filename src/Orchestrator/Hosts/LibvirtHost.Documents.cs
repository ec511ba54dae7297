using Libvirt.Interop;

namespace Orchestrator.Hosts;

public sealed partial class LibvirtHost
{
    /// <inheritdoc/>
    public Task<HostDocuments> GetDocumentsAsync(CancellationToken cancellationToken) =>
        InvokeAsync(
            connection => new HostDocuments
            {
                Capabilities = connection.GetCapabilities(),
                Sysinfo = Sysinfo(connection),
                Domains = Domains(connection),
                MonitorEvents = connection.GetDriverType() == "QEMU" && LibvirtConnection.HasQemuMonitorEvents, // subscribed when it was opened
            },
            cancellationToken);

    private static string? Sysinfo(LibvirtConnection connection)
    {
        try
        {
            return connection.GetSysinfo();
        }
        catch (LibvirtException e) when (e.Code is LibvirtErrorCode.ConfigUnsupported or LibvirtErrorCode.NoSupport or LibvirtErrorCode.AccessDenied)
        {
            return null;
        }
    }

    private static List<string> Domains(LibvirtConnection connection)
    {
        var documents = new List<string>();
        foreach (LibvirtDomain domain in connection.ListDomains())
        {
            using (domain)
            {
                try
                {
                    documents.Add(domain.GetXml());
                }
                catch (LibvirtException e) when (e.Code == LibvirtErrorCode.NoDomain)
                {
                    // it went away between two questions
                }
            }
        }

        return documents;
    }
}
