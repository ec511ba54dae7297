using System.Text.RegularExpressions;

namespace Orchestrator.Regression.Plans;

/// <summary>What names and settings of a plan may be: <see langword="null"/> for good ones, else what is wrong with them. Pure.</summary>
internal static partial class PlanRules
{
    // It names folders and files, too.
    internal static string? OfName(string name) => Name().IsMatch(name) ? null : "a name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit";

    internal static string? OfAlias(string alias) => Name().IsMatch(alias) ? null : "this is no alias of libvirt's, such as serial1";

    internal static string? OfSetting(string name, string value) =>
        !Setting().IsMatch(name) ? "this is no setting of sysctl, such as kernel.printk"
        : !Value().IsMatch(value) ? "a setting's value is one line of letters, digits, spaces and . , : = _ + / -"
        : null;

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Setting();

    [GeneratedRegex(@"^[A-Za-z0-9 .,:=_+/-]{1,200}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Value();
}
