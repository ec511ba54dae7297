namespace Orchestrator.Migration.Policies;

/// <summary>The words of policy files for the values of enumerations.</summary>
internal static class PolicyWords
{
    internal static readonly IReadOnlyDictionary<string, PolicyMeasures> Measures = new Dictionary<string, PolicyMeasures>(StringComparer.Ordinal)
    {
        ["raise"] = PolicyMeasures.Raise,
        ["post-copy"] = PolicyMeasures.PostCopy,
        ["give-up"] = PolicyMeasures.GiveUp,
    };

    internal static readonly IReadOnlyDictionary<string, CompressionMethods> Compression = new Dictionary<string, CompressionMethods>(StringComparer.Ordinal)
    {
        ["mt"] = CompressionMethods.Mt,
        ["xbzrle"] = CompressionMethods.Xbzrle,
        ["zlib"] = CompressionMethods.Zlib,
        ["zstd"] = CompressionMethods.Zstd,
    };

    internal static readonly IReadOnlyDictionary<string, StorageCopyMode> Storage = new Dictionary<string, StorageCopyMode>(StringComparer.Ordinal)
    {
        ["none"] = StorageCopyMode.None,
        ["all"] = StorageCopyMode.All,
        ["incremental"] = StorageCopyMode.Incremental,
    };

    internal static string Of(CompressionMethods method) => Compression.Single(pair => pair.Value == method).Key;
}
