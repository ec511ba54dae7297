using Orchestrator.Cli;

using var signals = new TerminationSignals();
using var console = CliConsole.ForProcess();
return await CommandLine.RunAsync(args, console, signals.Token).ConfigureAwait(false);
