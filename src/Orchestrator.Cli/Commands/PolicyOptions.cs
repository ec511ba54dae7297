using System.CommandLine;
using Orchestrator.Migration.Policies;

namespace Orchestrator.Cli.Commands;

/// <summary>The options that choose a migration's policy, and those that change it in passing.</summary>
internal sealed class PolicyOptions
{
    private const string Raw = "zlib, zstd (with --parallel), xbzrle or mt";

    private readonly Option<string?> _policy = new("--policy")
    {
        Description = $"What the migration may do to come to its end: {string.Join(", ", MigrationPolicy.BuiltIn.Select(policy => policy.Name))}, or a file. Default: {MigrationPolicy.Adaptive.Name}.",
    };

    private readonly Option<int?> _parallel = new("--parallel") { Description = "So many connections side by side (multifd).", CustomParser = Numbers.OptionalWithin(1, 255, "--parallel wants 1 to 255 connections.") };
    private readonly Option<string[]> _compress = new("--compress") { Description = $"Compress by {Raw}; may be given more than once.", AllowMultipleArgumentsPerToken = false };
    private readonly Option<bool> _tls = new("--tls") { Description = "Encrypt QEMU's own connection; both hosts need certificates." };
    private readonly Option<string?> _tlsDestination = new("--tls-destination") { Description = "The name that the destination's certificate bears." };
    private readonly Option<string?> _copyStorage = new("--copy-storage") { Description = "Copy disks that the destination does not share: all, or incremental above a shared backing file." };
    private readonly Option<string[]> _disks = new("--copy-disk") { Description = "Copy this disk (vda) alone; may be given more than once." };

    internal PolicyOptions()
    {
        _compress.AcceptOnlyFromAmong("zlib", "zstd", "xbzrle", "mt");
        _copyStorage.AcceptOnlyFromAmong("all", "incremental");
    }

    internal void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_policy, _parallel, _compress, _tls, _tlsDestination, _copyStorage, _disks])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The policy that the options come to.</summary>
    /// <exception cref="CliException">There is none of that name, or its file cannot be used.</exception>
    internal MigrationPolicy Resolve(ParseResult parsed)
    {
        MigrationPolicy policy = parsed.GetValue(_policy) is { } name ? Find(name) : MigrationPolicy.Adaptive;
        TransferOptions options = policy.Options;
        CompressionMethods methods = (parsed.GetValue(_compress) ?? []).Aggregate(CompressionMethods.None, (all, method) => all | Enum.Parse<CompressionMethods>(method, ignoreCase: true));
        string[] disks = parsed.GetValue(_disks) ?? [];
        StorageCopyMode? copy = parsed.GetValue(_copyStorage) is { } mode ? Enum.Parse<StorageCopyMode>(mode, ignoreCase: true) : disks.Length > 0 ? StorageCopyMode.All : null;
        return policy with
        {
            Options = options with
            {
                ParallelConnections = parsed.GetValue(_parallel) ?? options.ParallelConnections,
                Compression = methods == CompressionMethods.None ? options.Compression : new(methods),
                Tls = parsed.GetValue(_tls) || options.Tls,
                TlsDestination = parsed.GetValue(_tlsDestination) ?? options.TlsDestination,
                Storage = copy is { } wanted ? new(wanted, disks) : options.Storage,
            },
        };
    }

    /// <summary>A built-in policy, or the one in a file.</summary>
    internal static MigrationPolicy Find(string nameOrFile)
    {
        if (MigrationPolicy.Find(nameOrFile) is { } builtIn)
        {
            return builtIn;
        }

        try
        {
            return PolicyDocument.Parse(File.ReadAllText(nameOrFile), nameOrFile);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCode.Usage, new(
                "usage", $"--policy {nameOrFile}: there is no such policy and no such file.", Remedy: $"There are {string.Join(", ", MigrationPolicy.BuiltIn.Select(policy => policy.Name))}."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(ExitCode.Usage, new("usage", $"--policy {nameOrFile} cannot be read: {e.Message}"));
        }
    }
}
