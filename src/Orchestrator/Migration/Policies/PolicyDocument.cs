using System.Text.Json;
using Orchestrator.Configuration;

namespace Orchestrator.Migration.Policies;

/// <summary>Policies as text: the YAML of policy files, and the JSON that a journal keeps. Pure.</summary>
public static class PolicyDocument
{
    private const int MaxLength = 64 * 1024;

    private static readonly string[] Keys =
        ["name", "description", "max_downtime", "stall", "progress_timeout", "completion_timeout", "auto_converge", "post_copy", "options"];

    /// <summary>Reads a policy file.</summary>
    /// <param name="yaml">Its text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ConfigurationException">It is no policy; names the key and where it stands.</exception>
    public static MigrationPolicy Parse(string yaml, string? file)
    {
        var source = new SettingOrigin(ConfigurationLayer.UserFile, file ?? "policy");
        YamlValue document = YamlReader.Read(yaml, source, "a policy", MaxLength)
            ?? throw new ConfigurationException(source with { Line = 1, Column = 1 }, null, "the file is empty", "samples/policies has policies to begin with.");
        return Checked(new YamlSection(document, Keys));
    }

    /// <summary>Reads the policy that stands under a key of another document.</summary>
    /// <param name="parent">The section around it.</param>
    /// <param name="key">The key.</param>
    /// <exception cref="ConfigurationException">It is no policy; names the key and where it stands.</exception>
    internal static MigrationPolicy? Read(YamlSection parent, string key) => parent.Section(key, Keys) is { } section ? Checked(section) : null;

    /// <summary>A policy as JSON.</summary>
    /// <param name="policy">The policy.</param>
    public static string ToJson(MigrationPolicy policy) => JsonSerializer.Serialize(policy, PolicyJson.Default.MigrationPolicy);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The JSON.</param>
    /// <exception cref="JsonException">It is no policy.</exception>
    public static MigrationPolicy FromJson(string json)
    {
        MigrationPolicy policy = JsonSerializer.Deserialize(json, PolicyJson.Default.MigrationPolicy) ?? throw new JsonException("The policy is null.");
        return PolicyRules.Problems(policy).FirstOrDefault() is { } problem ? throw new JsonException($"{problem.Path}: {problem.Text}") : policy;
    }

    private static MigrationPolicy Checked(YamlSection root)
    {
        MigrationPolicy policy = Read(root);
        return PolicyRules.Problems(policy).FirstOrDefault() is { } problem ? throw root.WrongBelow(problem.Path, problem.Text, problem.Remedy) : policy;
    }

    private static MigrationPolicy Read(YamlSection root)
    {
        YamlSection downtime = root.Section("max_downtime", "initial", "ceiling", "steps") ?? throw root.Missing("max_downtime", "Write max_downtime: {initial: 100ms}.");
        TimeSpan? initial = downtime.Duration("initial");
        DowntimeSteps? steps = downtime.Section("steps", "count", "every") is { } section
            ? new(section.SmallInteger("count") ?? throw section.Missing("count", "Say how many steps: count: 10."),
                section.ScaledDuration("every") ?? throw section.Missing("every", "Say how long a step lasts: every: 75s/GiB."))
            : null;

        PolicyDeadline? progress = Deadline(root.Section("progress_timeout", "after", "then"));
        PolicyDeadline completion = Deadline(root.Section("completion_timeout", "after", "then"))
            ?? throw root.Missing("completion_timeout", "A migration has to end: completion_timeout: {after: 800s/GiB}.");
        StallRule? stall = Stall(root.Section("stall", "window", "then", "margin", "bandwidth_weight", "patience_decay", "headroom"));
        PolicyMeasures used = completion.Then | (progress?.Then ?? PolicyMeasures.None) | (stall?.Then ?? PolicyMeasures.None);
        return new()
        {
            Name = root.Text("name") ?? throw root.Missing("name", "Give the policy a name."),
            Description = root.Text("description"),
            MaxDowntime = new(initial, downtime.Duration("ceiling") ?? initial ?? throw downtime.Missing("ceiling", "Give a ceiling, an initial limit, or both."), steps),
            Completion = completion,
            Progress = progress,
            Stall = stall,
            AutoConverge = root.Flag("auto_converge") ?? false,
            PostCopy = root.Flag("post_copy") ?? used.HasFlag(PolicyMeasures.PostCopy),
            Options = Options(root.Section("options",
                "parallel_connections", "compression", "bandwidth_mib_s", "post_copy_bandwidth_mib_s", "tls", "storage", "auto_converge")),
        };
    }

