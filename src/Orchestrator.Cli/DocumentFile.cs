using Libvirt.Xml;

namespace Orchestrator.Cli;

/// <summary>Reads the documents that a user names on the command line.</summary>
internal static class DocumentFile
{
    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    internal static async Task<T> ReadAsync<T>(string path, string operation, Func<Stream, T> load, CancellationToken cancellationToken)
    {
        if (path.Length == 0)
        {
            throw new CliException(ExitCode.Usage, new("usage", "FILE is empty: name a file, or - for standard input.", Operation: operation));
        }

        try
        {
            // Opening and reading a pipe blocks until somebody writes to it, and cannot be cancelled: we stop waiting for it instead.
            return await Task.Factory.StartNew(() => Read(path, load), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCode.Failed, new("no_file", $"{path} is not there.", Operation: operation));
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            throw new CliException(ExitCode.Failed, new("no_file", $"{path} is a folder; name a file in it.", Operation: operation));
        }
        catch (DomainDocumentException e)
        {
            throw new CliException(ExitCode.Failed, new("bad_document", $"{path}: {e.Message}", Operation: operation)
            {
                Problems = [new(e.Path, e.Message, Place(e.Line), Place(e.Column), [])],
            });
        }
    }

    private static T Read<T>(string path, Func<Stream, T> load)
    {
        using Stream input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
        return load(input);
    }

    private static int? Place(int number) => number > 0 ? number : null;
}
