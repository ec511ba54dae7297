using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orchestrator.Lab;

/// <summary>What the lab says while it works.</summary>
internal static partial class Log
{
    public static ILogger For(ILoggerFactory? factory) => factory?.CreateLogger("Orchestrator.Lab") ?? NullLogger.Instance;

    [LoggerMessage(1, LogLevel.Information, "Fetching the guest's kernel ({Package})")]
    public static partial void FetchingKernel(ILogger logger, string package);

    [LoggerMessage(2, LogLevel.Information, "Compiling {Name}")]
    public static partial void Compiling(ILogger logger, string name);

    [LoggerMessage(3, LogLevel.Information, "Lab {Folder} is up: {Hosts}")]
    public static partial void Up(ILogger logger, string folder, string hosts);

    [LoggerMessage(4, LogLevel.Information, "Lab {Folder} is down")]
    public static partial void Down(ILogger logger, string folder);

    [LoggerMessage(5, LogLevel.Information, "Removing lab {Folder}, whose owner is gone")]
    public static partial void RemovingLeftover(ILogger logger, string folder);

    [LoggerMessage(6, LogLevel.Warning, "Lab {Folder} has a record that cannot be understood, and something lives in it: it is left alone")]
    public static partial void LeavingUnknown(ILogger logger, string folder);

    [LoggerMessage(7, LogLevel.Information, "Guest {Guest} ticks on {Host}")]
    public static partial void GuestTicks(ILogger logger, string guest, string host);

    [LoggerMessage(8, LogLevel.Warning, "Process {Pid} ({Name}) of lab {Folder} could not be ended")]
    public static partial void StillAlive(ILogger logger, int pid, string name, string folder);

    [LoggerMessage(9, LogLevel.Debug, "Host {Host} could not be asked for its capabilities: {Problem}")]
    public static partial void NotWarmed(ILogger logger, string host, string problem);

    [LoggerMessage(10, LogLevel.Warning, "Guest {Guest} could not be removed from {Host}: {Problem}")]
    public static partial void NotRemoved(ILogger logger, string guest, string host, string problem);

    [LoggerMessage(11, LogLevel.Information, "Making the emulated machine's image of Debian {Suite}: some minutes, once")]
    public static partial void BuildingMachine(ILogger logger, string suite);

    [LoggerMessage(12, LogLevel.Information, "Machine image: {Step}")]
    public static partial void BuildStep(ILogger logger, string step);

    [LoggerMessage(13, LogLevel.Information, "Starting emulated machine {Number}: about half a minute")]
    public static partial void StartingMachine(ILogger logger, int number);
}
