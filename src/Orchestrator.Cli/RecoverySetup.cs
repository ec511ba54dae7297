using System.CommandLine;
using Microsoft.Extensions.Logging;
using Orchestrator.Hosts;
using Orchestrator.Recovery;

namespace Orchestrator.Cli;

/// <summary>What a command needs to settle operations whose processes are gone.</summary>
internal sealed class RecoverySetup : IDisposable
{
    private RecoverySetup(Journal? journal, Recoverer recoverer, HostConnector connect)
    {
        Journal = journal;
        Recoverer = recoverer;
        Connect = connect;
    }

    /// <summary>The journal, if there is one.</summary>
    internal Journal? Journal { get; }

    internal Recoverer Recoverer { get; }

    /// <summary>Connects to a host by what is kept of it.</summary>
    internal HostConnector Connect { get; }

    /// <summary>For a command that changes a domain: without its journal it goes by what the domain itself tells.</summary>
    internal static RecoverySetup ForChange(GlobalOptions globals, ParseResult parsed, CliConsole console)
    {
        try
        {
            return Open(globals, parsed);
        }
        catch (JournalException e)
        {
            console.Note($"warning: {e.Message}. {e.Remedy}");
            return Create(globals, null);
        }
    }

    /// <summary>For a command that is about the journal.</summary>
    /// <exception cref="JournalException">It cannot be used.</exception>
    internal static RecoverySetup Open(GlobalOptions globals, ParseResult parsed) => Create(globals, Journal.OpenExisting(globals.StateFolder(parsed)));

    public void Dispose() => Journal?.Dispose();

    private static RecoverySetup Create(GlobalOptions globals, Journal? journal)
    {
        ILogger logger = globals.Loggers.CreateLogger("recovery");
        var clock = new ObserverClock(TimeProvider.System);
        HostResolver hosts = HostResolver.ForUser();
        return new(journal, new Recoverer(ConnectAsync, clock, journal, logger: logger), ConnectAsync);

        async Task<IHost> ConnectAsync(HostAddress found, CancellationToken cancellationToken) =>
            await hosts.ConnectAsync(await AddressAsync(found, cancellationToken).ConfigureAwait(false), clock, logger, cancellationToken).ConfigureAwait(false);

        // The name first: what is kept of the URI has no password. A name that nothing here knows is reached by the URI.
        async Task<HostAddress> AddressAsync(HostAddress found, CancellationToken cancellationToken)
        {
            try
            {
                return await hosts.ResolveAsync(found.Name, cancellationToken).ConfigureAwait(false) is var address && address.Uri != found.Name ? address : found;
            }
            catch (CliException)
            {
                return found; // a lab's host, of a lab that is not this user's
            }
        }
    }
}
