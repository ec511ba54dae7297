namespace Orchestrator.Migration.Policies;

public sealed partial record MigrationPolicy
{
    /// <summary>The policies that need no file, the default first.</summary>
    public static IReadOnlyList<MigrationPolicy> BuiltIn => [Adaptive, AdaptivePostCopy, Fixed, Stepped, KubeVirt];

    /// <summary>
    /// The default. A guest that lets itself be caught has a short blackout; one that does not is slowed down and gets as much of the ceiling as it needs.
    /// A second is what TCP connections and cluster heartbeats bear; nova's and KubeVirt's limits are of that size.
    /// </summary>
    public static MigrationPolicy Adaptive { get; } = new()
    {
        Name = "adaptive",
        Description = "Slows the guest down and raises the limit, up to a second, only as far as is needed and only when copying does not get ahead of the guest.",
        MaxDowntime = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1)),
        AutoConverge = true,
        Stall = new() { Window = TimeSpan.FromSeconds(10), Then = PolicyMeasures.Raise },
        Progress = new(new(TimeSpan.FromSeconds(150))),
        Completion = new(new(TimeSpan.FromSeconds(800), PerGiB: true)),
    };

    /// <summary>The default, with post-copy before giving up: for hosts that can do it, and guests that may be lost when the link breaks.</summary>
    public static MigrationPolicy AdaptivePostCopy { get; } = Adaptive with
    {
        Name = "adaptive-post-copy",
        Description = "As adaptive; where even the ceiling is not enough, the guest moves and fetches the rest of its memory afterwards. A link that breaks then stops the guest.",
        PostCopy = true,
        Stall = Adaptive.Stall! with { Then = PolicyMeasures.Raise | PolicyMeasures.PostCopy },
        Progress = Adaptive.Progress! with { Then = PolicyMeasures.PostCopy | PolicyMeasures.GiveUp },
        Completion = Adaptive.Completion with { Then = PolicyMeasures.PostCopy | PolicyMeasures.GiveUp },
    };

    /// <summary>One limit, one time.</summary>
    public static MigrationPolicy Fixed { get; } = new()
    {
        Name = "fixed",
        Description = "A limit of 100 ms that never changes; gives up when the time is over.",
        MaxDowntime = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100)),
        Completion = new(new(TimeSpan.FromSeconds(150), PerGiB: true)),
    };

    /// <summary>nova's schedule with its defaults.</summary>
    public static MigrationPolicy Stepped { get; } = new()
    {
        Name = "stepped",
        Description = "The schedule of OpenStack nova: the limit grows in ten steps by the clock, from 50 to 500 ms.",
        MaxDowntime = new(null, TimeSpan.FromMilliseconds(500), new(10, new(TimeSpan.FromSeconds(75), PerGiB: true))),
        Completion = new(new(TimeSpan.FromSeconds(800), PerGiB: true)),
    };

    /// <summary>KubeVirt's stall detector with its defaults and without its consent to disrupt the guest, for comparison: 900 ms, tolerated up to one and a half times.</summary>
    public static MigrationPolicy KubeVirt { get; } = new()
    {
        Name = "kubevirt",
        Description = "After the stall detector of KubeVirt, which raises the limit at a local minimum after 40 s, else gives up. For comparison.",
        MaxDowntime = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(1350)),
        Stall = new() { Window = TimeSpan.FromSeconds(40), Headroom = 1, Then = PolicyMeasures.Raise | PolicyMeasures.GiveUp },
        Progress = new(new(TimeSpan.FromSeconds(150))),
        Completion = new(new(TimeSpan.FromSeconds(150), PerGiB: true)),
    };

    /// <summary>The built-in policy of this name; <see langword="null"/> if there is none.</summary>
    public static MigrationPolicy? Find(string name) => BuiltIn.FirstOrDefault(policy => policy.Name == name);
}
