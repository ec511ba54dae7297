namespace Orchestrator.Lifecycle;

/// <summary>What can be done to a domain by one writer at a time.</summary>
public enum DomainOperation
{
    /// <summary>Define it, or change its definition.</summary>
    Define,

    /// <summary>Remove its definition.</summary>
    Undefine,

    /// <summary>Start it.</summary>
    Start,

    /// <summary>Ask its guest to shut down.</summary>
    Shutdown,

    /// <summary>Ask its guest to reboot.</summary>
    Reboot,

    /// <summary>Press its reset button.</summary>
    Reset,

    /// <summary>Pull its plug.</summary>
    Destroy,

    /// <summary>Stop its vCPUs.</summary>
    Suspend,

    /// <summary>Let its vCPUs run again.</summary>
    Resume,

    /// <summary>Attach a device.</summary>
    Attach,

    /// <summary>Detach a device.</summary>
    Detach,

    /// <summary>Migrate it to another host.</summary>
    Migrate,
}
