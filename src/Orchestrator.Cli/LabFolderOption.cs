using Orchestrator.Lab;

namespace Orchestrator.Cli;

/// <summary>Where this user's labs are: ORCHESTRATOR_LAB_FOLDER keeps a test's lab apart from the user's own.</summary>
internal static class LabFolderOption
{
    internal const string Variable = "ORCHESTRATOR_LAB_FOLDER";

    internal static LabOptions Options(int hosts = 2, int machines = 0) =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder
            ? new() { Hosts = hosts, Machines = machines, Folder = Path.GetFullPath(folder) }
            : new() { Hosts = hosts, Machines = machines };
}
