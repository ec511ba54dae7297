using System.Globalization;

namespace Orchestrator.Migration.Policies;

/// <summary>Something in a policy that is wrong or contradicts something else.</summary>
/// <param name="Path">The key, as the file has it: <c>max_downtime.initial</c>.</param>
/// <param name="Text">What is wrong.</param>
/// <param name="Remedy">What to write instead.</param>
internal sealed record PolicyProblem(string Path, string Text, string? Remedy = null);

/// <summary>What a policy has to be, beyond the form of its file. Pure.</summary>
internal static class PolicyRules
{
    /// <summary>Everything that is wrong with it, in the order of the keys.</summary>
    internal static IEnumerable<PolicyProblem> Problems(MigrationPolicy policy) =>
        [.. Name(policy), .. Downtime(policy), .. Measures(policy), .. TransferRules.Problems(policy)];

    private static IEnumerable<PolicyProblem> Name(MigrationPolicy policy)
    {
        if (policy.Name.Length is 0 or > 64 || !policy.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            yield return new("name", "a name has 1 to 64 letters, digits, dots, dashes and underscores");
        }
    }

    private static IEnumerable<PolicyProblem> Downtime(MigrationPolicy policy)
    {
        DowntimeRule rule = policy.MaxDowntime;
        if (!IsLimit(rule.Ceiling))
        {
            yield return new("max_downtime.ceiling", $"QEMU takes limits of 1ms to {ScaledDuration.Write(MigrationRequest.LargestMaxDowntime)}, in whole milliseconds");
        }

        if (rule.Initial is { } initial)
        {
            if (!IsLimit(initial))
            {
                yield return new("max_downtime.initial", $"QEMU takes limits of 1ms to {ScaledDuration.Write(MigrationRequest.LargestMaxDowntime)}, in whole milliseconds");
            }
            else if (initial > rule.Ceiling)
            {
                yield return new("max_downtime.initial", $"the first limit is above the ceiling of {ScaledDuration.Write(rule.Ceiling)}");
            }
            else if (rule.Steps is not null)
            {
                yield return new("max_downtime.initial", "the steps begin with ceiling / count", "Leave out initial or steps.");
            }
            else if (initial < rule.Ceiling && !DowntimeLimits.Raises(policy))
            {
                yield return new("max_downtime.ceiling", "nothing raises the limit to it", "Let stall.then contain raise, or leave out ceiling.");
            }
        }

        if (rule.Steps is { Count: < 1 or > 1000 })
        {
            yield return new("max_downtime.steps.count", "1 to 1000 is wanted here");
        }

        if (rule.Steps is not null && DowntimeLimits.Raises(policy))
        {
            yield return new("max_downtime.steps", "the limit is raised by stall.then already", "Leave out steps, or raise in stall.then.");
        }
        else if (DowntimeLimits.Raises(policy) && (rule.Initial ?? rule.Ceiling) == rule.Ceiling && IsLimit(rule.Ceiling))
        {
            yield return new("stall.then", "there is nothing to raise: the limit begins at its ceiling", "Give max_downtime a lower initial.");
        }
    }

    private static IEnumerable<PolicyProblem> Measures(MigrationPolicy policy)
    {
        if (policy.Stall is { } stall)
        {
            if (stall.Window <= TimeSpan.Zero)
            {
                yield return new("stall.window", "a window of some length is wanted here, such as 10s");
            }

            PolicyProblem?[] outside =
            [
                Within("stall.margin", stall.Margin, 0, 0.5), Within("stall.bandwidth_weight", stall.BandwidthWeight, 0.01, 1),
                Within("stall.patience_decay", stall.PatienceDecay, 0.01, 1), Within("stall.headroom", stall.Headroom, 1, 10),
            ];
            foreach (PolicyProblem problem in outside.OfType<PolicyProblem>())
            {
                yield return problem;
            }
        }

        (string Path, PolicyMeasures? Then, bool MayRaise)[] uses =
        [
            ("stall.then", policy.Stall?.Then, true), ("progress_timeout.then", policy.Progress?.Then, false), ("completion_timeout.then", policy.Completion.Then, false),
        ];
        foreach ((string path, PolicyMeasures? then, bool mayRaise) in uses)
        {
            if (then == PolicyMeasures.None)
            {
                yield return new(path, "it says nothing to do", mayRaise ? "Name raise, post-copy or give-up." : "Name post-copy or give-up.");
            }

            if (then?.HasFlag(PolicyMeasures.Raise) == true && !mayRaise)
            {
                yield return new(path, "only a stall raises the limit", "Name post-copy or give-up.");
            }

            if (then?.HasFlag(PolicyMeasures.PostCopy) == true && !policy.PostCopy)
            {
                yield return new(path, "it names post-copy, which the policy is not begun with", "Write post_copy: true, or leave it out here.");
            }
        }

        if (policy.Completion.Then == PolicyMeasures.PostCopy)
        {
            yield return new("completion_timeout.then", "post-copy is not always possible, and a migration has to end", "Write [post-copy, give-up].");
        }

        if (policy.Completion.After.Value <= TimeSpan.Zero)
        {
            yield return new("completion_timeout.after", "a time of some length is wanted here, such as 800s/GiB");
        }

        if (policy.Progress?.After.Value <= TimeSpan.Zero)
        {
            yield return new("progress_timeout.after", "a time of some length is wanted here, such as 150s");
        }
    }

    private static PolicyProblem? Within(string path, double value, double least, double most) =>
        value >= least && value <= most ? null : new(path, string.Create(CultureInfo.InvariantCulture, $"{least} to {most} is wanted here"));

    private static bool IsLimit(TimeSpan limit) =>
        limit >= DowntimeLimits.Least && limit <= MigrationRequest.LargestMaxDowntime && limit.Ticks % TimeSpan.TicksPerMillisecond == 0;
}
