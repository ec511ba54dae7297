using System.CommandLine;
using Libvirt.Interop;

namespace Orchestrator.Cli.Commands;

/// <summary>Where a device is attached or detached: <c>--live</c>, <c>--config</c>, or both.</summary>
internal sealed class ImpactOptions
{
    private readonly Option<bool> _live = new("--live") { Description = "The running domain. Without --live and --config: the running domain if it runs, else its definition." };
    private readonly Option<bool> _config = new("--config") { Description = "The definition: from the next start on." };

    internal void AddTo(Command command)
    {
        command.Options.Add(_live);
        command.Options.Add(_config);
    }

    internal DomainModificationImpact Of(ParseResult parsed) =>
        (parsed.GetValue(_live) ? DomainModificationImpact.Live : DomainModificationImpact.Current)
        | (parsed.GetValue(_config) ? DomainModificationImpact.Config : DomainModificationImpact.Current);
}
