namespace Libvirt.Xml;

/// <summary>A text is not a domain document.</summary>
public sealed class DomainDocumentException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong with the text.</param>
    /// <param name="inner">The reader's own exception.</param>
    public DomainDocumentException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
