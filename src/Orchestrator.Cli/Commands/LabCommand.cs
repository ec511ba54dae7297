using System.CommandLine;
namespace Orchestrator.Cli.Commands;
internal static class LabCommand { internal static Command Create(GlobalOptions g, CliConsole c) => new("lab", "x"); }
