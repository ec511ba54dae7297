using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator domain undefine|start|shutdown|reboot|reset|destroy|suspend|resume DOMAIN</c>.</summary>
internal sealed class DomainLifecycleCommands
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private DomainLifecycleCommands(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static void AddTo(Command domain, GlobalOptions globals, CliConsole console)
    {
        var self = new DomainLifecycleCommands(globals, console);
        domain.Add(self.Undefine());
        domain.Add(self.Start());
        domain.Add(self.Shutdown());
        domain.Add(self.Reboot());
        domain.Add(self.Create("reset", "Presses the reset button.", (_, name) => new ResetRequest(name)));
        domain.Add(self.Destroy());
        domain.Add(self.Create("suspend", "Stops a guest's vCPUs, and with them its vDPA devices.", (_, name) => new SuspendRequest(name), ifNeeded: true));
        domain.Add(self.Create("resume", "Lets a guest's vCPUs run again.", (_, name) => new ResumeRequest(name), ifNeeded: true));
    }

    private Command Undefine()
    {
        Option<LeftoverChoice> nvram = Choice("--nvram", "Its firmware's variables");
        Option<LeftoverChoice> tpm = Choice("--tpm", "The state of its TPM");
        var managedSave = new Option<bool>("--managed-save") { Description = "Throw away its saved state." };
        var snapshots = new Option<bool>("--snapshots-metadata") { Description = "Forget its snapshots; their data stays." };
        var checkpoints = new Option<bool>("--checkpoints-metadata") { Description = "Forget its checkpoints." };
        return Create(
            "undefine", "Removes a domain's definition. What else belongs to it has to be named, or nothing is removed.",
            (parsed, name) => new UndefineRequest(name)
            {
                Nvram = parsed.GetValue(nvram),
                Tpm = parsed.GetValue(tpm),
                RemoveManagedSave = parsed.GetValue(managedSave),
                RemoveSnapshots = parsed.GetValue(snapshots),
                RemoveCheckpoints = parsed.GetValue(checkpoints),
            },
            ifNeeded: true, ["foreign-owner", "foreign-operation"], nvram, tpm, managedSave, snapshots, checkpoints);
    }

    private Command Start()
    {
        var paused = new Option<bool>("--paused") { Description = "Leave it paused: domain resume lets it run." };
        var forceBoot = new Option<bool>("--force-boot") { Description = "Boot it, and throw away its saved state if it has one." };
        var setMemtune = new Option<bool>("--set-memtune") { Description = "Write <memtune><hard_limit> into its definition first, when its vDPA devices pin more memory than that allows." };
        var waitDevices = new Option<TimeSpan?>("--wait-devices")
        {
            Description = "How long to wait until its vDPA devices work, such as 60s; QEMU is asked, and libvirt marks the domain as tainted. Without it only its log is looked at.",
            CustomParser = Durations.Parse,
        };
        return Create(
            "start", "Starts a domain, unless another one has a device that it needs.",
            (parsed, name) => new StartRequest(name)
            {
                Paused = parsed.GetValue(paused),
                ForceBoot = parsed.GetValue(forceBoot),
                SetMemtune = parsed.GetValue(setMemtune),
                WaitDevices = parsed.GetValue(waitDevices),
            },
            ifNeeded: true, ["foreign-owner", "foreign-operation", "migrated-away"], paused, forceBoot, setMemtune, waitDevices);
    }

    private Command Shutdown()
    {
        Option<TimeSpan?> deadline = Deadline("shut down");
        var then = new Option<ShutdownFallback>("--then") { Description = "What to do with a guest that is still there after the deadline: fail leaves it and exits with 5." };
        then.AcceptOnlyFromAmong("fail", "destroy");
        return Create(
            "shutdown", "Asks a guest to shut down, again every 10 s, and waits until it is off.",
            (parsed, name) => new ShutdownRequest(name) { Deadline = parsed.GetValue(deadline) ?? TimeSpan.FromSeconds(60), Then = parsed.GetValue(then) },
            ifNeeded: true, ["foreign-owner", "foreign-operation"], deadline, then);
    }

    private Command Reboot()
    {
        Option<TimeSpan?> deadline = Deadline("reboot");
        return Create(
            "reboot", "Asks a guest to reboot, again every 10 s, and waits until it has.",
            (parsed, name) => new RebootRequest(name) { Deadline = parsed.GetValue(deadline) ?? TimeSpan.FromSeconds(60) },
            ifNeeded: false, ["foreign-owner", "foreign-operation"], deadline);
    }

    private Command Destroy()
    {
        var graceful = new Option<bool>("--graceful") { Description = "Let QEMU write what it has; one that does not end by itself goes on running." };
        return Create(
            "destroy", "Ends a domain at once. A migration of it is cancelled, from whichever terminal it was begun.",
            (parsed, name) => new DestroyRequest(name) { Graceful = parsed.GetValue(graceful) },
            ifNeeded: true, ["foreign-owner", "foreign-operation"], graceful);
    }

    private static Option<TimeSpan?> Deadline(string what) =>
        new("--deadline") { Description = $"How long the guest may take to {what}, such as 90s. Default: 60s.", CustomParser = Durations.Parse };

    private static Option<LeftoverChoice> Choice(string name, string what)
    {
        var option = new Option<LeftoverChoice>(name)
        {
            Description = $"{what}: keep or remove. Without it a domain that has any is not undefined.",
            CustomParser = result => result.Tokens[0].Value == "keep" ? LeftoverChoice.Keep : LeftoverChoice.Remove,
        };
        return option.AcceptOnlyFromAmong("keep", "remove");
    }

    private Command Create(string verb, string description, Func<ParseResult, string, LifecycleRequest> request, bool ifNeeded = false) =>
        Create(verb, description, request, ifNeeded, ["foreign-owner", "foreign-operation"]);

    private Command Create(
        string verb, string description, Func<ParseResult, string, LifecycleRequest> request, bool ifNeeded, string[] consents, params Option[] options)
    {
        var name = new Argument<string>("DOMAIN") { Description = "The domain's name or UUID. Put -- before a name that begins with a dash." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and what stands in the way; change nothing." };
        var needed = new Option<bool>("--if-needed") { Description = "It is no error when what is asked for is so already." };
        var wait = new Option<TimeSpan?>("--wait")
        {
            Description = "How long to wait for others who work on the domain, and for the host to show what was asked of it. Default: 30s.",
            CustomParser = Durations.Parse,
        };
        var allow = new Option<string[]>("--allow") { Description = "foreign-owner: change a domain that another manager owns. foreign-operation: change one that another machine's unfinished operation has marked." };
        if (consents.Contains("migrated-away"))
        {
            allow.Description += " migrated-away: start a domain that was migrated to another host.";
        }

        allow.AcceptOnlyFromAmong(consents);
        var command = new Command(verb, description) { name, dryRun, wait, allow };
        if (ifNeeded)
        {
            command.Add(needed);
        }

        foreach (Option option in options)
        {
            command.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            string[] allowed = parsed.GetValue(allow) ?? [];
            using RecoverySetup recovery = RecoverySetup.ForChange(_globals, parsed, _console);
            LifecycleRequest asked = request(parsed, parsed.GetValue(name)!) with
            {
                Options = new()
                {
                    Wait = parsed.GetValue(wait) ?? TimeSpan.FromSeconds(30),
                    IfNeeded = ifNeeded && parsed.GetValue(needed),
                    AllowForeignOwner = allowed.Contains("foreign-owner"),
                    AllowMigratedAway = allowed.Contains("migrated-away"),
                    AllowForeignOperation = allowed.Contains("foreign-operation"),
                    Recoverer = recovery.Recoverer,
                },
            };
            ILogger logger = _globals.Loggers.CreateLogger("orchestrator");
            await using LibvirtHost host = await HostResolver.ConnectAsync(_globals.Connect(parsed), logger, cancellationToken).ConfigureAwait(false);
            var lifecycle = new DomainLifecycle(host, new DomainClaims(), logger: logger, devices: await HostTarget.SeeVdpaAsync(host, _console, cancellationToken).ConfigureAwait(false));
            if (parsed.GetValue(dryRun))
            {
                LifecyclePlan plan = await lifecycle.PlanAsync(asked, cancellationToken).ConfigureAwait(false);
                Show(plan);
                return plan.Problems.Count == 0 ? ExitCode.Done : ExitCode.Refused;
            }

            Show(await lifecycle.RunAsync(asked, cancellationToken).ConfigureAwait(false));
            return ExitCode.Done;
        });
        return command;
    }

    private void Show(LifecyclePlan plan)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(LifecycleDocument.From(plan), LifecycleJson.Readable.LifecycleDocument));
            return;
        }

        string verb = ErrorDocument.CodeOf(plan.Operation);
        _console.Out.WriteLine(CliConsole.Printable(
            $"{plan.Domain} on {plan.Host.Name} is {plan.State}: {verb} {(plan.Problems.Count > 0 ? "would be refused" : plan.Steps.Count == 0 ? "has nothing to do" : "could be done")}. Nothing was changed."));
        foreach (string step in plan.Steps)
        {
            _console.Out.WriteLine(CliConsole.Printable($"  would call: {step}"));
        }

        foreach (LifecycleProblem problem in plan.Problems)
        {
            _console.Out.WriteLine(CliConsole.Printable($"  in the way: {problem.Message}{(problem.Remedy is null ? "" : $". {problem.Remedy}")}"));
        }

        foreach (string note in plan.Notes)
        {
            _console.Note($"note: {note}");
        }
    }

    private void Show(LifecycleResult result)
    {
        if (_console.Json)
        {
            _console.Out.WriteLine(JsonSerializer.Serialize(LifecycleDocument.From(result), LifecycleJson.Readable.LifecycleDocument));
            return;
        }

        string state = result.Before == result.After ? $"is {result.After}" : $"was {result.Before}, is {result.After}";
        _console.Out.WriteLine(CliConsole.Printable(
            $"{result.Domain} on {result.Host.Name}: {ErrorDocument.CodeOf(result.Operation)} {(result.Changed ? "done" : "not needed")}; it {state}"));
        foreach (string note in result.Notes)
        {
            _console.Note($"note: {note}");
        }
    }
}