    private static PolicyDeadline? Deadline(YamlSection? section) => section is null ? null
        : new(section.ScaledDuration("after") ?? throw section.Missing("after", "Say after what time: after: 800s/GiB."), Measures(section) ?? PolicyMeasures.GiveUp);

    private static StallRule? Stall(YamlSection? section)
    {
        if (section is null)
        {
            return null;
        }

        var rule = new StallRule
        {
            Window = section.Duration("window") ?? throw section.Missing("window", "Say how far back to look: window: 10s."),
            Then = Measures(section) ?? throw section.Missing("then", "Say what to do: then: [raise]."),
        };
        return rule with
        {
            Margin = section.Number("margin") ?? rule.Margin,
            BandwidthWeight = section.Number("bandwidth_weight") ?? rule.BandwidthWeight,
            PatienceDecay = section.Number("patience_decay") ?? rule.PatienceDecay,
            Headroom = section.Number("headroom") ?? rule.Headroom,
        };
    }

    // The order in the file is that of what is done: one that we would not keep to is refused.
    private static PolicyMeasures? Measures(YamlSection section) => section.Words("then", PolicyWords.Measures) is not { } measures ? null
        : measures.Zip(measures.Skip(1)).All(pair => pair.First < pair.Second) ? measures.Aggregate(PolicyMeasures.None, (all, one) => all | one)
        : throw section.Wrong("then", "the order is raise, post-copy, give-up, each at most once");

    private static TransferOptions Options(YamlSection? section)
    {
        if (section is null)
        {
            return new();
        }

        YamlSection? tls = section.Section("tls", "enabled", "destination");
        YamlSection? storage = section.Section("storage", "copy", "disks");
        YamlSection? converge = section.Section("auto_converge", "initial", "increment");
        return new()
        {
            ParallelConnections = section.SmallInteger("parallel_connections"),
            Compression = Compression(section.Section("compression",
                "methods", "mt_level", "mt_threads", "mt_decompression_threads", "xbzrle_cache_bytes", "zlib_level", "zstd_level")),
            BandwidthMiBps = section.Integer("bandwidth_mib_s"),
            PostCopyBandwidthMiBps = section.Integer("post_copy_bandwidth_mib_s"),
            Tls = tls?.Flag("enabled") ?? false,
            TlsDestination = tls?.Text("destination"),
            Storage = storage is null ? StorageCopy.None : new(storage.Word("copy", PolicyWords.Storage) ?? StorageCopyMode.None, storage.Texts("disks") ?? []),
            AutoConvergeInitial = converge?.SmallInteger("initial"),
            AutoConvergeIncrement = converge?.SmallInteger("increment"),
        };
    }

    private static CompressionOptions? Compression(YamlSection? section) => section is null ? null
        : new((section.Words("methods", PolicyWords.Compression) ?? throw section.Missing("methods", "Name them: methods: [xbzrle]."))
            .Aggregate(CompressionMethods.None, (all, one) => all | one))
        {
            MtLevel = section.SmallInteger("mt_level"),
            MtThreads = section.SmallInteger("mt_threads"),
            MtDecompressionThreads = section.SmallInteger("mt_decompression_threads"),
            XbzrleCacheBytes = section.Integer("xbzrle_cache_bytes"),
            ZlibLevel = section.SmallInteger("zlib_level"),
            ZstdLevel = section.SmallInteger("zstd_level"),
        };
}
