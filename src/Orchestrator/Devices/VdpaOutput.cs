using System.Globalization;
using System.Text.Json;

namespace Orchestrator.Devices;

/// <summary>
/// The JSON of the <c>vdpa</c> tool. Its quirks are iproute2's: keys may end in a space (<c>"link "</c>), feature lists mix names and bit numbers, what the
/// kernel does not send is absent, classes may be unknown, and an empty list is printed beside an error.
/// </summary>
internal static class VdpaOutput
{
    internal static IReadOnlyList<VdpaManagementDevice> ManagementDevices(string json) => Read(json, "mgmtdev", (name, device) => new VdpaManagementDevice
    {
        Name = name,
        Classes = [.. Items(device, "supported_classes").Select(item => ClassOf(item.ValueKind == JsonValueKind.String ? item.GetString() : null))],
        MaxVirtqueues = (int?)Number(device, "max_supported_vqs"),
        Features = Features(device, "dev_features"),
    });

    internal static IReadOnlyList<VdpaDevice> Devices(string json) => Read(json, "dev", (name, device) => new VdpaDevice
    {
        Name = name,
        Class = ClassOf(Text(device, "type")),
        ManagementDevice = Text(device, "mgmtdev"),
        VendorId = Number(device, "vendor_id"),
        MaxVirtqueues = (int?)Number(device, "max_vqs"),
        MaxVirtqueueSize = (int?)Number(device, "max_vq_size"),
        ScalableFunction = VdpaManagementDevice.ScalableFunctionOf(Text(device, "mgmtdev")),
    });

    /// <summary>The devices with what their configuration tells; one that is not in it stays as it is.</summary>
    internal static IReadOnlyList<VdpaDevice> WithConfiguration(IReadOnlyList<VdpaDevice> devices, string json)
    {
        ILookup<string, VdpaDevice> found = Read(json, "config", (name, config) => new VdpaDevice
        {
            Name = name,
            Mac = Text(config, "mac"),
            Mtu = (int?)Number(config, "mtu"),
            MaxVirtqueuePairs = (int?)Number(config, "max_vq_pairs"),
            Features = Features(config, "negotiated_features"),
        }).ToLookup(device => device.Name);
        return
        [
            .. devices.Select(device => found[device.Name].FirstOrDefault() is { } config
                ? device with { Mac = config.Mac, Mtu = config.Mtu, MaxVirtqueuePairs = config.MaxVirtqueuePairs, Features = config.Features, ConfigurationTold = true }
                : device),
        ];
    }

    private static List<T> Read<T>(string json, string list, Func<string, JsonElement, T> read)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            throw Unreadable("nothing", null);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object && Member(document.RootElement, list) is { ValueKind: JsonValueKind.Object } entries
                ? [.. entries.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Object).Select(entry => read(entry.Name, entry.Value))]
                : throw Unreadable($"a document without \"{list}\"", null);
        }
        catch (JsonException e)
        {
            throw Unreadable("half a document, or no JSON", e);
        }
    }

    private static HostDeviceException Unreadable(string what, JsonException? e) => new(
        HostDeviceProblem.UnreadableOutput,
        $"The vdpa tool printed {what}{(e?.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $" (line {line + 1}, byte {e.BytePositionInLine + 1})") : "")}.",
        "Look at `vdpa -V` and at `vdpa dev show -j` itself: the package iproute2 has the tool since 5.12.",
        inner: e);

    private static JsonElement? Member(JsonElement element, string name)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name.TrimEnd() == name)
            {
                return property.Value;
            }
        }

        return null;
    }

    private static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long value) && value is >= 0 and <= uint.MaxValue ? value : null;

    private static List<JsonElement> Items(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Array } items ? [.. items.EnumerateArray()] : [];

    private static List<string> Features(JsonElement element, string name) =>
        [.. Items(element, name).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : $"bit_{item.GetRawText()}")];

    /// <summary>The management devices say <c>net</c>, the devices <c>network</c>.</summary>
    private static VdpaClass ClassOf(string? text) => text switch
    {
        "net" or "network" => VdpaClass.Net,
        "block" => VdpaClass.Block,
        _ => VdpaClass.Other,
    };
}
