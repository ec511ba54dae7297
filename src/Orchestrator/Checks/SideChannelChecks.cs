using Orchestrator.Hosts;

namespace Orchestrator.Checks;

/// <summary>How the machine of a host elsewhere is reached beside libvirt, and what libvirt itself needs there to be reached over SSH. Of a host on this machine nothing is said.</summary>
internal static class SideChannelChecks
{
    internal static IEnumerable<HostCheck> Of(HostScope scope)
    {
        if (scope.Facts.IsThisMachine)
        {
            yield break;
        }

        yield return Channel(scope);
        if (SshTarget.Of(HostAddress.FromUri(scope.Facts.Host.Uri), scope.Facts.Host.Uri) is not null)
        {
            yield return Helper(scope);
        }
    }

    /// <summary>By which methods this user, and no other, can measure there.</summary>
    private static HostCheck Channel(HostScope scope)
    {
        const string Id = "side-channel";
        HostFacts facts = scope.Facts;
        var judge = new Judge(HostLayer.Measurement, CheckSeverity.Info);
        string methods = string.Join(", ", new[] { facts.LogsReadable == true ? "trace" : null, facts.MonitorEvents ? "qmp" : null, "libvirt", "observer" }.OfType<string>());
        return facts switch
        {
            { Channel: { } way } => judge.Pass(Id, $"{scope.Name} is looked into {way}; so a downtime is measured there by {methods}"),
            { ChannelProblem: { } problem } => judge.Fail(Id, $"{scope.Name} cannot be looked into over SSH; a downtime is measured there by {methods}. {problem}", "Mend what ssh says; docs/hosts.md tells what side_channel is for."),
            _ => judge.Unknown(Id, $"nobody says how the machine of {scope.Name} is reached over SSH; a downtime is measured there by {methods}", "Give it side_channel in hosts.yaml, or connect by a qemu+ssh URI."),
        };
    }

    private static HostCheck Helper(HostScope scope)
    {
        const string Id = "ssh-helper";
        var judge = new Judge(HostLayer.Migration, CheckSeverity.Warning);
        return scope.Facts.SshHelpers switch
        {
            // What was connected with need not be what others look for.
            _ when scope.Facts.Host.Uri.Contains("netcat=", StringComparison.Ordinal) => judge.Pass(Id, $"{scope.Name} is reached over SSH by the program that its URI names (netcat)"),
            null => judge.Unknown(Id, $"whether {scope.Name} has virt-ssh-helper or nc is {scope.Unseen}", $"On {scope.Name}: command -v virt-ssh-helper nc netcat"),
            [] => judge.Fail(Id, $"{scope.Name} has neither virt-ssh-helper nor nc: no libvirt is reached there over SSH",
                "Install virt-ssh-helper, which libvirt has since 6.8, or a netcat with -U: netcat-openbsd, nmap-ncat."),
            ["netcat"] => judge.Fail(Id, $"{scope.Name} has no virt-ssh-helper and no nc, only netcat, which libvirt does not look for", "Install netcat-openbsd or nmap-ncat, or say proxy=netcat&netcat=netcat in the URI."),
            var found => judge.Pass(Id, $"{scope.Name} has {string.Join(" and ", found)}: libvirt is reached there over SSH"),
        };
    }
}
