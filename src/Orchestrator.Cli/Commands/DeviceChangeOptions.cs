using System.CommandLine;
using Libvirt.Interop;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Commands;

/// <summary>What attaching and detaching a device have in common: where, and how what stands in the way is dealt with.</summary>
internal sealed class DeviceChangeOptions
{
    private const string ForeignOwner = "foreign-owner";
    private const string ForeignOperation = "foreign-operation";

    private readonly Option<bool> _live = new("--live") { Description = "The running domain. Without --live and --config: the running domain if it runs, else its definition." };
    private readonly Option<bool> _config = new("--config") { Description = "The definition: from the next start on." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done, or what stands in the way; change nothing." };
    private readonly Option<bool> _ifNeeded;
    private readonly Option<TimeSpan?> _wait = new("--wait") { Description = "How long to wait for other operations on the domain, such as 30s (the default).", CustomParser = Durations.Parse };
    private readonly Option<string[]> _allow = new("--allow") { Description = "foreign-owner: change a domain that another manager owns. foreign-operation: change one that another machine's unfinished operation has marked." };

    internal DeviceChangeOptions(string ifNeeded)
    {
        _ifNeeded = new("--if-needed") { Description = ifNeeded };
        _allow.AcceptOnlyFromAmong(ForeignOwner, ForeignOperation);
    }

    /// <summary>A consent that only one of the two takes.</summary>
    internal void AllowAlso(string consent, string description)
    {
        _allow.Description += $" {consent}: {description}";
        _allow.Validators.Clear();
        _allow.AcceptOnlyFromAmong(ForeignOwner, ForeignOperation, consent);
    }

    internal bool Allows(ParseResult parsed, string consent) => parsed.GetValue(_allow)?.Contains(consent) == true;

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _live, _config, _ifNeeded, _wait, _allow, _dryRun })
        {
            command.Options.Add(option);
        }
    }

    internal bool IsDryRun(ParseResult parsed) => parsed.GetValue(_dryRun);

    internal DomainModificationImpact ImpactOf(ParseResult parsed) =>
        (parsed.GetValue(_live) ? DomainModificationImpact.Live : DomainModificationImpact.Current)
        | (parsed.GetValue(_config) ? DomainModificationImpact.Config : DomainModificationImpact.Current);

    internal OperationOptions Of(ParseResult parsed)
    {
        string[] allowed = parsed.GetValue(_allow) ?? [];
        var options = new OperationOptions
        {
            IfNeeded = parsed.GetValue(_ifNeeded),
            AllowForeignOwner = allowed.Contains(ForeignOwner),
            AllowForeignOperation = allowed.Contains(ForeignOperation),
        };
        return parsed.GetValue(_wait) is { } wait ? options with { Wait = wait } : options;
    }
}
