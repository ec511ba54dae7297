using System.Diagnostics;
using Libvirt.Interop;
using Libvirt.Xml;
using Microsoft.Extensions.Logging;
using Orchestrator;
using Orchestrator.Devices;
using Orchestrator.Hosts;
using Orchestrator.Lifecycle;
using Orchestrator.Migration;

namespace Storm;

/// <summary>Makes requests at one guest through the service, and tells what became of each.</summary>
internal sealed class StormActor(Hosts hosts, StormGuest guest, string folder)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GuestMayTake = TimeSpan.FromSeconds(4);

    private readonly DomainClaims _claims = new();

    internal async Task<StormRecord> ActAsync(StormRequest request, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        var entry = new EntryLog();
        StormResult result = StormResult.Done;
        string? message = null;
        int aim = StormJudge.HostOf(guest.Number, hosts.Count);
        try
        {
            // Nobody defines a guest here while he lets it be moved there: no host could know that the two are one.
            using FileStream? ordered = await OrderAsync(request.Operation, cancellationToken);
            aim = await hosts.FindAsync(guest, cancellationToken) is [var place, ..] ? place : aim;
            if (request.Operation == DomainOperation.Migrate)
            {
                (result, message) = await MigrateAsync(hosts[aim], hosts[Next(aim)], entry, cancellationToken);
            }
            else
            {
                await DoAsync(hosts[aim], request, entry, cancellationToken);
            }
        }
        catch (OperationException e)
        {
            result = e.Stage switch
            {
                OperationStage.Refused => StormResult.Refused,
                OperationStage.Failed => StormResult.Failed,
                OperationStage.TimedOut => StormResult.TimedOut,
                OperationStage.Degraded => StormResult.Degraded,
                OperationStage.Unknown => StormResult.Unknown,
                OperationStage.Cancelled => StormResult.Cancelled,
                _ => StormResult.Broken,
            };
            message = e.Message;
        }
        catch (DefinitionException e)
        {
            result = e.Stage switch
            {
                DefinitionStage.Refused => StormResult.Refused,
                DefinitionStage.Undone => StormResult.Failed,
                DefinitionStage.NotUndone => StormResult.Degraded,
                _ => StormResult.Unknown,
            };
            message = e.Message;
        }
        catch (HostDeviceException e)
        {
            result = e.Problem switch
            {
                HostDeviceProblem.TimedOut => StormResult.TimedOut,
                HostDeviceProblem.Degraded => StormResult.Degraded,
                HostDeviceProblem.OutcomeUnknown => StormResult.Unknown,
                HostDeviceProblem.Failed => StormResult.Failed,
                _ => StormResult.Refused,
            };
            message = e.Message;
        }
        catch (DomainNotFoundException e)
        {
            (result, message) = (StormResult.Refused, e.Message);
        }
        catch (HostUnreachableException e)
        {
            (result, message) = (StormResult.Unreachable, e.Message);
        }
        catch (LibvirtException e)
        {
            (result, message) = (StormResult.Failed, $"{e.Code}: {e.Message}");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A defect, and the storm is there to find it: it ends as a problem in the report.
            (result, message) = (StormResult.Broken, $"{e}");
        }

        return new()
        {
            Worker = 0,
            Index = 0,
            Request = request,
            Host = aim,
            To = request.Operation == DomainOperation.Migrate ? Next(aim) : null,
            Started = started,
            Ended = Stopwatch.GetTimestamp(),
            Entered = entry.At,
            Before = entry.Condition,
            Result = result,
            Message = message,
        };
    }

    private Task DoAsync(LibvirtHost host, StormRequest request, EntryLog entry, CancellationToken cancellationToken)
    {
        var lifecycle = new DomainLifecycle(host, _claims, logger: entry);
        string domain = $"{guest.Uuid}";
        var options = new OperationOptions { Wait = Wait };
        DomainModificationImpact impact = (request.Places.HasFlag(StormPlaces.Live) ? DomainModificationImpact.Live : DomainModificationImpact.Current)
            | (request.Places.HasFlag(StormPlaces.Config) ? DomainModificationImpact.Config : DomainModificationImpact.Current);
        return request.Operation switch
        {
            DomainOperation.Define => new DomainDefiner(host, entry, _claims).DefineAsync(DomainDocument.Parse(guest.Definition), cancellationToken: cancellationToken),
            DomainOperation.Attach => new DeviceAttacher(host, _claims, logger: entry).AttachAsync(domain, guest.Device(request.Device), impact, options, cancellationToken),
            DomainOperation.Detach => new DeviceDetacher(host, _claims, logger: entry) { Patience = new() { Deadline = GuestMayTake } }.DetachAsync(domain, DeviceSelector.Of(guest.Device(request.Device)), impact, options, cancellationToken),
            _ => lifecycle.RunAsync(
                request.Operation switch
                {
                    DomainOperation.Undefine => new UndefineRequest(domain) { Options = options },
                    DomainOperation.Start => new StartRequest(domain) { Options = options },
                    DomainOperation.Shutdown => new ShutdownRequest(domain)
                    { Options = options, Deadline = GuestMayTake, AskAgain = GuestMayTake / 2, Then = request.ThenDestroy ? ShutdownFallback.Destroy : ShutdownFallback.Fail },
                    DomainOperation.Reboot => new RebootRequest(domain) { Options = options, Deadline = GuestMayTake },
                    DomainOperation.Reset => new ResetRequest(domain) { Options = options },
                    DomainOperation.Destroy => new DestroyRequest(domain) { Options = options },
                    DomainOperation.Suspend => new SuspendRequest(domain) { Options = options },
                    DomainOperation.Resume => new ResumeRequest(domain) { Options = options },
                    _ => throw new UnreachableException($"{request.Operation}"),
                },
                cancellationToken),
        };
    }

    private int Next(int host) => (host + 1) % hosts.Count;

    private async Task<(StormResult Result, string? Message)> MigrateAsync(LibvirtHost source, LibvirtHost destination, EntryLog entry, CancellationToken cancellationToken)
    {
        MigrationResult result = await new Migrator(source, destination, hosts.Clock, logger: entry, claims: _claims)
            .MigrateAsync(new MigrationRequest { Domain = $"{guest.Uuid}", Options = new() { Wait = Wait } }, cancellationToken: cancellationToken);
        return (result.Verdict.Outcome switch
        {
            MigrationOutcome.Completed => StormResult.Done,
            MigrationOutcome.Cancelled => StormResult.Cancelled,
            MigrationOutcome.Refused => StormResult.Refused,
            MigrationOutcome.Unreachable => StormResult.Unreachable,
            MigrationOutcome.TimedOut => StormResult.TimedOut,
            MigrationOutcome.Degraded => StormResult.Degraded,
            MigrationOutcome.NeedsPerson => StormResult.Unknown,
            _ => StormResult.Failed,
        }, result.Verdict.Message);
    }

    /// <summary>Migrations of a guest may meet each other, and a definition meets neither them nor another definition: in all processes.</summary>
    private async Task<FileStream?> OrderAsync(DomainOperation operation, CancellationToken cancellationToken)
    {
        if (operation is not (DomainOperation.Define or DomainOperation.Migrate))
        {
            return null;
        }

        string file = Path.Combine(folder, $"{guest.Name}.order");
        while (true)
        {
            try
            {
                return operation == DomainOperation.Define
                    ? new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)
                    : new(file, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read);
            }
            catch (IOException)
            {
                await Task.Delay(20, cancellationToken); // another has it
            }
        }
    }

    /// <summary>Notes when an operation had its domain to itself, and what the domain was doing: the service says so in its log.</summary>
    private sealed class EntryLog : ILogger
    {
        internal long? At { get; private set; }

        internal DomainCondition? Condition { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == OperationGate.EnteredEventId && state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                At = Stopwatch.GetTimestamp();
                Condition = (DomainCondition)values.First(value => value.Key == "Condition").Value!;
            }
        }
    }
}
