using Libvirt.Xml;

namespace Orchestrator.Cli;

/// <summary>Reads the documents that a user names on the command line.</summary>
internal static class DocumentFile
{
    private const int MoreThanEnough = (4 * 1024 * 1024) + 1; // the library refuses it, and says why

    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    internal static async Task<T> ReadAsync<T>(string path, string operation, Func<Stream, T> load, CancellationToken cancellationToken)
    {
        if (path.Length == 0)
        {
            throw new CliException(ExitCode.Usage, new("usage", "FILE is empty: name a file, or - for standard input.", Operation: operation));
        }

        try
        {
            await using Stream input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            using var bytes = new MemoryStream();
            var buffer = new byte[64 * 1024];

            // A read of a pipe that nobody writes to cannot be cancelled: we stop waiting for it instead.
            while (bytes.Length < MoreThanEnough && await input.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false) is > 0 and var count)
            {
                bytes.Write(buffer, 0, count);
            }

            bytes.Position = 0;
            return load(bytes);
        }
        catch (DomainDocumentException e)
        {
            throw new CliException(ExitCode.Failed, new("bad_document", $"{path}: {e.Message}", Operation: operation)
            {
                Problems = [new(e.Path, e.Message, Place(e.Line), Place(e.Column), [])],
            });
        }
    }

    private static int? Place(int number) => number > 0 ? number : null;
}
