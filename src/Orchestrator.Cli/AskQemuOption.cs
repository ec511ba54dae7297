using System.CommandLine;
using Orchestrator.Devices;

namespace Orchestrator.Cli;

/// <summary><c>--ask-qemu</c>: whether QEMU is asked past libvirt.</summary>
internal static class AskQemuOption
{
    /// <summary>The option.</summary>
    /// <param name="what">What QEMU is asked.</param>
    internal static Option<AskQemu> Create(string what)
    {
        var option = new Option<AskQemu>("--ask-qemu")
        {
            Description = $"Ask QEMU {what}: auto (where libvirt has no <hostdev type='vdpa'>), always or never. libvirt marks a domain whose QEMU was asked as tainted.",
        };
        option.AcceptOnlyFromAmong("auto", "always", "never");
        return option;
    }
}
