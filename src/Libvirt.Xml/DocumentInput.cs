using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Libvirt.Xml;

/// <summary>Reads documents that may come from anywhere, within libvirt's own limits and before anything recursive touches them.</summary>
internal static class DocumentInput
{
    /// <summary>libvirt's REMOTE_STRING_MAX: a longer document can't be handed to a host.</summary>
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>libxml2's xmlParserMaxDepth: libvirt can't read a deeper document.</summary>
    private const int MaxDepth = 256;

    internal static XDocument Read(string xml)
    {
        if (xml.Length > MaxBytes || Encoding.UTF8.GetByteCount(xml) > MaxBytes)
        {
            throw TooLong();
        }

        return Read(settings => XmlReader.Create(new StringReader(xml), settings));
    }

    internal static XDocument Read(Stream stream)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            if (bytes.Length + count > MaxBytes)
            {
                throw TooLong();
            }

            bytes.Write(buffer, 0, count);
        }

        return Read(settings =>
        {
            bytes.Position = 0;
            return XmlReader.Create(bytes, settings);
        });
    }

    private static XDocument Read(Func<XmlReaderSettings, XmlReader> open)
    {
        CheckDepth(open);
        using XmlReader reader = open(Settings(DtdProcessing.Prohibit));
        return XDocument.Load(reader, LoadOptions.PreserveWhitespace | LoadOptions.SetLineInfo);
    }

    private static void CheckDepth(Func<XmlReaderSettings, XmlReader> open)
    {
        var reachedRoot = false;
        try
        {
            using XmlReader reader = open(Settings(DtdProcessing.Prohibit));
            while (reader.Read())
            {
                reachedRoot |= reader.NodeType == XmlNodeType.Element;
                if (reader.NodeType == XmlNodeType.Element && reader.Depth >= MaxDepth && reader is IXmlLineInfo at)
                {
                    throw new DomainDocumentException(
                        $"elements are nested more than {MaxDepth} deep (line {at.LineNumber}, column {at.LinePosition}); libvirt refuses that too", null, at.LineNumber, at.LinePosition);
                }
            }
        }
        catch (XmlException e)
        {
            string problem = !reachedRoot && ReachesRoot(open)
                ? $"document type definitions are not allowed{Place(e)}"
                : e.Message;
            throw new DomainDocumentException($"not a readable XML document: {problem}", e, e.LineNumber, e.LinePosition);
        }
    }

    /// <summary>Whether the root is reached once a document type definition is skipped unread: then that was what the strict reader refused.</summary>
    private static bool ReachesRoot(Func<XmlReaderSettings, XmlReader> open)
    {
        try
        {
            using XmlReader reader = open(Settings(DtdProcessing.Ignore));
            return reader.MoveToContent() == XmlNodeType.Element;
        }
        catch (XmlException)
        {
            return false;
        }
    }

    private static string Place(XmlException e) => e.LineNumber > 0 ? string.Create(CultureInfo.InvariantCulture, $" (line {e.LineNumber}, column {e.LinePosition})") : "";

    private static XmlReaderSettings Settings(DtdProcessing dtd) => new() { DtdProcessing = dtd, XmlResolver = null };

    private static DomainDocumentException TooLong() => new($"the document is longer than {MaxBytes / 1024 / 1024} MiB, the most that libvirt takes");
}
