using Libvirt.Xml;

namespace Orchestrator.Cli;

/// <summary>Reads the documents that a user names on the command line.</summary>
internal static class DocumentFile
{
    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    internal static T Read<T>(string path, string operation, Func<Stream, T> load)
    {
        try
        {
            using Stream input = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            return load(input);
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
