using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Lab;
using Spectre.Console;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator lab up|down|status|guest|demo</c>.</summary>
internal sealed class LabCommand
{
    private readonly GlobalOptions _globals;
    private readonly CliConsole _console;

    private LabCommand(GlobalOptions globals, CliConsole console)
    {
        _globals = globals;
        _console = console;
    }

    internal static Command Create(GlobalOptions globals, CliConsole console)
    {
        var self = new LabCommand(globals, console);
        return new("lab", "Private libvirt hosts and tiny guests on this machine, without root, to try migrations on.")
        {
            self.Up(), self.Down(), self.Status(), self.Guest(), DemoCommand.Create(globals, console),
        };
    }

    private Command Up()
    {
        var hosts = new Option<int?>("--hosts") { Description = "How many hosts on this machine, 1 to 16: lab-a, lab-b, … (2; with --vdpa none).", CustomParser = Numbers.OptionalWithin(1, LabOptions.MaxHosts, $"--hosts wants a number from 1 to {LabOptions.MaxHosts}.") };
        var vdpa = new Option<bool>("--vdpa") { Description = "An emulated machine with vDPA and SR-IOV devices and two libvirt hosts, lab-vdpa-a and lab-vdpa-b. The first time its image is made: some minutes." };
        var machines = new Option<int?>("--machines") { Description = "How many of them, 1 or 2; the second one has lab-vdpa-c and lab-vdpa-d.", CustomParser = Numbers.OptionalWithin(1, LabOptions.MaxMachines, $"--machines wants a number from 1 to {LabOptions.MaxMachines}.") };
        var command = new Command("up", "Starts the lab, or shows the running one, with what it lacks of --vdpa. It lives until lab down.") { hosts, vdpa, machines };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int emulated = parsed.GetValue(machines) ?? (parsed.GetValue(vdpa) ? 1 : 0);
            LabOptions options = LabFolderOption.Options(parsed.GetValue(hosts) ?? (emulated > 0 ? 0 : 2), emulated);
            VirtualLab lab = await VirtualLab.UpAsync(options, Loggers(), cancellationToken).ConfigureAwait(false);
            if (_console.Json)
            {
                Print(new LabDocument(lab.Hosts), LabJson.Default.LabDocument);
            }
            else
            {
                var table = new Table().Border(TableBorder.Simple).AddColumns("host", "URI");
                foreach (LabHost host in lab.Hosts)
                {
                    table.AddRow(host.Name, Markup.Escape(host.Uri));
                }

                _console.Tables().Write(table);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Down()
    {
        var command = new Command("down", "Ends the lab and everything in it. No lab is no error.");
        command.SetAction(async (_, cancellationToken) =>
        {
            bool was = await VirtualLab.DownAsync(LabFolderOption.Options(), Loggers(), cancellationToken).ConfigureAwait(false);
            if (_console.Json)
            {
                Print(new LabDownDocument(was), LabJson.Default.LabDownDocument);
            }
            else
            {
                _console.Out.WriteLine(was ? "The lab is down." : "No lab was up.");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private Command Status()
    {
        var command = new Command("status", "Shows the lab's hosts and guests. Exits with 1 when no lab is up or a host is down.");
        command.SetAction(async (_, cancellationToken) =>
        {
            VirtualLab? lab = await VirtualLab.FindAsync(LabFolderOption.Options(), _globals.Loggers, cancellationToken).ConfigureAwait(false);
            if (lab is null)
            {
                throw NoLab();
            }

            LabStatus status = await lab.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            if (_console.Json)
            {
                Print(LabStatusDocument.From(status), LabJson.Default.LabStatusDocument);
            }
            else
            {
                ShowStatus(status);
            }

            return status.Hosts.All(host => host.IsAlive) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private Command Guest()
    {
        var name = new Option<string>("--name") { Description = "The domain's name.", DefaultValueFactory = _ => "web1" };
        var host = new Option<string?>("--host") { Description = "The host it starts on; the first by default." };
        var memory = new Option<int>("--memory-mib") { Description = "Memory in MiB.", DefaultValueFactory = _ => 128, CustomParser = Numbers.Within(80, 65536, "--memory-mib wants 80 to 65536.") };
        var vcpus = new Option<int>("--vcpus") { Description = "Virtual CPUs.", DefaultValueFactory = _ => 1, CustomParser = Numbers.Within(1, 64, "--vcpus wants 1 to 64.") };
        var dirty = new Option<double>("--dirty-mib-s") { Description = "Memory to dirty, in MiB per second. A guest that runs already takes the new rate.", CustomParser = Numbers.Within(0.0, 100_000, "--dirty-mib-s wants 0 to 100000.") };
        var shared = new Option<bool>("--shared-memory") { Description = "Memory that other processes can be given, as vhost-user devices need." };
        var command = new Command("guest", "Starts a tiny Linux guest that ticks every 10 ms, or changes how fast a running one dirties memory.")
        {
            name, host, memory, vcpus, dirty, shared,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            VirtualLab lab = await VirtualLab.FindAsync(LabFolderOption.Options(), Loggers(), cancellationToken).ConfigureAwait(false) ?? throw NoLab();
            string wanted = parsed.GetValue(name)!;
            LabGuest? guest = lab.Guests.FirstOrDefault(guest => guest.Name == wanted);
            if ((parsed.GetValue(host) is { } named ? lab.Hosts.FirstOrDefault(h => h.Name == named) : lab.Hosts[0]) is { Machine: not null } inside)
            {
                if (parsed.GetValue(dirty) > 0)
                {
                    throw new CliException(ExitCode.Usage, new("usage", $"{inside.Name} is in an emulated machine: nothing can tell its guests how much memory to dirty.", inside.Name, Remedy: "Leave out --dirty-mib-s, or take a host on this machine."));
                }

                Guid uuid = await lab.StartMachineGuestAsync(
                    new()
                    {
                        Name = wanted,
                        Host = inside.Name,
                        MemoryMiB = parsed.GetValue(memory),
                        Vcpus = parsed.GetValue(vcpus),
                        SharedMemory = parsed.GetValue(shared),
                        Shell = true,
                    },
                    cancellationToken).ConfigureAwait(false);
                if (_console.Json)
                {
                    Print(new LabGuestDocument(wanted, uuid, "started", 0, null), LabJson.Default.LabGuestDocument);
                }
                else
                {
                    _console.Out.WriteLine(CliConsole.Printable($"{wanted}: started on {inside.Name}, with a shell on its second serial port"));
                }

                return ExitCode.Done;
            }

            string did = guest is null ? "started" : "changed";
            if (guest is null)
            {
                guest = await lab.StartGuestAsync(
                    new()
                    {
                        Name = wanted,
                        Host = parsed.GetValue(host),
                        MemoryMiB = parsed.GetValue(memory),
                        Vcpus = parsed.GetValue(vcpus),
                        SharedMemory = parsed.GetValue(shared),
                        DirtyMiBPerSecond = parsed.GetValue(dirty),
                    },
                    cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await lab.SetDirtyRateAsync(wanted, parsed.GetValue(dirty), cancellationToken).ConfigureAwait(false);
            }

            if (_console.Json)
            {
                Print(new LabGuestDocument(guest.Name, guest.Uuid, did, parsed.GetValue(dirty), guest.TickLog), LabJson.Default.LabGuestDocument);
            }
            else
            {
                _console.Out.WriteLine(CliConsole.Printable(string.Create(CultureInfo.InvariantCulture, $"{guest.Name}: {did}, ticks every 10 ms, dirties {parsed.GetValue(dirty)} MiB/s")));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private void ShowStatus(LabStatus status)
    {
        IAnsiConsole tables = _console.Tables();
        var hosts = new Table().Border(TableBorder.Simple).AddColumns("host", "state", "URI");
        foreach (LabHostStatus host in status.Hosts)
        {
            hosts.AddRow(host.Host.Name, Markup.Escape(host.IsAlive ? "up" : $"down: {host.Problem}"), Markup.Escape(host.Host.Uri));
        }

        tables.Write(hosts);
        var guests = new Table().Border(TableBorder.Simple).AddColumns("guest", "where", "UUID");
        foreach (LabGuestStatus guest in status.Guests)
        {
            guests.AddRow(
                Markup.Escape(CliConsole.Printable(guest.Guest.Name)),
                string.Join(", ", guest.Places.Select(place => $"{place.Host}: {place.State}")),
                $"{guest.Guest.Uuid}");
        }

        tables.Write(guests);
    }

    private ILoggerFactory Loggers() => _console.Json || _console.Quiet ? _globals.Loggers : LoggerFactory.Create(builder => builder.AddProvider(new NoteLoggerProvider(_console)));

    private void Print<T>(T document, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => _console.Out.WriteLine(JsonSerializer.Serialize(document, type));

    private static CliException NoLab() => new(ExitCode.Failed, new("no_lab", "No lab is up.", Remedy: "Start one: orchestrator lab up."));
}
