using Orchestrator.Hosts;

namespace Orchestrator.Recovery;

/// <summary>Undoes an effect of an operation, or does what is left of it once the guest has moved, if it came about at all: the process that wrote it down may have died before it made it. Doing it twice does no harm.</summary>
/// <param name="step">The effect.</param>
/// <param name="source">The operation's source.</param>
/// <param name="destination">The operation's destination.</param>
/// <returns>What is wrong although it was done, such as a device that is attached and dead; <see langword="null"/> when nothing is.</returns>
public delegate Task<string?> StepUndoer(JournalStep step, IHost source, IHost destination);
