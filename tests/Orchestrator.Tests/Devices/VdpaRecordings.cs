namespace Orchestrator.Tests.Devices;

/// <summary>What iproute2's <c>vdpa</c> printed, to the letter.</summary>
internal static class VdpaRecordings
{
    internal const string ManagementDevices =
        """{"mgmtdev":{"vdpasim_net":{"supported_classes":["net"],"max_supported_vqs":3,"dev_features":["MTU","MAC","STATUS","CTRL_VQ","CTRL_MAC_ADDR","ANY_LAYOUT","VERSION_1","ACCESS_PLATFORM"]},"vdpasim_blk":{"supported_classes":["block"],"max_supported_vqs":0,"dev_features":[]},"vduse":{"supported_classes":["net","block"],"max_supported_vqs":0,"dev_features":[]}}}""";

    internal const string PciManagementDevice =
        """{"mgmtdev":{"pci/0000:43:00.0":{"supported_classes":["block"],"max_supported_vqs":2,"dev_features":[2,4,6,9,10,11,12,13,14,"RING_INDIRECT_DESC","RING_EVENT_IDX","VERSION_1","ACCESS_PLATFORM",40]}}}""";

    internal const string Devices = """{"dev":{"vdpa0":{"type":"network","mgmtdev":"vdpasim_net","vendor_id":0,"max_vqs":3,"max_vq_size":256}}}""";

    internal const string PciDevice = """{"dev":{"vpn0":{"type":"network","mgmtdev":"pci/0000:42:00.0","vendor_id":6900,"max_vqs":3,"max_vq_size":1024}}}""";

    internal const string Configuration = """{"config":{"vdpa0":{"mac":"00:00:00:00:00:00","link ":"up","link_announce ":false,"mtu":1500},"vblk0":{}}}""";

    /// <summary>What Linux 5.17 to 6.0 answers to a question for the configuration while a device's driver is not up.</summary>
    internal const string NotNegotiated = "Error: vdpa: Features negotiation not completed.\nkernel answers: Resource temporarily unavailable";

    /// <summary>Every error of the tool that was seen: the arguments, what it wrote to standard error, what that means.</summary>
    internal static readonly (string Arguments, string Error, string Problem)[] Errors =
    [
        ("mgmtdev show -j", "Failed to connect to vdpa Netlink", "ModuleNotLoaded"),
        ("dev add name vdpa0 mgmtdev vdpasim_net", "kernel answers: File exists", "AlreadyExists"),
        ("dev add name vdpa0 mgmtdev nope", "Error: vdpa: Fail to find the specified management device.\nkernel answers: No such device", "NoManagementDevice"),
        ("dev del nope", "Error: vdpa: device not found.\nkernel answers: No such device", "NotFound"),
        ("dev add name vblk0 mgmtdev vdpasim_blk max_vqp 2", "Error: vdpa: Some provided attributes are not supported: 0x1000.\nkernel answers: Operation not supported", "NotSupported"),
        ("dev add name vdpa0 mgmtdev vdpasim_net device_features 0x1", "kernel answers: Invalid argument", "InvalidArgument"),
        ("dev add name vdpa0 mgmtdev vdpasim_net mac zz", "\"zz\" is invalid lladdr.", "InvalidInput"),
        ("dev add name vdpa0", "management device handle not set.", "InvalidInput"),
        ("dev add mgmtdev vdpasim_net", "device name is not set.", "InvalidInput"),
        ("dev del", "String parameter expected", "InvalidInput"),
        ("dev vstats show vdpa0 qidx 0 -j", "Error: vdpa: feature negotiation not complete.\nkernel answers: Resource temporarily unavailable", "NotNegotiated"),
        ("dev config show -j", NotNegotiated, "NotNegotiated"),
        ("dev config show -j", "kernel answers: Resource temporarily unavailable", "NotNegotiated"),
        ("dev add name vdpa0 mgmtdev vdpasim_net mtu 9000", "kernel answers: Operation not permitted", "PermissionDenied"),
        ("dev config show -j", "Command \"config\" not found", "ToolTooOld"),
        ("dev show -j", "something new", "Failed"),
    ];
}
