namespace Orchestrator.Lab.Relays;

/// <summary>Which way something passes through a relay.</summary>
public enum RelayDirection
{
    /// <summary>From those who connected to the relay, to what stands behind it.</summary>
    Forth,

    /// <summary>From what stands behind the relay, to those who connected to it.</summary>
    Back,
}
